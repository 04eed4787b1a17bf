//! Everything that is held about a person, for them to read.

use serde_json::{Value, json};

use crate::support::{Appliance, PASSWORD};

#[tokio::test]
async fn a_person_reads_everything_that_is_held_about_them() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    app.set_role(&admin, ada.id, "staff").await.expect(200);
    let event = app.event(&ada, "Corso", "static").await;
    let code = app.code(&ada, &event).await["code"].as_str().unwrap().to_owned();
    app.scan(&ada, &code, "nonce-0001").await.expect(201);
    let body = json!({ "name": "Domani", "date": "2026-11-24", "expected": [ada.id] });
    app.post("/events", Some(&admin), body).await.expect(201);
    let post = json!({
        "social": "instagram", "timestamp": "2026-11-23T06:00:00Z", "content": "Ciao",
        "status": "published",
    });
    app.post("/social/logs", Some(&ada), post).await.expect(201);
    let is_complete = |all: &[Value]| {
        let count = |action| all.iter().filter(|entry| entry["action"] == action).count();
        count("event.created") == 2 && count("role.changed") == 1
    };
    app.audit_until(&admin, is_complete).await;

    let answer = app.get("/me/export", Some(&ada)).await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"user-2.json\"");
    let export = answer.expect(200);
    assert_eq!(export["exported_at"], "2026-11-23T07:00:00.000Z");
    assert_eq!(export["account"]["email"], "ada@example.org");
    assert_eq!(
        (&export["account"]["role"], &export["account"]["has_password"]),
        (&json!("staff"), &json!(true))
    );
    assert_eq!(
        (&export["profile"]["name"], &export["profile"]["language"]),
        (&json!("ada"), &json!("en"))
    );
    assert_eq!(export["sessions"][0]["network"], "127.0.0.1");
    assert_eq!(
        (&export["attendance"][0]["event_id"], &export["attendance"][0]["status"]),
        (&json!(event), &json!("present"))
    );
    assert_eq!(export["expected_at"][0]["event_name"], "Domani");
    assert_eq!(export["events_created"][0]["event_id"], json!(event));
    assert_eq!(
        (&export["posts"][0]["content"], &export["posts_complete"]),
        (&json!("Ciao"), &json!(true))
    );
    let entries = export["audit"].as_array().unwrap();
    let of = |action: &str| entries.iter().find(|entry| entry["action"] == action).unwrap();
    assert_eq!(
        (&of("role.changed")["actor"], &of("role.changed")["network"]),
        (&json!("user:1"), &Value::Null)
    );
    assert_eq!(of("login.success")["network"], "127.0.0.1");
    assert_eq!(export["audit_complete"], true);
    assert!(entries.iter().all(|entry| entry["action"] != "setup.completed"), "another's");
}

#[tokio::test]
async fn no_secret_is_in_it() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let text = app.get("/me/export", Some(&ada)).await.expect(200).to_string();
    for secret in ["argon2", "hash", "secret", PASSWORD, &ada.access_token, &ada.refresh_token] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn an_administrator_reads_the_same_and_that_is_noted() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    app.audit_until(&admin, |all| all.len() == 4).await;
    let own = app.get("/me/export", Some(&ada)).await.expect(200);
    let path = format!("/users/{}/export", ada.id);
    let read = app.get(&path, Some(&admin)).await.expect(200);
    for section in ["account", "profile", "sessions", "attendance", "posts"] {
        assert_eq!(own[section], read[section], "{section}");
    }
    let noted =
        |all: &[Value]| all.iter().filter(|entry| entry["action"] == "user.exported").count() == 2;
    let entries = app.audit_until(&admin, noted).await;
    let by: Vec<_> = entries
        .iter()
        .filter(|entry| entry["action"] == "user.exported")
        .map(|entry| (entry["actor"]["id"].as_u64().unwrap(), entry["target"].clone()))
        .collect();
    assert_eq!(by, [(admin.id, json!("user:2")), (ada.id, json!("user:2"))]);
}

#[tokio::test]
async fn nobody_reads_about_others_or_about_nobody() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let staff = app.person_as(&admin, "bob", "staff").await;
    for person in [&ada, &staff] {
        app.get("/users/1/export", Some(person)).await.expect_problem(403, "FORBIDDEN");
    }
    app.get("/users/99/export", Some(&admin)).await.expect_problem(404, "USER_NOT_FOUND");
}
