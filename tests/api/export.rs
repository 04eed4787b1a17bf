//! Everything that is held about a person, for them to read.

use serde_json::{Value, json};

use crate::support::{Appliance, PASSWORD, Person};

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

/// An API key of `owner` that reports posts and reads.
async fn machine(app: &Appliance, admin: &Person, owner: &Person) -> Person {
    let body = json!({ "name": "Sonda", "scopes": ["social:write"], "owner_id": owner.id });
    let made = app.post("/auth/api-keys", Some(admin), body).await.expect(201);
    let access_token = made["secret"].as_str().unwrap().to_owned();
    Person { access_token, ..owner.clone() }
}

fn posts(count: usize, content: &str) -> Vec<u8> {
    let post = json!({
        "social": "x", "timestamp": "2026-11-23T06:00:00Z", "content": content, "status": "sent",
    });
    vec![post.to_string(); count].join("\n").into_bytes()
}

async fn report(app: &Appliance, who: &Person, body: Vec<u8>) {
    let request = app.client.post(app.url("/api/v1/social/logs")).bearer_auth(&who.access_token);
    let request = request.header("content-type", "application/x-ndjson").body(body);
    app.send(request).await.expect(201);
}

#[tokio::test]
async fn what_their_api_keys_did_is_in_it_and_what_keys_of_others_did_is_not() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let (own, others) = (machine(&app, &admin, &ada).await, machine(&app, &admin, &admin).await);
    report(&app, &own, posts(70, "by my key")).await;
    report(&app, &ada, posts(1, "by me")).await;
    report(&app, &own, posts(1, "by my key again")).await;
    report(&app, &others, posts(1, "by another's key")).await;
    let export = app.get("/me/export", Some(&ada)).await.expect(200);
    let contents: Vec<_> =
        export["posts"].as_array().unwrap().iter().map(|post| &post["content"]).collect();
    assert_eq!(contents.len(), 72);
    assert_eq!((contents[0], contents[1]), (&json!("by my key again"), &json!("by me")));
    let ids: Vec<_> =
        export["posts"].as_array().unwrap().iter().map(|p| p["id"].as_u64().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "{ids:?}");
}

#[tokio::test]
async fn a_second_export_waits_until_the_first_was_taken_or_left() {
    let app = Appliance::start_with(&[("social.person_mib_per_day", "64")]).await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    for _ in 0..6 {
        report(&app, &ada, posts(75, &"\u{1f393}".repeat(10_000))).await;
    }
    let first = app.client.get(app.url("/api/v1/me/export")).bearer_auth(&ada.access_token);
    let first = first.send().await.unwrap();
    assert_eq!(first.status(), 200);
    let refused = app.get("/me/export", Some(&ada)).await;
    let problem = refused.expect_problem(429, "EXPORT_IN_PROGRESS");
    assert!(!refused.header("retry-after").is_empty(), "{problem}");
    // Others are not in the way.
    let path = format!("/users/{}/export", ada.id);
    let whole = app.get(&path, Some(&admin)).await.expect(200);
    assert_eq!(whole["posts"].as_array().unwrap().len(), 450);
    assert_eq!(app.page("/livez").await.status, 200);
    drop(first);
    let started = std::time::Instant::now();
    let again = loop {
        let answer = app.get("/me/export", Some(&ada)).await;
        if answer.status != 429 {
            break answer;
        }
        assert!(started.elapsed().as_secs() < 60, "{}", answer.text());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(again.expect(200)["posts"].as_array().unwrap().len(), 450);
}
