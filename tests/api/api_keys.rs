//! API keys: what a machine may do for a person, and from when on no more.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    openapi::{document, operations},
    support::{Answer, Appliance, Person},
};

/// Every scope.
const SCOPES: [&str; 5] =
    ["social:write", "social:read", "attendance:read", "attendance:write", "metrics:read"];

/// Somebody who shows `secret`.
fn bearing(secret: &str) -> Person {
    Person {
        id: 0,
        email: String::new(),
        access_token: secret.to_owned(),
        refresh_token: String::new(),
    }
}

async fn make(app: &Appliance, admin: &Person, owner: u64, scopes: &[&str]) -> Value {
    let body = json!({ "name": "Sonda", "scopes": scopes, "owner_id": owner });
    app.post("/auth/api-keys", Some(admin), body).await.expect(201)
}

/// A key of `owner`, as what shows it.
async fn key(app: &Appliance, admin: &Person, owner: &Person, scopes: &[&str]) -> Person {
    let made = make(app, admin, owner.id, scopes).await;
    bearing(made["secret"].as_str().unwrap())
}

async fn listed(app: &Appliance, admin: &Person) -> Vec<Value> {
    let page = app.get("/auth/api-keys", Some(admin)).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

fn post() -> Value {
    json!({
        "social": "instagram", "timestamp": "2026-11-23T09:30:00+01:00", "content": "Ciao",
        "status": "published",
    })
}

async fn report(app: &Appliance, key: &Person) -> Answer {
    app.post("/social/logs", Some(key), post()).await
}

async fn metrics(app: &Appliance, key: &Person) -> Answer {
    app.send(app.client.get(app.url("/metrics")).bearer_auth(&key.access_token)).await
}

#[tokio::test]
async fn a_new_key_is_answered_with_its_secret_and_listed_without() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = json!({
        "name": " Instagram ", "scopes": ["social:write", "social:read", "social:write"],
        "expires_at": "2027-01-01T00:00:00Z",
    });
    let made = app.post("/auth/api-keys", Some(&admin), body).await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("ak_") && secret.len() == 80, "{secret}");
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(listed(&app, &admin).await, [expected.clone()]);
    let id = expected["id"].take();
    assert_eq!(id.as_str().unwrap().len(), 32);
    assert_eq!(
        expected,
        json!({
            "id": null, "name": "Instagram", "owner": { "id": admin.id, "username": "capo" },
            "scopes": ["social:write", "social:read"], "created_at": "2026-11-23T07:00:00.000Z",
            "expires_at": "2027-01-01T00:00:00.000Z", "last_used_at": null, "last_network": null,
        })
    );
}

#[tokio::test]
async fn every_bad_field_of_a_new_key_is_named() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let fields = async |body: Value| {
        let answer = app.post("/auth/api-keys", Some(&admin), body).await;
        let problem = answer.expect_problem(422, "VALIDATION_FAILED");
        let errors = problem["errors"].as_array().unwrap().clone();
        errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let body = json!({ "name": " ", "scopes": [], "expires_at": "2026-11-23T07:00:00Z" });
    assert_eq!(fields(body).await, ["name", "scopes", "expires_at"]);
    let body = json!({ "name": "a", "scopes": ["metrics:read"], "owner_id": 99 });
    assert_eq!(fields(body).await, ["owner_id"]);
    let body = json!({ "name": "a", "scopes": ["everything"] });
    assert!(fields(body).await[0].starts_with("scopes"));
    assert!(listed(&app, &admin).await.is_empty());
}

#[tokio::test]
async fn a_key_does_what_each_of_its_scopes_says() {
    let app = Appliance::start_with(&[("access.metrics_networks", "[]")]).await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    let attendance = format!("/events/{event}/attendance");
    let statistics = format!("/events/{event}/statistics");
    for scope in SCOPES {
        let key = key(&app, &admin, &admin, &[scope]).await;
        let may = |wanted: &str, good: u16, answer: Answer| {
            if scope == wanted {
                assert_eq!(answer.status.as_u16(), good, "{scope}: {}", answer.text());
            } else {
                answer.expect_problem(403, "SCOPE_MISSING");
            }
        };
        may("social:write", 201, report(&app, &key).await);
        may("social:read", 200, app.get("/social/logs", Some(&key)).await);
        for path in ["/events", &format!("/events/{event}"), &attendance, &statistics] {
            may("attendance:read", 200, app.get(path, Some(&key)).await);
        }
        may("attendance:write", 201, app.scan(&key, &code, "nonce-of-a-machine").await);
        may("metrics:read", 200, metrics(&app, &key).await);
    }
    let rows = app.get(&attendance, Some(&admin)).await.expect(200);
    assert_eq!(rows["items"][0]["user_id"], admin.id, "{rows}");
}

