//! Limits on guessing, and a class of three hundred that they leave alone.

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::support::{Answer, Appliance, PASSWORD};

async fn try_login(app: &Appliance, identifier: &str, password: &str) -> Answer {
    let body = json!({ "identifier": identifier, "password": password });
    app.post("/auth/login", None, body).await
}

/// Fails until it is refused for failing too often, at most `most` times; gives that refusal.
async fn guess_until_refused(app: &Appliance, identifier: &str, most: usize) -> Answer {
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

/// Logs in from a browser that keeps these cookies.
async fn from_browser(app: &Appliance, cookies: &str, password: &str) -> Answer {
    let body = json!({ "identifier": "ada", "password": password, "use_cookie": true });
    let request = app.client.post(app.url("/api/v1/auth/login")).json(&body);
    app.send(request.header("cookie", cookies)).await
}

/// The cookie by which a browser is known from its last login.
fn device_cookie(answer: &Answer) -> String {
    let mut cookies = answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap());
    let cookie = cookies.find(|cookie| cookie.starts_with("__Host-device=")).unwrap();
    assert!(cookie.contains("; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_stranger_who_guesses_locks_nobody_out_of_a_browser_that_is_known() {
    let settings = [
        ("rate_limit.login_failures_per_account", "2"),
        ("rate_limit.login_failures_per_network", "2"),
    ];
    let app = Appliance::start_with(&settings).await;
    let ada = app.person("ada").await;
    app.person("bob").await;
    let known = device_cookie(&from_browser(&app, "", PASSWORD).await);
    guess_until_refused(&app, "ada", 3).await;
    app.get("/me", Some(&ada)).await.expect(200);
    app.post("/auth/refresh", None, json!({ "refresh_token": ada.refresh_token }))
        .await
        .expect(200);
    let again = from_browser(&app, &known, PASSWORD).await;
    again.expect(200);
    assert_eq!(device_cookie(&again), known);
    try_login(&app, "ada", PASSWORD).await.expect_problem(429, "TOO_MANY_ATTEMPTS");

    // Whoever steals the cookie has no more tries than anybody, and it helps with no other account.
    for _ in 0..2 {
        from_browser(&app, &known, "a wrong password").await.expect(401);
    }
    from_browser(&app, &known, PASSWORD).await.expect_problem(429, "TOO_MANY_ATTEMPTS");
    let body = json!({ "identifier": "bob", "password": PASSWORD });
    let request = app.client.post(app.url("/api/v1/auth/login")).json(&body);
    let other = app.send(request.header("cookie", &known)).await;
    other.expect_problem(429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn guessing_at_names_that_nobody_has_is_stopped_alike() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "3")]).await;
    let refused = guess_until_refused(&app, "nobody@example.org", 5).await;
    refused.expect_problem(429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn guessing_at_many_accounts_from_one_network_is_stopped() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_network", "5")]).await;
    app.person("ada").await;
    let mut answers = Vec::new();
    for number in 0..8 {
        answers.push(try_login(&app, &format!("person{number}"), "a wrong password").await);
    }
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!(refused.len(), 3, "five were looked at");
    refused[0].expect_problem(429, "TOO_MANY_ATTEMPTS");
    assert_eq!(retry_after(refused[0]), 10);
    try_login(&app, "ada", PASSWORD).await.expect_problem(429, "TOO_MANY_ATTEMPTS");
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

#[tokio::test]
async fn a_stranger_who_is_refused_too_often_is_told_to_wait() {
    let app = Appliance::start_with(&[("rate_limit.anonymous_failures_per_minute", "3")]).await;
    let ada = app.person("ada").await;
    for _ in 0..3 {
        app.get("/me", None).await.expect_problem(401, "TOKEN_MISSING");
    }
    let refused = app.get("/me", None).await;
    refused.expect_problem(429, "RATE_LIMITED");
    assert!((1..=21).contains(&retry_after(&refused)));
    app.get("/instance", None).await.expect_problem(429, "RATE_LIMITED");
    app.get("/me", Some(&ada)).await.expect(200);
}

#[tokio::test]
async fn pages_and_codes_that_have_run_out_lock_nobody_out() {
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
    }
    app.get("/instance", None).await.expect(200);
    for _ in 0..2 {
        app.get("/me", None).await.expect_problem(401, "TOKEN_MISSING");
    }
    app.get("/instance", None).await.expect_problem(429, "RATE_LIMITED");
    assert_eq!(app.page("/app/sign-in").await.status, 200, "the page is there all the same");
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
    let refused = app.get("/me", None).await;
    assert_eq!(limits(&refused), ("\"anonymous\";q=30;w=60", "\"anonymous\";r=29;t=2"));
    for page in ["/", "/livez"] {
        assert_eq!(limits(&app.page(page).await), ("", ""), "{page} counts for nothing");
    }
}

#[tokio::test]
async fn a_refusal_names_the_limit_and_the_same_moment_as_retry_after() {
    let settings = [
        ("rate_limit.login_failures_per_account", "1"),
        ("rate_limit.login_failures_per_network", "2"),
        ("rate_limit.registrations_per_network_per_hour", "1"),
    ];
    let app = Appliance::start_with(&settings).await;
    app.person("ada").await;
    let body =
        json!({ "email": "b@example.org", "password": PASSWORD, "name": "B", "surname": "B" });
    let registration = app.post("/auth/register", None, body).await;
    registration.expect_problem(429, "TOO_MANY_REGISTRATIONS");
    try_login(&app, "ada", "a wrong password").await.expect(401);
    let account = try_login(&app, "ada", PASSWORD).await;
    account.expect_problem(429, "TOO_MANY_ATTEMPTS");
    try_login(&app, "bob", "a wrong password").await.expect(401);
    let network = try_login(&app, "carla", "a wrong password").await;
    network.expect_problem(429, "TOO_MANY_ATTEMPTS");
    let refusals = [
        (registration, "\"registration\";q=1;w=3600", "registration"),
        (account, "\"login-account\";q=1;w=3600", "login-account"),
        (network, "\"login-network\";q=2;w=600", "login-network"),
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
