//! Limits on guessing, and a class of three hundred that they leave alone.

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::support::{Answer, Appliance, PASSWORD};

pub async fn try_login(app: &Appliance, identifier: &str, password: &str) -> Answer {
    let body = json!({ "identifier": identifier, "password": password });
    app.post("/auth/login", None, body).await
}

/// Fails until it is refused for failing too often, at most `most` times; gives that refusal.
pub async fn guess_until_refused(app: &Appliance, identifier: &str, most: usize) -> Answer {
    for _ in 0..most {
        let answer = try_login(app, identifier, "a wrong password").await;
        if answer.status == 429 {
            return answer;
        }
        answer.expect_problem(401, "INVALID_CREDENTIALS");
    }
    panic!("{most} wrong passwords were all looked at");
}

fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn guessing_at_one_account_is_stopped_and_told_when_to_come_back() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "3")]).await;
    app.person("ada").await;
    app.person("bob").await;
    let refused = guess_until_refused(&app, "ada", 5).await;
    refused.expect_problem(429, "TOO_MANY_ATTEMPTS");
    assert_eq!(retry_after(&refused), 10);
    let right = try_login(&app, "ADA", PASSWORD).await;
    right.expect_problem(429, "TOO_MANY_ATTEMPTS");
    app.login("bob").await;
}

#[tokio::test]
async fn whoever_goes_on_guessing_waits_twice_as_long_each_time() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "3")]).await;
    app.person("ada").await;
    for _ in 0..3 {
        let wrong = try_login(&app, "ada", "a wrong password").await;
        wrong.expect_problem(401, "INVALID_CREDENTIALS");
    }
    for wait in [10, 20, 40, 80, 160, 320, 640, 900, 900] {
        let refused = try_login(&app, "ada", PASSWORD).await;
        refused.expect_problem(429, "TOO_MANY_ATTEMPTS");
        assert_eq!(retry_after(&refused), wait);
        app.advance(i64::try_from(wait).unwrap());
        let wrong = try_login(&app, "ada@example.org", "a wrong password").await;
        wrong.expect_problem(401, "INVALID_CREDENTIALS");
    }
    app.advance(900);
    app.login("ada").await;
    try_login(&app, "ada", "a wrong password").await.expect(401);
    app.login("ada").await;
}

#[tokio::test]
async fn guessing_at_names_that_nobody_has_is_stopped_alike() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "3")]).await;
    let refused = guess_until_refused(&app, "nobody@example.org", 5).await;
    refused.expect_problem(429, "TOO_MANY_ATTEMPTS");
}

/// Another browser at the same address, with a connection of its own.
fn another_browser(app: &Appliance) -> reqwest::Client {
    crate::support::client_speaking(app.data.path(), app.address, &[b"http/1.1"])
}

#[tokio::test]
async fn guessing_at_many_accounts_from_one_network_is_slowed_and_whoever_is_right_gets_in() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_network", "3")]).await;
    app.person("ada").await;
    for number in 0..3 {
        let wrong = try_login(&app, &format!("person{number}"), "a wrong password").await;
        wrong.expect_problem(401, "INVALID_CREDENTIALS");
    }
    let start = std::time::Instant::now();
    let wrong = try_login(&app, "person3", "a wrong password").await;
    wrong.expect_problem(401, "INVALID_CREDENTIALS");
    assert!(start.elapsed() >= std::time::Duration::from_secs(1), "{:?}", start.elapsed());

    // Somebody else there, while the next guess waits to be told that it was wrong.
    let honest = async {
        let body = json!({ "identifier": "ada", "password": PASSWORD });
        let request = another_browser(&app).post(app.url("/api/v1/auth/login")).json(&body);
        app.send(request).await.expect(200);
    };
    let (wrong, ()) = tokio::join!(try_login(&app, "person4", "a wrong password"), honest);
    wrong.expect_problem(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn guesses_over_one_connection_are_answered_one_after_the_other() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_network", "1")]).await;
    try_login(&app, "person", "a wrong password").await.expect(401);
    let start = std::time::Instant::now();
    let (one, two) = tokio::join!(
        try_login(&app, "person1", "a wrong password"),
        try_login(&app, "person2", "a wrong password"),
    );
    one.expect(401);
    two.expect(401);
    let took = start.elapsed();
    assert!(took >= std::time::Duration::from_secs(3), "a second and then two: {took:?}");
}

#[tokio::test]
async fn a_success_never_counts() {
    let settings = [
        ("rate_limit.login_failures_per_account", "2"),
        ("rate_limit.login_failures_per_network", "2"),
        ("rate_limit.anonymous_failures_per_minute", "2"),
    ];
    let app = Appliance::start_with(&settings).await;
    app.person("ada").await;
    for _ in 0..10 {
        app.login("ada").await;
    }
    for _ in 0..10 {
        app.get("/instance", None).await.expect(200);
    }
    try_login(&app, "ada", "a wrong password").await.expect_problem(401, "INVALID_CREDENTIALS");
    app.login("ada").await;
}