#[tokio::test]
async fn a_key_may_no_more_than_its_owner() {
    let app = Appliance::start_with(&[("access.metrics_networks", "[]")]).await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let key = key(&app, &admin, &ada, &SCOPES).await;
    report(&app, &key).await.expect(201);
    for path in ["/social/logs", "/events"] {
        app.get(path, Some(&key)).await.expect_problem(403, "FORBIDDEN");
    }
    metrics(&app, &key).await.expect_problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn what_is_for_people_is_refused_to_every_key() {
    let app = Appliance::start_with(&[("rate_limit.enabled", "false")]).await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    assert_eq!(event, "corso-2026-11-23");
    let key = key(&app, &admin, &admin, &SCOPES).await;
    let mut for_keys = Vec::new();
    for operation in operations(&document()) {
        let ways = operation.described["security"].to_string();
        if ways.contains("apiKey") {
            for_keys.push(operation.id);
        } else if ways.contains("bearer") {
            let request = app.client.request(operation.method.clone(), app.url(&operation.path));
            let answer = app.send(request.bearer_auth(&key.access_token)).await;
            answer.expect_problem(403, "KEY_NOT_ALLOWED");
        }
    }
    for_keys.sort();
    let expected = [
        "createScan",
        "getEvent",
        "getEventStatistics",
        "listEventAttendance",
        "listEvents",
        "listSocialLogs",
        "submitSocialLogs",
    ];
    assert_eq!(for_keys, expected);
}

#[tokio::test]
async fn a_demoted_owner_takes_the_key_along_at_once() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let bea = app.person_as(&admin, "bea", "staff").await;
    let key = key(&app, &admin, &bea, &["attendance:read"]).await;
    for _ in 0..3 {
        app.get("/events", Some(&key)).await.expect(200);
        app.set_role(&admin, bea.id, "user").await.expect(200);
        app.get("/events", Some(&key)).await.expect_problem(403, "FORBIDDEN");
        app.set_role(&admin, bea.id, "staff").await.expect(200);
    }
}

#[tokio::test]
async fn a_revoked_key_lets_nobody_in_from_the_next_request_on() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let made = make(&app, &admin, admin.id, &["social:write"]).await;
    let key = bearing(made["secret"].as_str().unwrap());
    report(&app, &key).await.expect(201);
    let path = format!("/auth/api-keys/{}", made["id"].as_str().unwrap());
    app.delete(&path, &admin).await.expect(204);
    let answer = report(&app, &key).await;
    answer.expect_problem(401, "KEY_INVALID");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert!(listed(&app, &admin).await.is_empty());
    app.delete(&path, &admin).await.expect_problem(404, "KEY_NOT_FOUND");
    app.delete("/auth/api-keys/x", &admin).await.expect_problem(404, "KEY_NOT_FOUND");
}

#[tokio::test]
async fn an_expired_key_says_so() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = json!({
        "name": "a", "scopes": ["social:write"], "expires_at": "2026-11-23T07:05:00Z",
    });
    let made = app.post("/auth/api-keys", Some(&admin), body).await.expect(201);
    let key = bearing(made["secret"].as_str().unwrap());
    app.advance(299);
    report(&app, &key).await.expect(201);
    app.advance(1);
    report(&app, &key).await.expect_problem(401, "KEY_EXPIRED");
}

#[tokio::test]
async fn a_key_that_was_made_up_or_changed_is_none() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let key = key(&app, &admin, &admin, &SCOPES).await.access_token;
    let other = make(&app, &admin, admin.id, &SCOPES).await;
    let other = other["secret"].as_str().unwrap().to_owned();
    // The id of one with the secret of another.
    let mixed = format!("{}{}", &key[..30], &other[30..]);
    for forged in
        ["ak_", "ak_0", &key[..79], &format!("{key}0"), &mixed, &key.replace("ak_", "ak_ak_")]
    {
        report(&app, &bearing(forged)).await.expect_problem(401, "KEY_INVALID");
    }
    let jwt = key.replace("ak_", "");
    report(&app, &bearing(&jwt)).await.expect_problem(401, "TOKEN_INVALID");
    report(&app, &bearing(&key)).await.expect(201);
}

#[tokio::test]
async fn guessing_at_keys_is_a_failure_of_the_network() {
    let settings = [("rate_limit.anonymous_failures_per_minute", "5")];
    let app = Appliance::start_with(&settings).await;
    let admin = app.admin().await;
    let made = make(&app, &admin, admin.id, &["social:write"]).await;
    let path = format!("/auth/api-keys/{}", made["id"].as_str().unwrap());
    app.delete(&path, &admin).await.expect(204);
    let revoked = bearing(made["secret"].as_str().unwrap());
    let good = key(&app, &admin, &admin, &["social:write"]).await;
    for _ in 0..5 {
        report(&app, &revoked).await.expect_problem(401, "KEY_INVALID");
    }
    report(&app, &revoked).await.expect_problem(429, "RATE_LIMITED");
    report(&app, &good).await.expect(201);
}

