//! Invitations, and who may register.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, PASSWORD, Person};

const BY_INVITATION: [(&str, &str); 1] = [("auth.registration", "invite")];
const DAY: i64 = 86_400;

async fn invite(app: &Appliance, admin: &Person, body: Value) -> Value {
    app.post("/auth/invitations", Some(admin), body).await.expect(201)
}

async fn register(app: &Appliance, name: &str, invite: Option<&str>) -> Answer {
    let body = json!({
        "email": format!("{name}@example.org"), "password": PASSWORD, "name": name,
        "surname": "Prova", "invite": invite,
    });
    app.post("/auth/register", None, body).await
}

async fn listed(app: &Appliance, admin: &Person) -> Vec<Value> {
    let page = app.get("/auth/invitations", Some(admin)).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

async fn people(app: &Appliance, admin: &Person) -> usize {
    app.get("/users?limit=200", Some(admin)).await.expect(200)["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_new_invitation_is_answered_with_its_code_and_listed_without() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let made = invite(&app, &admin, json!({})).await;
    let code = made["code"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 23, "{code}");
    assert_eq!(made["url"], format!("https://localhost:8443/app/register#{code}"));
    let mut expected = made.clone();
    for secret in ["code", "url"] {
        expected.as_object_mut().unwrap().remove(secret);
    }
    assert_eq!(listed(&app, &admin).await, [expected.clone()]);
    assert_eq!(expected["id"].take().as_str().unwrap().len(), 32);
    assert_eq!(
        expected,
        json!({
            "id": null, "note": "", "role": "user", "uses": 1, "uses_left": 1,
            "created_at": "2026-11-23T07:00:00.000Z", "expires_at": "2026-12-07T07:00:00.000Z",
            "created_by": admin.id,
        })
    );
}

#[tokio::test]
async fn every_bad_field_of_a_new_invitation_is_named() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = json!({ "note": "a\u{7}b", "uses": 0, "expires_in_days": 366 });
    let answer = app.post("/auth/invitations", Some(&admin), body).await;
    let problem = answer.expect_problem(422, "VALIDATION_FAILED");
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["note", "uses", "expires_in_days"]);
    for role in ["admin", "king"] {
        let answer = app.post("/auth/invitations", Some(&admin), json!({ "role": role })).await;
        let problem = answer.expect_problem(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["field"], "role");
    }
}

#[tokio::test]
async fn registration_by_invitation_asks_for_one() {
    let app = Appliance::start_with(&BY_INVITATION).await;
    let admin = app.admin().await;
    assert_eq!(app.get("/instance", None).await.expect(200)["registration"], "invite");
    for none in [None, Some(""), Some(" ")] {
        register(&app, "ada", none).await.expect_problem(403, "INVITE_REQUIRED");
    }
    for forged in ["AAAA", "00000-00000-00000-00000", "not a code"] {
        register(&app, "ada", Some(forged)).await.expect_problem(403, "INVITE_INVALID");
    }
    let made = invite(&app, &admin, json!({ "role": "staff" })).await;
    let code = made["code"].as_str().unwrap();
    let typed = code.to_lowercase().replace('-', " ");
    let ada = register(&app, "ada", Some(&typed)).await.expect(201);
    assert_eq!(ada["role"], "staff");
    register(&app, "bob", Some(code)).await.expect_problem(403, "INVITE_INVALID");
    assert_eq!(listed(&app, &admin).await[0]["uses_left"], 0);
}

#[tokio::test]
async fn an_open_registration_takes_an_invitation_too_and_its_role_counts() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let made = invite(&app, &admin, json!({ "role": "staff", "uses": 2 })).await;
    let code = made["code"].as_str();
    assert_eq!(register(&app, "ada", code).await.expect(201)["role"], "staff");
    assert_eq!(register(&app, "bob", None).await.expect(201)["role"], "user");
    register(&app, "cyd", Some("00000-00000-00000-00000"))
        .await
        .expect_problem(403, "INVITE_INVALID");
}

#[tokio::test]
async fn a_closed_registration_takes_no_invitation() {
    let app = Appliance::start_with(&[("auth.registration", "closed")]).await;
    let admin = app.admin().await;
    let made = invite(&app, &admin, json!({})).await;
    let answer = register(&app, "ada", made["code"].as_str()).await;
    answer.expect_problem(403, "REGISTRATION_CLOSED");
}