/// Tries a code of no event, as a stranger.
async fn wrong_code(app: &Appliance) -> Answer {
    app.post("/scans/holds", None, json!({ "code": "nothing" })).await
}

#[tokio::test]
async fn a_stranger_who_guesses_too_often_is_told_nothing_more_and_others_there_go_on() {
    let app = Appliance::start_with(&[("rate_limit.anonymous_failures_per_minute", "3")]).await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let event = app.event(&admin, "Corso", "static").await;
    let code = app.code(&admin, &event).await["code"].clone();
    for _ in 0..3 {
        wrong_code(&app).await.expect_problem(404, "CODE_INVALID");
    }
    let refused = wrong_code(&app).await;
    refused.expect_problem(429, "RATE_LIMITED");
    assert_eq!(retry_after(&refused), 20);
    app.post("/scans/holds", None, json!({ "code": code })).await.expect(201);
    app.get("/instance", None).await.expect(200);
    app.get("/me", Some(&ada)).await.expect(200);
    let refreshed = json!({ "refresh_token": ada.refresh_token });
    app.post("/auth/refresh", None, refreshed).await.expect(200);
    app.login("ada").await;
    app.person("bob").await;
    // What is guessed at is counted by kind.
    try_login(&app, "ada", "a wrong password").await.expect_problem(401, "INVALID_CREDENTIALS");
    // A token that has run out, or whose session is over, makes nobody more than a stranger.
    app.post("/auth/logout", Some(&ada), json!({})).await.expect(204);
    let with_it = app.post("/scans/holds", Some(&ada), json!({ "code": "nothing" })).await;
    with_it.expect_problem(429, "RATE_LIMITED");
}