#[tokio::test]
async fn a_busy_key_is_stopped_and_its_owner_is_not() {
    let settings = [("rate_limit.signed_in_per_minute", "8")];
    let app = Appliance::start_with(&settings).await;
    let admin = app.admin().await;
    let key = key(&app, &admin, &admin, &["attendance:read"]).await;
    for _ in 0..8 {
        app.get("/events", Some(&key)).await.expect(200);
    }
    let answer = app.get("/events", Some(&key)).await;
    answer.expect_problem(429, "RATE_LIMITED");
    assert!(answer.header("ratelimit").starts_with("\"signed-in\""));
    app.get("/events", Some(&admin)).await.expect(200);
}

#[tokio::test]
async fn metrics_are_open_to_a_key_from_any_network_and_to_nobody_else() {
    let app = Appliance::start_with(&[("access.metrics_networks", "[]")]).await;
    let admin = app.admin().await;
    app.page("/metrics").await.expect_problem(403, "NETWORK_NOT_ALLOWED");
    metrics(&app, &admin).await.expect_problem(403, "NETWORK_NOT_ALLOWED");
    metrics(&app, &bearing("ak_0")).await.expect_problem(401, "KEY_INVALID");
    let key = key(&app, &admin, &admin, &["metrics:read"]).await;
    let answer = metrics(&app, &key).await;
    assert!(answer.status == 200 && answer.text().contains("appliance_build_info"));
}

#[tokio::test]
async fn the_last_use_of_a_key_is_known_at_once_and_kept_over_a_restart() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let key = key(&app, &admin, &admin, &["social:write"]).await;
    app.advance(90);
    report(&app, &key).await.expect(201);
    let used = listed(&app, &admin).await;
    assert_eq!(used[0]["last_used_at"], "2026-11-23T07:01:30.000Z");
    assert_eq!(used[0]["last_network"], "127.0.0.1");
    let clock = app.clock.clone();
    let app = Appliance::start_in(app.stop().await, clock, &[]).await;
    assert_eq!(listed(&app, &app.login("capo").await).await, used);
    report(&app, &key).await.expect(201);
}

#[tokio::test]
async fn a_busy_key_makes_no_commits() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let key = key(&app, &admin, &admin, &["attendance:read", "metrics:read"]).await;
    app.audit_until(&admin, |all| all.iter().any(|e| e["action"] == "api_key.created")).await;
    let commits = async || {
        let text = metrics(&app, &key).await.text();
        let name = "appliance_commit_batch_size_count{database=\"auth\"} ";
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        line.parse::<f64>().unwrap()
    };
    // The relay clears its outbox a moment later.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = commits().await;
    for _ in 0..50 {
        app.get("/events", Some(&key)).await.expect(200);
    }
    assert!(commits().await - before < 3.0, "fifty requests were written down one by one");
}

#[tokio::test]
async fn keys_are_for_administrators_and_come_in_pages() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let staff = app.person_as(&admin, "bea", "staff").await;
    app.get("/auth/api-keys", Some(&staff)).await.expect_problem(403, "FORBIDDEN");
    for _ in 0..5 {
        make(&app, &admin, admin.id, &["social:read"]).await;
    }
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/auth/api-keys?limit=2{cursor}"), Some(&admin)).await;
        let page = page.expect(200);
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((ids.len(), &ids), (5, &sorted));
}

#[tokio::test]
async fn making_and_revoking_leave_a_trail_without_secrets_and_names() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let made = make(&app, &admin, ada.id, &["social:write"]).await;
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    report(&app, &bearing(secret)).await.expect(201);
    app.delete(&format!("/auth/api-keys/{id}"), &admin).await.expect(204);
    let trail = app
        .audit_until(&admin, |all| all.iter().any(|entry| entry["action"] == "api_key.revoked"))
        .await;
    let entry = |action: &str| trail.iter().find(|entry| entry["action"] == action).unwrap();
    let (created, revoked) = (entry("api_key.created"), entry("api_key.revoked"));
    let described = json!({ "owner": ada.id, "scopes": ["social:write"], "expires_at": null });
    assert_eq!((&created["after"], &revoked["before"]), (&described, &described));
    for entry in [created, revoked] {
        assert_eq!(entry["target"], format!("api-key:{}", &id[..16]));
        assert_eq!(entry["actor"], json!({ "kind": "user", "id": admin.id }));
    }
    let everything = serde_json::to_string(&trail).unwrap()
        + &app.get("/auth/api-keys", Some(&admin)).await.text();
    assert!(!everything.contains(secret) && !everything.contains(&secret[30..]));
    assert!(!everything.contains("Sonda"));
}

#[tokio::test]
async fn a_key_is_not_taken_where_a_password_or_a_refresh_token_is() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let key = key(&app, &admin, &admin, &SCOPES).await;
    let body = json!({ "refresh_token": key.access_token });
    app.post("/auth/refresh", None, body).await.expect_problem(401, "REFRESH_INVALID");
    let body = json!({ "identifier": "capo", "password": key.access_token });
    app.post("/auth/login", None, body).await.expect_problem(401, "INVALID_CREDENTIALS");
    app.api(Method::POST, "/auth/logout", Some(&key), None)
        .await
        .expect_problem(403, "KEY_NOT_ALLOWED");
    report(&app, &key).await.expect(201);
}
