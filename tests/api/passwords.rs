//! What may be a password, and changing one's own.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, PASSWORD, Person};

/// Another good one.
pub const ANOTHER: &str = "giraffa sul termosifone";

pub async fn change(app: &Appliance, person: &Person, current: &str, new: &str) -> Answer {
    app.post("/auth/password", Some(person), json!({ "current": current, "new": new })).await
}

pub async fn try_login(app: &Appliance, identifier: &str, password: &str) -> Answer {
    let body = json!({ "identifier": identifier, "password": password });
    app.post("/auth/login", None, body).await
}

/// What is said about a single field at fault.
#[track_caller]
pub fn fault<'a>(problem: &'a Value, field: &str) -> &'a str {
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{problem}");
    assert_eq!(errors[0]["field"], field);
    errors[0]["message"].as_str().unwrap()
}

async fn register(app: &Appliance, password: &str) -> Answer {
    let body = json!({
        "email": "gina.bianchini@example.org", "password": password, "name": "Gina",
        "surname": "Bianchini",
    });
    app.post("/auth/register", None, body).await
}

#[tokio::test]
async fn a_password_that_is_easy_to_guess_is_refused_and_said_to_be_in_both_languages() {
    let app = Appliance::start().await;
    let problem = register(&app, "password1").await.expect_problem(422, "VALIDATION_FAILED");
    let words = fault(&problem, "password");
    assert!(words.starts_with("is too easy to guess: it is a very common password;"), "{words}");
    let body = json!({ "email": "gina@example.org", "password": "password1", "name": "Gina",
        "surname": "Bianchini" });
    let request = app.client.post(app.url("/api/v1/auth/register")).json(&body);
    let answer = app.send(request.header("accept-language", "it")).await;
    let problem = answer.expect_problem(422, "VALIDATION_FAILED");
    let words = fault(&problem, "password");
    assert!(words.starts_with("è troppo facile da indovinare: è una password molto comune;"));
}

#[tokio::test]
async fn what_is_known_of_the_person_and_the_place_is_no_password() {
    let settings = [("server.name", "Istituto Galvani"), ("auth.forbidden_words", "['campanile']")];
    let app = Appliance::start_with(&settings).await;
    for own in ["bianchini2009", "GinaBianchini", "gina.bianchini"] {
        let problem = register(&app, own).await.expect_problem(422, "VALIDATION_FAILED");
        assert!(fault(&problem, "password").contains("your name or your address"), "{own}");
    }
    for place in ["istitutogalvani", "Galvani2026", "Campanile1", "appliance1"] {
        let problem = register(&app, place).await.expect_problem(422, "VALIDATION_FAILED");
        assert!(fault(&problem, "password").contains("everybody here would try"), "{place}");
    }
    register(&app, PASSWORD).await.expect(201);
}

#[tokio::test]
async fn the_first_administrator_needs_a_good_password_too_and_the_link_stays_good() {
    let app = Appliance::start().await;
    let body = json!({
        "token": app.setup_token(), "email": "capo@example.org", "password": "qwertyuiop",
        "name": "Clara", "surname": "Neri",
    });
    let problem = app.post("/setup", None, body).await.expect_problem(422, "VALIDATION_FAILED");
    assert!(fault(&problem, "password").contains("most common"), "{problem}");
    app.admin().await;
}

