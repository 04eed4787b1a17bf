//! Registering, logging in, the first administrator, one's own profile.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, PASSWORD};

fn registration(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "name": "Ada", "surname": "Lovelace" })
}

async fn register(app: &Appliance, email: &str) -> Answer {
    app.post("/auth/register", None, registration(email)).await
}

/// A registration with some fields changed.
fn changed(changes: Value) -> Value {
    let mut body = registration("ada@example.org");
    let Value::Object(changes) = changes else { panic!("not an object") };
    body.as_object_mut().unwrap().extend(changes);
    body
}

async fn in_italian(app: &Appliance, path: &str, body: &Value) -> Answer {
    let url = app.url(&format!("/api/v1{path}"));
    app.send(app.client.post(url).header("accept-language", "it-IT, en;q=0.5").json(body)).await
}

#[tokio::test]
async fn a_registration_answers_with_the_person_and_no_secret() {
    let app = Appliance::start().await;
    let person = register(&app, " Ada@Example.org ").await.expect(201);
    let expected = json!({
        "id": 1, "email": "Ada@Example.org", "username": "Ada", "name": "Ada",
        "surname": "Lovelace", "role": "user", "status": "active", "language": "en",
        "created_at": "2026-11-23T07:00:00.000Z", "last_login_at": null,
    });
    assert_eq!(person, expected);
}

#[tokio::test]
async fn a_person_reads_the_language_that_they_registered_in() {
    let app = Appliance::start().await;
    let answer = in_italian(&app, "/auth/register", &registration("ada@example.org")).await;
    assert_eq!(answer.expect(201)["language"], "it");
}

#[tokio::test]
async fn an_address_has_one_account_whatever_its_case() {
    let app = Appliance::start().await;
    register(&app, "Ada@Example.org").await.expect(201);
    register(&app, "aDA@eXAMPLE.ORG").await.expect_problem(409, "USER_EXISTS");
}

#[tokio::test]
async fn a_username_is_made_of_the_address_and_numbered_when_it_is_taken() {
    let app = Appliance::start().await;
    let mut usernames = Vec::new();
    for email in ["mario@a.example", "MARIO@b.example", "mario@c.example", "ü@d.example"] {
        usernames.push(register(&app, email).await.expect(201)["username"].clone());
    }
    assert_eq!(usernames, ["mario", "MARIO2", "mario3", "user"]);
}

#[tokio::test]
async fn a_wanted_username_is_kept_as_typed_and_is_taken_whatever_its_case() {
    let app = Appliance::start().await;
    let first = changed(json!({ "username": "Countess_1" }));
    let person = app.post("/auth/register", None, first).await.expect(201);
    assert_eq!(person["username"], "Countess_1");
    let second = changed(json!({ "email": "b@example.org", "username": "COUNTESS_1" }));
    app.post("/auth/register", None, second).await.expect_problem(409, "USERNAME_TAKEN");
}

#[tokio::test]
async fn of_many_registrations_of_one_address_at_once_one_wins() {
    let app = Appliance::start().await;
    let tries = (0..12).map(|_| register(&app, "ada@example.org"));
    let answers = futures_util::future::join_all(tries).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 11, "{statuses:?}");
}

#[tokio::test]
async fn a_closed_registration_takes_nobody_and_says_so() {
    let app = Appliance::start_with(&[("auth.registration", "closed")]).await;
    register(&app, "ada@example.org").await.expect_problem(403, "REGISTRATION_CLOSED");
    assert_eq!(app.get("/instance", None).await.expect(200)["registration"], "closed");
    let admin = app.admin().await;
    let users = app.get("/users", Some(&admin)).await.expect(200);
    assert_eq!(users["items"].as_array().unwrap().len(), 1, "only who was set up");
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let app = Appliance::start().await;
    let body = json!({ "email": "x", "password": "short", "name": " ", "surname": "\u{7}",
        "username": "a b" });
    let answer = app.post("/auth/register", None, body).await;
    answer.expect_problem(422, "VALIDATION_FAILED");
    let problem = answer.json();
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| &e["field"]).collect();
    assert_eq!(fields, ["email", "username", "name", "surname", "password"]);
}

