//! The second factor: enrolling, logging in with it, recovery codes, and roles that must have one.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, PASSWORD, Person, authenticator::Authenticator};

/// Enrols a second factor; gives the app and the recovery codes.
async fn enrol(app: &Appliance, person: &Person) -> (Authenticator, Vec<String>) {
    let begun = app.post("/auth/totp", Some(person), json!({ "password": PASSWORD })).await;
    let begun = begun.expect(201);
    let authenticator = Authenticator::of(begun["secret"].as_str().unwrap());
    let code = json!({ "code": authenticator.code(app.clock.now(), 0) });
    let confirmed = app.post("/auth/totp/confirm", Some(person), code).await.expect(200);
    app.advance(30);
    let codes = confirmed["recovery_codes"].as_array().unwrap().iter();
    (authenticator, codes.map(|code| code.as_str().unwrap().to_owned()).collect())
}

async fn login(app: &Appliance, name: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "identifier": format!("{name}@example.org"), "password": PASSWORD });
    if let Some(code) = code {
        body["totp"] = code.into();
    }
    app.post("/auth/login", None, body).await
}

async fn standing(app: &Appliance, person: &Person) -> Value {
    app.get("/auth/totp", Some(person)).await.expect(200)
}

#[tokio::test]
async fn a_login_asks_for_the_code_once_a_second_factor_is_confirmed() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let begun =
        app.post("/auth/totp", Some(&ada), json!({ "password": PASSWORD })).await.expect(201);
    assert!(begun["qr_svg"].as_str().unwrap().contains("<svg"));
    let address = begun["otpauth_url"].as_str().unwrap();
    assert!(address.starts_with("otpauth://totp/") && address.contains("ada%40example.org"));
    login(&app, "ada", None).await.expect(200);
    let authenticator = Authenticator::of(begun["secret"].as_str().unwrap());
    let code = json!({ "code": authenticator.code(app.clock.now(), 0) });
    app.post("/auth/totp/confirm", Some(&ada), code).await.expect(200);
    login(&app, "ada", None).await.expect_problem(401, "TOTP_REQUIRED");
    app.advance(30);
    login(&app, "ada", Some(&authenticator.code(app.clock.now(), 0))).await.expect(200);
    assert_eq!(standing(&app, &ada).await["enrolled"], true);
    assert_eq!(standing(&app, &ada).await["recovery_codes_left"], 10);
}