#[tokio::test]
async fn a_password_is_verified_exactly_as_it_was_typed() {
    let app = Appliance::start().await;
    let typed = "  E\u{301}toile ﬁlante\u{a0}blu ";
    register(&app, typed).await.expect(201);
    let who = "gina.bianchini@example.org";
    try_login(&app, who, typed).await.expect(200);
    for other in [typed.trim(), "  \u{c9}toile ﬁlante\u{a0}blu ", "  E\u{301}toile filante blu "]
    {
        try_login(&app, who, other).await.expect_problem(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn all_of_a_long_password_counts() {
    let app = Appliance::start().await;
    let long = "una giraffa blu ".repeat(64);
    assert_eq!(long.len(), 1_024);
    register(&app, &long).await.expect(201);
    let who = "gina.bianchini@example.org";
    try_login(&app, who, &long).await.expect(200);
    let last_differs = format!("{}_", &long[..1_023]);
    try_login(&app, who, &last_differs).await.expect_problem(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_keeps_this_one() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let here = app.person("ada").await;
    let elsewhere = app.login("ada@example.org").await;
    change(&app, &here, PASSWORD, ANOTHER).await.expect(204);
    app.get("/me", Some(&here)).await.expect(200);
    app.get("/me", Some(&elsewhere)).await.expect_problem(401, "SESSION_ENDED");
    let refresh = json!({ "refresh_token": elsewhere.refresh_token });
    app.post("/auth/refresh", None, refresh).await.expect_problem(401, "REFRESH_INVALID");
    try_login(&app, "ada", PASSWORD).await.expect_problem(401, "INVALID_CREDENTIALS");
    try_login(&app, "ada", ANOTHER).await.expect(200);
    let entries = app
        .audit_until(&admin, |items| items.iter().any(|e| e["action"] == "password.changed"))
        .await;
    let entry = entries.iter().find(|entry| entry["action"] == "password.changed").unwrap();
    assert_eq!(entry["target"], format!("user:{}", here.id));
    assert_eq!((&entry["before"], &entry["after"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn the_present_password_is_asked_for_and_the_new_one_judged() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    change(&app, &ada, "another one", ANOTHER).await.expect_problem(401, "PASSWORD_WRONG");
    let problem = change(&app, &ada, PASSWORD, "short").await;
    let problem = problem.expect_problem(422, "VALIDATION_FAILED");
    assert!(fault(&problem, "new").contains("8 characters"));
    let problem = change(&app, &ada, PASSWORD, "ada@example.org").await;
    assert!(fault(&problem.expect_problem(422, "VALIDATION_FAILED"), "new").contains("your own"));
    let problem = change(&app, &ada, PASSWORD, "ada.prova.1").await;
    assert!(fault(&problem.expect_problem(422, "VALIDATION_FAILED"), "new").contains("your name"));
    let body = json!({ "current": PASSWORD, "new": ANOTHER });
    app.post("/auth/password", None, body).await.expect_problem(401, "TOKEN_MISSING");
    try_login(&app, "ada", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_stolen_session_does_not_guess_the_password_and_its_owner_can_still_log_in() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "5")]).await;
    let ada = app.person("ada").await;
    let bob = app.person("bob").await;
    let guesses = (0..40).map(|guess| {
        let (app, ada) = (&app, &ada);
        async move { change(app, ada, &format!("guess {guess}"), ANOTHER).await.status.as_u16() }
    });
    let statuses = futures_util::future::join_all(guesses).await;
    let tried = statuses.iter().filter(|status| **status == 401).count();
    let processors = std::thread::available_parallelism().unwrap().get();
    // Each processor may be at one when the fifth turns out wrong.
    assert!((5..5 + processors).contains(&tried), "{tried} of {statuses:?}");
    let stopped = change(&app, &ada, PASSWORD, ANOTHER).await;
    stopped.expect_problem(429, "TOO_MANY_ATTEMPTS");
    assert!(!stopped.header("retry-after").is_empty());
    try_login(&app, "ada", PASSWORD).await.expect(200);
    change(&app, &bob, PASSWORD, ANOTHER).await.expect(204);
}

#[tokio::test]
async fn of_many_changes_at_once_one_wins_and_its_session_goes_on() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let changes = (0..8).map(|number| {
        let (app, ada) = (&app, &ada);
        async move {
            let new = format!("{ANOTHER} {number}");
            (change(app, ada, PASSWORD, &new).await.status.as_u16(), new)
        }
    });
    let outcomes = futures_util::future::join_all(changes).await;
    let won: Vec<_> = outcomes.iter().filter(|(status, _)| *status == 204).collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    app.get("/me", Some(&ada)).await.expect(200);
    try_login(&app, "ada", &won[0].1).await.expect(200);
}