#[tokio::test]
async fn a_network_registers_as_many_as_it_may_and_refusals_do_not_count() {
    let settings = [("rate_limit.registrations_per_network_per_hour", "2")];
    let app = Appliance::start_with(&settings).await;
    register(&app, "ada@example.org").await.expect(201);
    for _ in 0..5 {
        register(&app, "ada@example.org").await.expect_problem(409, "USER_EXISTS");
    }
    register(&app, "bob@example.org").await.expect(201);
    let refused = register(&app, "cyd@example.org").await;
    refused.expect_problem(429, "TOO_MANY_REGISTRATIONS");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 60);
}

#[tokio::test]
async fn probing_for_addresses_is_counted_leaves_a_trace_and_stops_nobody_who_is_not_refused() {
    let settings = [("rate_limit.refused_registrations_per_network_per_hour", "3")];
    let app = Appliance::start_with(&settings).await;
    let admin = app.admin().await;
    register(&app, "ada@example.org").await.expect(201);
    for _ in 0..3 {
        register(&app, "ada@example.org").await.expect_problem(409, "USER_EXISTS");
    }
    let refused = register(&app, "ada@example.org").await;
    refused.expect_problem(429, "TOO_MANY_REGISTRATIONS");
    register(&app, "bob@example.org").await.expect(201);
    let noted = |items: &[serde_json::Value]| {
        let refused = items.iter().filter(|item| item["action"] == "registration.refused");
        refused.map(|item| item["target"].clone()).collect::<Vec<_>>()
    };
    let items = app.audit_until(&admin, |items| noted(items).len() >= 3).await;
    assert_eq!(noted(&items), ["registration:email"; 3]);
    assert!(!serde_json::to_string(&items).unwrap().contains("ada@example.org"));
}