#[tokio::test]
async fn nobody_learns_from_a_second_factor_whether_a_password_is_right() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let (authenticator, _) = enrol(&app, &ada).await;
    for code in [None, Some(authenticator.code(app.clock.now(), 0)), Some("000000".to_owned())] {
        let mut body = json!({ "identifier": "ada", "password": "a wrong password" });
        if let Some(code) = code {
            body["totp"] = code.into();
        }
        app.post("/auth/login", None, body).await.expect_problem(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_a_step_to_either_side() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let (authenticator, _) = enrol(&app, &ada).await;
    let code = authenticator.code(app.clock.now(), -1);
    login(&app, "ada", Some(&code)).await.expect_problem(401, "TOTP_INVALID");
    app.advance(60);
    let early = authenticator.code(app.clock.now(), 1);
    login(&app, "ada", Some(&early)).await.expect(200);
    for step in [-1, 0, 1] {
        let code = authenticator.code(app.clock.now(), step);
        login(&app, "ada", Some(&code)).await.expect_problem(401, "TOTP_INVALID");
    }
    app.advance(60);
    login(&app, "ada", Some(&authenticator.code(app.clock.now(), 0))).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_logins_at_once_with_one_code_one_gets_in() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let (authenticator, _) = enrol(&app, &ada).await;
    let code = authenticator.code(app.clock.now(), 0);
    let tries = (0..20).map(|_| login(&app, "ada", Some(&code)));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn each_recovery_code_lets_in_once_and_leaves_a_trace() {
    let app = Appliance::start().await;
    let (ada, admin) = (app.person("ada").await, app.admin().await);
    let (_, codes) = enrol(&app, &ada).await;
    assert_eq!(codes.len(), 10);
    login(&app, "ada", Some(&codes[3].to_lowercase())).await.expect(200);
    login(&app, "ada", Some(&codes[3])).await.expect_problem(401, "TOTP_INVALID");
    login(&app, "ada", Some(&codes[4].replace('-', ""))).await.expect(200);
    assert_eq!(standing(&app, &ada).await["recovery_codes_left"], 8);
    let used = |entries: &[Value]| {
        let action = "second_factor.recovery_code_used";
        entries.iter().filter(|entry| entry["action"] == action).count() == 2
    };
    let entries = app.audit_until(&admin, used).await;
    let text = json!(entries).to_string();
    assert!(codes.iter().all(|code| !text.contains(code.as_str())));
}

#[tokio::test]
async fn new_recovery_codes_take_the_place_of_the_old() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let (authenticator, old) = enrol(&app, &ada).await;
    let body = json!({ "password": PASSWORD, "code": authenticator.code(app.clock.now(), 0) });
    let renewed = app.post("/auth/totp/recovery-codes", Some(&ada), body).await.expect(200);
    login(&app, "ada", Some(&old[0])).await.expect_problem(401, "TOTP_INVALID");
    let new = renewed["recovery_codes"][0].as_str().unwrap();
    login(&app, "ada", Some(new)).await.expect(200);
}

#[tokio::test]
async fn enrolling_and_removing_ask_for_what_one_knows_and_has_once_more() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let wrong = json!({ "password": "a wrong password" });
    app.post("/auth/totp", Some(&ada), wrong).await.expect_problem(401, "PASSWORD_WRONG");
    let code = json!({ "code": "123456" });
    let early = app.post("/auth/totp/confirm", Some(&ada), code.clone()).await;
    early.expect_problem(409, "TOTP_NOT_STARTED");
    let nothing = json!({ "password": PASSWORD, "code": "123456" });
    let none = app.delete_with("/auth/totp", &ada, nothing.clone()).await;
    none.expect_problem(409, "TOTP_NOT_STARTED");

    app.post("/auth/totp", Some(&ada), json!({ "password": PASSWORD })).await.expect(201);
    let wrong = app.post("/auth/totp/confirm", Some(&ada), json!({ "code": "12345" })).await;
    wrong.expect_problem(401, "TOTP_INVALID");
    assert_eq!(standing(&app, &ada).await["enrolled"], false);

    let (authenticator, codes) = enrol(&app, &ada).await;
    let again = app.post("/auth/totp", Some(&ada), json!({ "password": PASSWORD })).await;
    again.expect_problem(409, "TOTP_ENROLLED");
    let late = app.post("/auth/totp/confirm", Some(&ada), code).await;
    late.expect_problem(409, "TOTP_ENROLLED");
    for (password, code, refusal) in [
        ("a wrong password", codes[0].clone(), "PASSWORD_WRONG"),
        (PASSWORD, "000000000".to_owned(), "TOTP_INVALID"),
    ] {
        let body = json!({ "password": password, "code": code });
        app.delete_with("/auth/totp", &ada, body).await.expect_problem(401, refusal);
    }
    let body = json!({ "password": PASSWORD, "code": authenticator.code(app.clock.now(), 0) });
    app.delete_with("/auth/totp", &ada, body).await.expect(204);
    login(&app, "ada", None).await.expect(200);
}

#[tokio::test]
async fn enrolling_and_removing_end_every_other_session() {
    let app = Appliance::start().await;
    let (ada, other) = (app.person("ada").await, app.login("ada").await);
    let (authenticator, _) = enrol(&app, &ada).await;
    app.get("/me", Some(&other)).await.expect_problem(401, "SESSION_ENDED");
    app.get("/me", Some(&ada)).await.expect(200);
    let body = json!({ "password": PASSWORD, "code": authenticator.code(app.clock.now(), 0) });
    app.delete_with("/auth/totp", &ada, body).await.expect(204);
    app.get("/me", Some(&ada)).await.expect(200);
}