#[tokio::test]
async fn made_up_tokens_lock_no_genuine_one_out() {
    let app = Appliance::start_with(&[("rate_limit.anonymous_failures_per_minute", "2")]).await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let refresh =
        |token: String| app.post("/auth/refresh", None, json!({ "refresh_token": token }));
    for _ in 0..2 {
        refresh("A".repeat(109)).await.expect_problem(401, "REFRESH_INVALID");
    }
    refresh("A".repeat(109)).await.expect_problem(429, "RATE_LIMITED");
    refresh(ada.refresh_token.clone()).await.expect(200);
    // One of a session that has ended is told so: it was ours.
    app.post("/auth/logout", Some(&bob), json!({})).await.expect(204);
    refresh(bob.refresh_token.clone()).await.expect_problem(401, "REFRESH_INVALID");
    // A page that has no cookie asks without one.
    app.post("/auth/refresh", None, json!({})).await.expect_problem(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn what_guesses_at_no_secret_locks_nobody_out() {
    let app = Appliance::start_with(&[("rate_limit.anonymous_failures_per_minute", "2")]).await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let code = app.code(&admin, &event).await["code"].clone();
    app.advance(60);
    for _ in 0..10 {
        app.post("/scans/holds", None, json!({ "code": code }))
            .await
            .expect_problem(410, "CODE_EXPIRED");
        app.page("/nowhere").await.expect_problem(404, "NOT_FOUND");
        app.get("/nothing-here", None).await.expect_problem(404, "NOT_FOUND");
        app.post("/instance", None, json!({})).await.expect_problem(405, "METHOD_NOT_ALLOWED");
        app.get("/me", None).await.expect_problem(401, "TOKEN_MISSING");
        app.post("/auth/login", None, json!([])).await.expect_problem(422, "VALIDATION_FAILED");
    }
    wrong_code(&app).await.expect_problem(404, "CODE_INVALID");
    assert_eq!(app.page("/app/sign-in").await.status, 200);
}

#[tokio::test]
async fn somebody_who_is_signed_in_has_a_share_of_their_own() {
    let app = Appliance::start_with(&[("rate_limit.signed_in_per_minute", "5")]).await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    for _ in 0..5 {
        app.get("/me", Some(&ada)).await.expect(200);
    }
    let refused = app.get("/me", Some(&ada)).await;
    refused.expect_problem(429, "RATE_LIMITED");
    assert!((1..=13).contains(&retry_after(&refused)));
    app.get("/me", Some(&bob)).await.expect(200);
    app.login("ada").await;
}

/// The two headers of an answer: what there is, and what is left of it.
fn limits(answer: &Answer) -> (&str, &str) {
    (answer.header("ratelimit-policy"), answer.header("ratelimit"))
}

#[tokio::test]
async fn answers_say_how_much_is_left_of_which_limit() {
    let settings = [
        ("rate_limit.signed_in_per_minute", "60"),
        ("rate_limit.anonymous_failures_per_minute", "30"),
    ];
    let app = Appliance::start_with(&settings).await;
    let ada = app.person("ada").await;
    let first = app.get("/me", Some(&ada)).await;
    assert_eq!(limits(&first), ("\"signed-in\";q=60;w=60", "\"signed-in\";r=59;t=1"));
    let untouched = app.get("/instance", None).await;
    assert_eq!(limits(&untouched), ("\"anonymous\";q=30;w=60", "\"anonymous\";r=30;t=0"));
    let refused = wrong_code(&app).await;
    assert_eq!(limits(&refused), ("\"anonymous\";q=30;w=60", "\"anonymous\";r=29;t=2"));
    for page in ["/", "/livez"] {
        assert_eq!(limits(&app.page(page).await), ("", ""), "{page} counts for nothing");
    }
}

#[tokio::test]
async fn a_refusal_names_the_limit_and_the_same_moment_as_retry_after() {
    let settings = [
        ("rate_limit.login_failures_per_account", "1"),
        ("rate_limit.registrations_per_network_per_hour", "2"),
        ("rate_limit.refused_registrations_per_network_per_hour", "1"),
    ];
    let app = Appliance::start_with(&settings).await;
    app.person("ada").await;
    let body =
        |email: &str| json!({ "email": email, "password": PASSWORD, "name": "B", "surname": "B" });
    let taken = body("ada@example.org");
    app.post("/auth/register", None, taken.clone()).await.expect_problem(409, "USER_EXISTS");
    let refused = app.post("/auth/register", None, taken).await;
    refused.expect_problem(429, "TOO_MANY_REGISTRATIONS");
    app.post("/auth/register", None, body("b@example.org")).await.expect(201);
    let registration = app.post("/auth/register", None, body("c@example.org")).await;
    registration.expect_problem(429, "TOO_MANY_REGISTRATIONS");
    try_login(&app, "ada", "a wrong password").await.expect(401);
    let account = try_login(&app, "ada", PASSWORD).await;
    account.expect_problem(429, "TOO_MANY_ATTEMPTS");
    let refusals = [
        (refused, "\"refused-registration\";q=1;w=3600", "refused-registration"),
        (registration, "\"registration\";q=2;w=3600", "registration"),
        (account, "\"login-account\";q=1;w=3600", "login-account"),
    ];
    for (refusal, policy, name) in refusals {
        let seconds = retry_after(&refusal);
        assert_eq!(limits(&refusal), (policy, &*format!("\"{name}\";r=0;t={seconds}")));
    }
}

#[tokio::test]
async fn machines_that_hand_in_and_whole_files_have_limits_of_their_own() {
    let settings = [
        ("rate_limit.signed_in_per_minute", "40"),
        ("rate_limit.ingest_per_minute", "3"),
        ("rate_limit.export_per_minute", "2"),
    ];
    let app = Appliance::start_with(&settings).await;
    let admin = app.admin().await;
    let posted = json!({
        "social": "mastodon", "timestamp": "2026-11-23T07:00:00Z", "content": "x", "status": "ok",
    });
    for _ in 0..3 {
        let answer = app.post("/social/logs", Some(&admin), posted.clone()).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    }
    let refused = app.post("/social/logs", Some(&admin), posted).await;
    refused.expect_problem(429, "RATE_LIMITED");
    assert_eq!(limits(&refused).0, "\"ingest\";q=3;w=60");
    for _ in 0..2 {
        app.get("/audit/verification", Some(&admin)).await.expect(200);
    }
    for path in ["/audit/verification", "/backups/none"] {
        let refused = app.get(path, Some(&admin)).await;
        refused.expect_problem(429, "RATE_LIMITED");
        assert_eq!(limits(&refused).0, "\"export\";q=2;w=60");
    }
    let other = app.get("/social/logs", Some(&admin)).await;
    other.expect(200);
    assert_eq!(limits(&other).0, "\"signed-in\";q=40;w=60");
}

#[tokio::test]
async fn limits_that_are_off_stop_nobody() {
    let settings =
        [("rate_limit.enabled", "false"), ("rate_limit.login_failures_per_account", "1")];
    let app = Appliance::start_with(&settings).await;
    for _ in 0..5 {
        let answer = try_login(&app, "nobody", "a wrong password").await;
        answer.expect(401);
        assert_eq!(limits(&answer), ("", ""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_of_three_hundred_behind_one_address_registers_logs_in_and_scans() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Assemblea", "static").await;
    let shown = app.code(&admin, &event).await;
    let code = shown["code"].as_str().unwrap();
    let class = stream::iter(0..300).map(|number| {
        let app = &app;
        async move {
            let person = app.person(&format!("student{number}")).await;
            app.scan(&person, code, "nonce-0001").await.expect(201);
        }
    });
    class.buffer_unordered(24).collect::<Vec<()>>().await;
    let statistics = app.get(&format!("/events/{event}/statistics"), Some(&admin)).await;
    assert_eq!(statistics.expect(200)["present"], 300);
}