#[tokio::test]
async fn whoever_asks_with_a_taken_username_or_a_weak_password_learns_nothing_of_the_address() {
    let app = Appliance::start().await;
    register(&app, "ada@example.org").await.expect(201);
    for email in ["ada@example.org", "nobody@example.org"] {
        let mut body = json!({ "email": email, "password": PASSWORD, "name": "A", "surname": "B",
            "username": "ada" });
        app.post("/auth/register", None, body.clone()).await.expect_problem(409, "USERNAME_TAKEN");
        body["username"] = json!("other");
        body["password"] = json!("password1");
        app.post("/auth/register", None, body).await.expect_problem(422, "VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn each_bad_field_is_named_and_explained_in_both_languages() {
    let app = Appliance::start().await;
    let long = "a".repeat(81);
    let (short, huge) = ("1234567", "a".repeat(1_025));
    let address = ("is not an e-mail address", "non è un indirizzo e-mail");
    let empty = ("must not be empty", "non può essere vuoto");
    let control =
        ("must not contain control characters", "non può contenere caratteri di controllo");
    let endless = ("must have at most 80 characters", "può avere al massimo 80 caratteri");
    let username = (
        "must be 1 to 64 letters, digits, dots, hyphens or underscores",
        "dev'essere di 1-64 lettere, cifre, punti, trattini o trattini bassi",
    );
    let too_short = ("must be at least 8 characters long", "deve avere almeno 8 caratteri");
    let too_long = ("must be at most 1 KiB long", "può avere al massimo 1 KiB");
    let own = ("must not be your own e-mail or name", "non può essere la tua e-mail o il tuo nome");
    let cases = [
        ("email", json!({ "email": "nobody" }), address),
        ("email", json!({ "email": "a@b@c.example" }), address),
        ("email", json!({ "email": "" }), address),
        ("name", json!({ "name": "" }), empty),
        ("name", json!({ "name": "a\u{7}b" }), control),
        ("surname", json!({ "surname": long }), endless),
        ("username", json!({ "username": "a@b" }), username),
        ("username", json!({ "username": "" }), username),
        ("password", json!({ "password": short }), too_short),
        ("password", json!({ "password": huge }), too_long),
        ("password", json!({ "password": "ADA@example.org" }), own),
    ];
    for (field, changes, (english, italian)) in cases {
        let body = changed(changes);
        let answer = app.post("/auth/register", None, body.clone()).await;
        let problem = answer.expect_problem(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"], json!([{ "field": field, "message": english }]), "{body}");
        let answer = in_italian(&app, "/auth/register", &body).await;
        let problem = answer.expect_problem(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"], json!([{ "field": field, "message": italian }]), "{body}");
        assert_eq!(problem["detail"], "Alcuni campi richiedono un altro valore.");
        assert_eq!(answer.header("content-language"), "it");
    }
    let body =
        json!({ "email": "ada", "username": "a b", "name": "", "surname": "", "password": "x" });
    let problem = app.post("/auth/register", None, body).await;
    let problem = problem.expect_problem(422, "VALIDATION_FAILED");
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["email", "username", "name", "surname", "password"]);
    register(&app, "ada@example.org").await.expect(201);
}

#[tokio::test]
async fn a_person_logs_in_by_address_or_username_in_any_case() {
    let app = Appliance::start().await;
    let body = changed(json!({ "username": "Countess" }));
    app.post("/auth/register", None, body).await.expect(201);
    for identifier in ["ada@example.org", "ADA@EXAMPLE.ORG", "countess", "COUNTESS", " Countess "] {
        assert_eq!(app.login(identifier).await.id, 1, "{identifier}");
    }
}

#[tokio::test]
async fn a_login_answers_with_tokens_and_the_person_as_of_now() {
    let app = Appliance::start().await;
    register(&app, "ada@example.org").await.expect(201);
    app.advance(60);
    let body = json!({ "identifier": "ada@example.org", "password": PASSWORD });
    let session = app.post("/auth/login", None, body).await.expect(200);
    assert_eq!(session["token_type"], "Bearer");
    assert_eq!(session["expires_in"], 600);
    assert_eq!(session["user"]["last_login_at"], "2026-11-23T07:01:00.000Z");
    assert!(session["refresh_token"].is_string() && session["access_token"].is_string());
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_very_same_answer() {
    let app = Appliance::start().await;
    register(&app, "ada@example.org").await.expect(201);
    let mut answers = Vec::new();
    for identifier in ["ada@example.org", "ada", "nobody@example.org", "nobody", ""] {
        let body = json!({ "identifier": identifier, "password": "wrong password" });
        let answer = app.post("/auth/login", None, body).await;
        let mut problem = answer.expect_problem(401, "INVALID_CREDENTIALS");
        problem["request_id"].take();
        let mut headers = answer.headers.clone();
        // The same limit counts each of them, whoever it names.
        for varying in ["x-request-id", "date", "ratelimit"] {
            headers.remove(varying);
        }
        answers.push((problem, headers));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn the_set_up_link_makes_one_administrator_and_no_second() {
    let app = Appliance::start().await;
    assert_eq!(app.get("/instance", None).await.expect(200)["setup_required"], true);
    let body = |email: &str| {
        let mut body = registration(email);
        body["token"] = app.setup_token().into();
        body
    };
    let admin = app.post("/setup", None, body("ada@example.org")).await.expect(201);
    assert_eq!(admin["role"], "admin");
    let again = app.post("/setup", None, body("eve@example.org")).await;
    again.expect_problem(403, "SETUP_INVALID");
    assert_eq!(app.get("/instance", None).await.expect(200)["setup_required"], false);
}

#[tokio::test]
async fn of_two_set_ups_at_once_one_wins() {
    let app = Appliance::start().await;
    let body = |email: &str| {
        let mut body = registration(email);
        body["token"] = app.setup_token().into();
        body
    };
    let (first, second) = tokio::join!(
        app.post("/setup", None, body("ada@example.org")),
        app.post("/setup", None, body("eve@example.org")),
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403]);
}

#[tokio::test]
async fn a_made_up_set_up_token_is_refused_and_spends_nothing() {
    let app = Appliance::start().await;
    for token in ["", "AAAA", "not base32!", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"] {
        let mut body = registration("eve@example.org");
        body["token"] = token.into();
        app.post("/setup", None, body).await.expect_problem(403, "SETUP_INVALID");
    }
    assert_eq!(app.admin().await.id, 1);
}

#[tokio::test]
async fn a_new_start_replaces_the_set_up_link_until_there_is_an_administrator() {
    let app = Appliance::start().await;
    let (old, clock) = (app.setup_token(), app.clock.clone());
    let app = Appliance::start_in(app.stop().await, clock, &[]).await;
    let mut body = registration("eve@example.org");
    body["token"] = old.into();
    app.post("/setup", None, body).await.expect_problem(403, "SETUP_INVALID");
    app.admin().await;
    let clock = app.clock.clone();
    let app = Appliance::start_in(app.stop().await, clock, &[]).await;
    assert_eq!(app.get("/instance", None).await.expect(200)["setup_required"], false);
    assert!(!app.has_setup_link());
}

#[tokio::test]
async fn a_profile_is_changed_field_by_field() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let before = app.get("/me", Some(&ada)).await.expect(200);
    let changes = json!({ "surname": " <b>King</b> ", "language": "it", "username": "Countess" });
    let after = app.patch("/me", &ada, changes).await.expect(200);
    let mut expected = before;
    expected["surname"] = "<b>King</b>".into();
    expected["language"] = "it".into();
    expected["username"] = "Countess".into();
    assert_eq!(after, expected);
    assert_eq!(app.get("/me", Some(&ada)).await.expect(200), expected);
    assert_eq!(app.login("countess").await.id, ada.id);
}

#[tokio::test]
async fn a_changed_username_frees_the_old_one_and_cannot_be_anybody_elses() {
    let app = Appliance::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let taken = app.patch("/me", &bob, json!({ "username": "ADA", "name": "X" })).await;
    taken.expect_problem(409, "USERNAME_TAKEN");
    assert_eq!(app.get("/me", Some(&bob)).await.expect(200)["name"], "bob", "nothing was changed");
    app.patch("/me", &ada, json!({ "username": "Ada" })).await.expect(200);
    app.patch("/me", &ada, json!({ "username": "countess" })).await.expect(200);
    app.patch("/me", &bob, json!({ "username": "ADA" })).await.expect(200);
}

#[tokio::test]
async fn a_bad_change_of_a_profile_names_each_field_and_changes_nothing() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let before = app.get("/me", Some(&ada)).await.expect(200);
    let cases = [
        (json!({ "name": "", "surname": "\u{1b}", "username": "free" }), vec!["name", "surname"]),
        (json!({ "username": "a b", "name": "New" }), vec!["username"]),
        (json!({ "language": "de" }), vec!["language"]),
        (json!({ "role": "admin" }), vec!["role"]),
        (json!({ "id": 2, "email": "x@example.org" }), vec!["email", "id"]),
    ];
    for (changes, fields) in cases {
        let answer = app.patch("/me", &ada, changes).await;
        let problem = answer.expect_problem(422, "VALIDATION_FAILED");
        let found = problem["errors"].as_array().unwrap();
        let mut found: Vec<_> =
            found.iter().map(|error| error["field"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, fields);
    }
    assert_eq!(app.get("/me", Some(&ada)).await.expect(200), before);
}

#[tokio::test]
async fn the_instance_tells_anyone_its_name_and_version() {
    let app = Appliance::start_with(&[("server.name", "Liceo <Galilei>")]).await;
    let expected = json!({
        "name": "Liceo <Galilei>", "registration": "open", "setup_required": true,
        "password_mail": false, "version": env!("CARGO_PKG_VERSION"),
    });
    assert_eq!(app.get("/instance", None).await.expect(200), expected);
}
