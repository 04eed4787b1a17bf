//! Displays: screens that show the code of one event and do nothing else.

use serde_json::{Value, json};

use crate::{
    openapi::{document, operations},
    support::{Answer, Appliance, Person},
};

const DAY: i64 = 86_400;

async fn make(app: &Appliance, staff: &Person, event: &str) -> Value {
    let path = format!("/events/{event}/display-tokens");
    app.post(&path, Some(staff), json!({ "note": "Aula magna" })).await.expect(201)
}

/// What shows the token of a display.
fn screen(made: &Value) -> Person {
    Person {
        id: 0,
        email: String::new(),
        access_token: made["token"].as_str().unwrap().to_owned(),
        refresh_token: String::new(),
    }
}

async fn code(app: &Appliance, screen: &Person, event: &str) -> Answer {
    app.get(&format!("/events/{event}/code"), Some(screen)).await
}

#[tokio::test]
async fn a_display_shows_its_event_and_the_code_that_staff_see() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "rotating").await;
    let made = make(&app, &admin, &event).await;
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("dt_") && token.len() == 80, "{token}");
    assert_eq!(made["url"], format!("https://localhost:8443/app/display#{token}"));
    let screen = screen(&made);
    let shown = code(&app, &screen, &event).await.expect(200);
    assert_eq!(shown, app.code(&admin, &event).await);
    app.scan(&ada, shown["code"].as_str().unwrap(), "nonce-0001").await.expect(201);
    let about = app.get("/display", Some(&screen)).await.expect(200);
    assert_eq!(about["statistics"]["recorded"], 1);
    for (key, value) in [
        ("event_id", json!(event)),
        ("name", json!("Corso")),
        ("date", json!("2026-11-23")),
        ("timezone", json!("Europe/Rome")),
        ("starts_at", Value::Null),
        ("closes_at", json!("2026-11-23T23:00:00.000Z")),
        ("mode", json!("rotating")),
        ("is_active", json!(true)),
        ("server_time", json!("2026-11-23T07:00:00.000Z")),
    ] {
        assert_eq!(about[key], value, "{key}");
    }
}

#[tokio::test]
async fn a_display_does_nothing_else_and_knows_no_other_event() {
    let app = Appliance::start_with(&[("rate_limit.enabled", "false")]).await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let other = app.event(&admin, "Laboratorio", "static").await;
    let screen = screen(&make(&app, &admin, &event).await);
    code(&app, &screen, &other).await.expect_problem(403, "DISPLAY_NOT_ALLOWED");
    code(&app, &screen, "nowhere").await.expect_problem(403, "DISPLAY_NOT_ALLOWED");
    let mut for_displays = Vec::new();
    for operation in operations(&document()) {
        let ways = operation.described["security"].to_string();
        if ways.contains("displayToken") {
            for_displays.push(operation.id);
        } else if ways.contains("bearer") {
            let request = app.client.request(operation.method.clone(), app.url(&operation.path));
            let answer = app.send(request.bearer_auth(&screen.access_token)).await;
            answer.expect_problem(403, "DISPLAY_NOT_ALLOWED");
        }
    }
    for_displays.sort();
    assert_eq!(for_displays, ["getDisplay", "getEventCode"]);
    let answer = app.send(app.client.get(app.url("/metrics")).bearer_auth("dt_0")).await;
    assert_eq!(answer.status, 200, "this network may");
}

#[tokio::test]
async fn what_is_for_displays_is_for_nobody_else() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    app.get("/display", Some(&admin)).await.expect_problem(403, "DISPLAY_ONLY");
    app.get("/display", None).await.expect_problem(401, "TOKEN_MISSING");
    for forged in ["dt_", "dt_0", &format!("dt_{}", "0".repeat(77))] {
        let screen = screen(&json!({ "token": forged }));
        app.get("/display", Some(&screen)).await.expect_problem(401, "DISPLAY_INVALID");
    }
}