#[tokio::test]
async fn guessing_within_a_session_is_stopped() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "3")]).await;
    let ada = app.person("ada").await;
    for _ in 0..3 {
        let wrong = json!({ "password": "a wrong password" });
        app.post("/auth/totp", Some(&ada), wrong).await.expect_problem(401, "PASSWORD_WRONG");
    }
    let right = app.post("/auth/totp", Some(&ada), json!({ "password": PASSWORD })).await;
    right.expect_problem(429, "TOO_MANY_ATTEMPTS");
    app.login("ada").await;
}

#[tokio::test]
async fn guessing_codes_counts_like_guessing_passwords() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "3")]).await;
    let ada = app.person("ada").await;
    let (authenticator, _) = enrol(&app, &ada).await;
    for _ in 0..3 {
        login(&app, "ada", Some("000000000")).await.expect_problem(401, "TOTP_INVALID");
    }
    let right = login(&app, "ada", Some(&authenticator.code(app.clock.now(), 0))).await;
    right.expect_problem(429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn a_role_that_must_have_one_can_do_nothing_else_before() {
    let settings = [("auth.require_second_factor_for", "[\"admin\"]")];
    let app = Appliance::start_with(&settings).await;
    let admin = app.admin().await;
    for path in ["/users", "/events", "/audit"] {
        let refused = app.get(path, Some(&admin)).await;
        refused.expect_problem(403, "SECOND_FACTOR_REQUIRED");
    }
    app.get("/me", Some(&admin)).await.expect(200);
    assert_eq!(standing(&app, &admin).await["required"], true);
    let (authenticator, _) = enrol(&app, &admin).await;
    app.get("/users", Some(&admin)).await.expect(200);
    let body = json!({ "password": PASSWORD, "code": authenticator.code(app.clock.now(), 0) });
    let removed = app.delete_with("/auth/totp", &admin, body).await;
    removed.expect_problem(409, "SECOND_FACTOR_REQUIRED");
    let ada = app.person("ada").await;
    app.get("/me/attendance", Some(&ada)).await.expect(200);
}

#[tokio::test]
async fn an_administrator_removes_the_second_factor_of_somebody_who_lost_it() {
    let app = Appliance::start().await;
    let (ada, admin) = (app.person("ada").await, app.admin().await);
    enrol(&app, &ada).await;
    let path = format!("/users/{}/totp", ada.id);
    app.delete(&path, &ada).await.expect_problem(403, "FORBIDDEN");
    app.delete(&path, &admin).await.expect(204);
    app.get("/me", Some(&ada)).await.expect_problem(401, "SESSION_ENDED");
    app.login("ada").await;
    app.delete("/users/999/totp", &admin).await.expect_problem(404, "USER_NOT_FOUND");
    let reset =
        |entries: &[Value]| entries.iter().any(|entry| entry["action"] == "second_factor.reset");
    app.audit_until(&admin, reset).await;
}

#[tokio::test]
async fn a_link_for_a_forgotten_password_does_not_pass_the_second_factor_by() {
    let app = Appliance::start().await;
    let (ada, admin) = (app.person("ada").await, app.admin().await);
    let (authenticator, _) = enrol(&app, &ada).await;
    let path = format!("/users/{}/password-reset", ada.id);
    let link = app.post(&path, Some(&admin), json!({})).await.expect(201);
    let new = json!({ "token": link["token"], "new": PASSWORD });
    app.post("/auth/password/reset", None, new).await.expect(204);
    app.get("/me", Some(&ada)).await.expect_problem(401, "SESSION_ENDED");
    login(&app, "ada", None).await.expect_problem(401, "TOTP_REQUIRED");
    login(&app, "ada", Some(&authenticator.code(app.clock.now(), 0))).await.expect(200);
}

#[tokio::test]
async fn administrators_do_not_take_away_what_proves_that_it_is_they() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let own = format!("/users/{}", admin.id);
    let totp = app.delete(&format!("{own}/totp"), &admin).await;
    totp.expect_problem(409, "OWN_FACTORS");
    let reset = app.post(&format!("{own}/password-reset"), Some(&admin), json!({})).await;
    reset.expect_problem(409, "OWN_FACTORS");
}