#[tokio::test]
async fn a_hundred_at_once_with_an_invitation_of_ten_make_ten_accounts() {
    let app =
        Appliance::start_with(&[("auth.registration", "invite"), ("rate_limit.enabled", "false")])
            .await;
    let admin = app.admin().await;
    let made = invite(&app, &admin, json!({ "uses": 10 })).await;
    let names: Vec<_> = (0..100).map(|number| format!("person{number}")).collect();
    let tries = names.iter().map(|name| register(&app, name, made["code"].as_str()));
    let answers = futures_util::future::join_all(tries).await;
    let count = |status: u16| answers.iter().filter(|a| a.status.as_u16() == status).count();
    assert_eq!((count(201), count(403)), (10, 90));
    for refused in answers.iter().filter(|answer| answer.status == 403) {
        refused.expect_problem(403, "INVITE_INVALID");
    }
    assert_eq!(people(&app, &admin).await, 11);
    assert_eq!(listed(&app, &admin).await[0]["uses_left"], 0);
    let used = |all: &[Value]| all.iter().filter(|e| e["action"] == "invitation.used").count();
    let trail = app.audit_until(&admin, |all| used(all) >= 10).await;
    assert_eq!(used(&trail), 10);
}

#[tokio::test]
async fn a_registration_that_is_refused_spends_nothing() {
    let app = Appliance::start_with(&BY_INVITATION).await;
    let admin = app.admin().await;
    let made = invite(&app, &admin, json!({ "uses": 2 })).await;
    let code = made["code"].as_str();
    register(&app, "ada", code).await.expect(201);
    register(&app, "ada", code).await.expect_problem(409, "USER_EXISTS");
    let body = json!({
        "email": "x", "password": PASSWORD, "name": "A", "surname": "B", "invite": code,
    });
    app.post("/auth/register", None, body).await.expect_problem(422, "VALIDATION_FAILED");
    assert_eq!(listed(&app, &admin).await[0]["uses_left"], 1);
}

#[tokio::test]
async fn nobody_without_an_invitation_learns_who_is_registered() {
    let app = Appliance::start_with(&BY_INVITATION).await;
    app.admin().await;
    for name in ["capo", "nobody"] {
        let answer = register(&app, name, Some("00000-00000-00000-00000")).await;
        answer.expect_problem(403, "INVITE_INVALID");
    }
}

#[tokio::test]
async fn an_invitation_ends_on_its_day_and_is_forgotten() {
    let app = Appliance::start_with(&BY_INVITATION).await;
    let admin = app.admin().await;
    let made = invite(&app, &admin, json!({ "uses": 9, "expires_in_days": 1 })).await;
    let code = made["code"].as_str();
    app.advance(DAY - 1);
    register(&app, "ada", code).await.expect(201);
    app.advance(1);
    register(&app, "bob", code).await.expect_problem(403, "INVITE_INVALID");
    let clock = app.clock.clone();
    let app = Appliance::start_in(app.stop().await, clock, &BY_INVITATION).await;
    let admin = app.login("capo").await;
    for _ in 0..500 {
        if listed(&app, &admin).await.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it was never forgotten");
}

#[tokio::test]
async fn a_revoked_invitation_takes_nobody_and_whoever_came_stays() {
    let app = Appliance::start_with(&BY_INVITATION).await;
    let admin = app.admin().await;
    let made = invite(&app, &admin, json!({ "uses": 5 })).await;
    let code = made["code"].as_str();
    register(&app, "ada", code).await.expect(201);
    let path = format!("/auth/invitations/{}", made["id"].as_str().unwrap());
    app.delete(&path, &admin).await.expect(204);
    register(&app, "bob", code).await.expect_problem(403, "INVITE_INVALID");
    app.login("ada").await;
    assert!(listed(&app, &admin).await.is_empty());
    for path in [path.as_str(), "/auth/invitations/x"] {
        app.delete(path, &admin).await.expect_problem(404, "INVITATION_NOT_FOUND");
    }
}

#[tokio::test]
async fn invitations_leave_a_trail_without_codes_notes_and_names() {
    let app = Appliance::start_with(&BY_INVITATION).await;
    let admin = app.admin().await;
    let made = invite(&app, &admin, json!({ "uses": 2, "note": "Classe di Ada" })).await;
    let code = made["code"].as_str().unwrap();
    let ada = register(&app, "ada", Some(code)).await.expect(201);
    let id = made["id"].as_str().unwrap();
    app.delete(&format!("/auth/invitations/{id}"), &admin).await.expect(204);
    let trail = app
        .audit_until(&admin, |all| all.iter().any(|e| e["action"] == "invitation.revoked"))
        .await;
    let about: Vec<_> = trail
        .iter()
        .filter(|entry| entry["action"].as_str().unwrap().starts_with("invitation."))
        .collect();
    let actions: Vec<_> = about.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["invitation.revoked", "invitation.used", "invitation.created"]);
    assert!(about.iter().all(|entry| entry["target"] == format!("invitation:{}", &id[..16])));
    let used = about[1];
    assert_eq!(used["actor"]["id"], ada["id"]);
    assert_eq!(used["before"], json!({ "uses_left": 2 }));
    assert_eq!(used["after"], json!({ "uses_left": 1, "user": ada["id"] }));
    let text = serde_json::to_string(&about).unwrap();
    for hidden in [code, &code.replace('-', ""), "Classe"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}