#[tokio::test]
async fn a_revoked_display_shows_nothing_from_its_next_request_on() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let other = app.event(&admin, "Laboratorio", "static").await;
    let (made, kept) = (make(&app, &admin, &event).await, make(&app, &admin, &event).await);
    code(&app, &screen(&made), &event).await.expect(200);
    let id = made["id"].as_str().unwrap();
    let elsewhere = format!("/events/{other}/display-tokens/{id}");
    app.delete(&elsewhere, &admin).await.expect_problem(404, "DISPLAY_NOT_FOUND");
    let path = format!("/events/{event}/display-tokens/{id}");
    app.delete(&path, &admin).await.expect(204);
    code(&app, &screen(&made), &event).await.expect_problem(401, "DISPLAY_INVALID");
    code(&app, &screen(&kept), &event).await.expect(200);
    app.delete(&path, &admin).await.expect_problem(404, "DISPLAY_NOT_FOUND");
    let nowhere = format!("/events/nowhere/display-tokens/{id}");
    app.delete(&nowhere, &admin).await.expect_problem(404, "EVENT_NOT_FOUND");
}

#[tokio::test]
async fn the_displays_of_an_event_are_listed_without_their_tokens() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let staff = app.person_as(&admin, "bea", "staff").await;
    let event = app.event(&admin, "Corso", "static").await;
    let first = make(&app, &admin, &event).await;
    app.advance(1);
    let second = make(&app, &staff, &event).await;
    let path = format!("/events/{event}/display-tokens");
    let listed = app.get(&path, Some(&staff)).await.expect(200);
    let item = |made: &Value, at: &str, by: u64| json!({ "id": made["id"], "note": "Aula magna", "created_at": at, "created_by": by });
    let expected = [
        item(&first, "2026-11-23T07:00:00.000Z", admin.id),
        item(&second, "2026-11-23T07:00:01.000Z", staff.id),
    ];
    assert_eq!(listed["items"], json!(expected));
    let nowhere = "/events/nowhere/display-tokens";
    app.get(nowhere, Some(&staff)).await.expect_problem(404, "EVENT_NOT_FOUND");
    app.post(nowhere, Some(&staff), json!({})).await.expect_problem(404, "EVENT_NOT_FOUND");
}

#[tokio::test]
async fn a_display_ends_with_its_event() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let screen = screen(&make(&app, &admin, &event).await);
    app.get("/display", Some(&screen)).await.expect(200);
    app.delete(&format!("/events/{event}"), &admin).await.expect(204);
    app.get("/display", Some(&screen)).await.expect_problem(401, "DISPLAY_INVALID");
    // The same name makes the same public id, and still another event.
    assert_eq!(app.event(&admin, "Corso", "static").await, event);
    app.get("/display", Some(&screen)).await.expect_problem(401, "DISPLAY_INVALID");
}

#[tokio::test]
async fn a_display_ends_a_day_after_its_event_has_closed() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let screen = screen(&make(&app, &admin, &event).await);
    // It closes at midnight in Rome, sixteen hours from now.
    app.advance(16 * 3_600);
    code(&app, &screen, &event).await.expect_problem(409, "CLOSED");
    app.advance(DAY - 1);
    app.get("/display", Some(&screen)).await.expect(200);
    app.advance(1);
    app.get("/display", Some(&screen)).await.expect_problem(401, "DISPLAY_INVALID");
    let clock = app.clock.clone();
    let app = Appliance::start_in(app.stop().await, clock, &[]).await;
    let admin = app.login("capo").await;
    let path = format!("/events/{event}/display-tokens");
    app.post(&path, Some(&admin), json!({})).await.expect_problem(409, "CLOSED");
    for _ in 0..500 {
        let listed = app.get(&path, Some(&admin)).await.expect(200);
        if listed["items"] == json!([]) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it was never forgotten");
}

#[tokio::test]
async fn displays_leave_a_trail_without_tokens_and_notes() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let made = make(&app, &admin, &event).await;
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    app.delete(&format!("/events/{event}/display-tokens/{id}"), &admin).await.expect(204);
    let trail = app
        .audit_until(&admin, |all| all.iter().any(|e| e["action"] == "display_token.revoked"))
        .await;
    let entry = |action: &str| trail.iter().find(|entry| entry["action"] == action).unwrap();
    let described = json!({ "display": &id[..16] });
    assert_eq!(entry("display_token.created")["after"], described);
    assert_eq!(entry("display_token.revoked")["before"], described);
    assert_eq!(entry("display_token.created")["target"], format!("event:{event}"));
    let text = serde_json::to_string(&trail).unwrap();
    assert!(!text.contains(&token[30..]) && !text.contains("Aula"));
}
