//! Setting a password with a token that somebody was given.

use serde_json::{Value, json};

use crate::{
    passwords::{ANOTHER, fault, try_login},
    support::{Answer, Appliance, PASSWORD, Person},
};

async fn issue(app: &Appliance, admin: &Person, id: u64) -> Value {
    app.post(&format!("/users/{id}/password-reset"), Some(admin), json!({})).await.expect(201)
}

async fn reset(app: &Appliance, token: &Value, new: &str) -> Answer {
    app.post("/auth/password/reset", None, json!({ "token": token, "new": new })).await
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_ends_every_session() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let link = issue(&app, &admin, ada.id).await;
    let token = link["token"].as_str().unwrap();
    assert_eq!(link["url"], format!("https://localhost:8443/app/reset#{token}"));
    assert_eq!(link["expires_at"], "2026-11-23T08:00:00.000Z");
    app.get("/me", Some(&ada)).await.expect(200);
    reset(&app, &link["token"], ANOTHER).await.expect(204);
    app.get("/me", Some(&ada)).await.expect_problem(401, "SESSION_ENDED");
    try_login(&app, "ada", PASSWORD).await.expect_problem(401, "INVALID_CREDENTIALS");
    try_login(&app, "ada", ANOTHER).await.expect(200);
    reset(&app, &link["token"], PASSWORD).await.expect_problem(410, "RESET_INVALID");
}

#[tokio::test]
async fn the_audit_trail_says_who_asked_and_holds_neither_token_nor_password() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let link = issue(&app, &admin, ada.id).await;
    reset(&app, &link["token"], ANOTHER).await.expect(204);
    let entries = app
        .audit_until(&admin, |items| items.iter().any(|e| e["action"] == "password.reset"))
        .await;
    let find = |action: &str| entries.iter().find(|entry| entry["action"] == action).unwrap();
    let (asked, done) = (find("password.reset_requested"), find("password.reset"));
    assert_eq!(asked["actor"], find("setup.completed")["actor"], "the administrator");
    assert_ne!(done["actor"], asked["actor"]);
    assert_eq!(asked["target"], done["target"]);
    let all = serde_json::to_string(&entries).unwrap();
    assert!(!all.contains(link["token"].as_str().unwrap()) && !all.contains(ANOTHER));
}

#[tokio::test]
async fn of_fifty_uses_at_once_exactly_one_wins() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let link = issue(&app, &admin, ada.id).await;
    let uses = (0..50).map(|number| {
        let (app, token) = (&app, &link["token"]);
        async move {
            let new = format!("{ANOTHER} {number}");
            (reset(app, token, &new).await.status.as_u16(), new)
        }
    });
    let outcomes = futures_util::future::join_all(uses).await;
    let won: Vec<_> = outcomes.iter().filter(|(status, _)| *status == 204).collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|(status, _)| [204, 410].contains(status)), "{outcomes:?}");
    try_login(&app, "ada", &won[0].1).await.expect(200);
}

#[tokio::test]
async fn a_link_is_good_for_an_hour() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let link = issue(&app, &admin, ada.id).await;
    app.advance(3_601);
    reset(&app, &link["token"], ANOTHER).await.expect_problem(410, "RESET_INVALID");
    let admin = app.login("capo@example.org").await;
    let link = issue(&app, &admin, ada.id).await;
    app.advance(3_600);
    reset(&app, &link["token"], ANOTHER).await.expect(204);
}

#[tokio::test]
async fn a_new_link_takes_the_place_of_the_one_before() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let first = issue(&app, &admin, ada.id).await;
    let second = issue(&app, &admin, ada.id).await;
    reset(&app, &first["token"], ANOTHER).await.expect_problem(410, "RESET_INVALID");
    reset(&app, &second["token"], ANOTHER).await.expect(204);
}

#[tokio::test]
async fn a_changed_password_makes_a_link_useless() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let link = issue(&app, &admin, ada.id).await;
    let body = json!({ "current": PASSWORD, "new": ANOTHER });
    app.post("/auth/password", Some(&ada), body).await.expect(204);
    reset(&app, &link["token"], PASSWORD).await.expect_problem(410, "RESET_INVALID");
}

#[tokio::test]
async fn what_is_no_token_of_anybody_is_told_like_one_that_was_used() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let of_ada = issue(&app, &admin, ada.id).await["token"].as_str().unwrap().to_owned();
    let of_bob = issue(&app, &admin, bob.id).await["token"].as_str().unwrap().to_owned();
    // The owner's number is in front; the secret of one is none of another.
    let mixed = format!("{}{}", &of_bob[..13], &of_ada[13..]);
    let unknown = format!("{}{}", "0".repeat(13), &of_ada[13..]);
    for token in ["", "x", "0", &mixed, &unknown, &of_ada[..63], &"Z".repeat(9_000)] {
        reset(&app, &json!(token), ANOTHER).await.expect_problem(410, "RESET_INVALID");
    }
    reset(&app, &json!(of_ada), ANOTHER).await.expect(204);
}

#[tokio::test]
async fn a_password_that_is_refused_leaves_the_link_good() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let link = issue(&app, &admin, ada.id).await;
    for (new, why) in [("short", "8 characters"), ("qwertyuiop", "common"), ("ada.prova.1", "name")]
    {
        let problem = reset(&app, &link["token"], new).await;
        let problem = problem.expect_problem(422, "VALIDATION_FAILED");
        assert!(fault(&problem, "new").contains(why), "{problem}");
    }
    reset(&app, &link["token"], ANOTHER).await.expect(204);
}

#[tokio::test]
async fn only_administrators_make_links_and_for_people_who_exist() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let staff = app.person_as(&admin, "bob", "staff").await;
    let path = format!("/users/{}/password-reset", staff.id);
    app.post(&path, Some(&staff), json!({})).await.expect_problem(403, "FORBIDDEN");
    app.post(&path, None, json!({})).await.expect_problem(401, "TOKEN_MISSING");
    let nobody = app.post("/users/99/password-reset", Some(&admin), json!({})).await;
    nobody.expect_problem(404, "USER_NOT_FOUND");
    let disabled = json!({ "status": "disabled" });
    app.patch(&format!("/users/{}", staff.id), &admin, disabled).await.expect(200);
    app.post(&path, Some(&admin), json!({})).await.expect_problem(409, "USER_DISABLED");
}

#[tokio::test]
async fn without_a_mail_server_nobody_can_ask_for_a_mail() {
    let app = Appliance::start().await;
    assert_eq!(app.get("/instance", None).await.expect(200)["password_mail"], false);
    let body = json!({ "email": "ada@example.org" });
    app.post("/auth/password/forgot", None, body).await.expect_problem(409, "MAIL_OFF");
}

#[tokio::test]
async fn a_link_survives_a_restart() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let link = issue(&app, &admin, ada.id).await;
    let clock = app.clock.clone();
    let app = Appliance::start_in(app.stop().await, clock, &[]).await;
    reset(&app, &link["token"], ANOTHER).await.expect(204);
    try_login(&app, "ada", ANOTHER).await.expect(200);
}

#[tokio::test]
async fn a_link_ends_with_the_address_that_it_went_to_and_with_the_account() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let path = format!("/users/{}", ada.id);
    let changes = [json!({ "email": "ada@example.net" }), json!({ "status": "disabled" })];
    for change in changes {
        let link = issue(&app, &admin, ada.id).await;
        app.patch(&path, &admin, change).await.expect(200);
        app.patch(&path, &admin, json!({ "status": "active" })).await.expect(200);
        reset(&app, &link["token"], ANOTHER).await.expect_problem(410, "RESET_INVALID");
    }
}
