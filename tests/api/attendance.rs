//! What is read of attendance: one's own history and today, an event's list and figures.

use appliance::clock::Time;
use serde_json::{Value, json};

use crate::support::{Appliance, Person};

fn set(app: &Appliance, time: &str) {
    app.clock.set(Time::parse_rfc3339(time).unwrap());
}

/// Makes an event of these fields and has people scan its static code.
async fn attended(app: &Appliance, staff: &Person, body: Value, people: &[&Person]) -> String {
    let mut body = body;
    body["mode"] = "static".into();
    let event = app.post("/events", Some(staff), body).await.expect(201);
    let event = event["event_id"].as_str().unwrap().to_owned();
    let code = app.code(staff, &event).await["code"].as_str().unwrap().to_owned();
    for person in people {
        app.scan(person, &code, "nonce-0001").await.expect(201);
    }
    event
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|row| row["event_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_row_tells_who_was_where_when_and_how_it_is_known() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let body = json!({ "name": "Corso", "date": "2026-11-23" });
    let event = attended(&app, &admin, body, &[&ada]).await;
    let row = json!({
        "event_id": event, "event_name": "Corso", "user_id": ada.id, "name": "ada",
        "surname": "Prova", "is_deleted": false, "status": "present", "scanned_at": "2026-11-23T07:00:00.000Z",
        "minutes_late": null, "source": "scan", "updated_at": null, "updated_by": null,
        "reason": null,
    });
    let history = app.get("/me/attendance", Some(&ada)).await.expect(200);
    assert_eq!(history, json!({ "items": [row], "next_cursor": null }));
    let today = app.get("/me/attendance/today", Some(&ada)).await.expect(200);
    assert_eq!(today, json!({ "date": "2026-11-23", "items": [row] }));
    let list = app.get(&format!("/events/{event}/attendance"), Some(&admin)).await.expect(200);
    assert_eq!(list["items"], json!([row]));
}

#[tokio::test]
async fn a_history_is_ones_own_and_pages_from_the_newest_on() {
    let app = Appliance::start().await;
    let (admin, ada, bob) = (app.admin().await, app.person("ada").await, app.person("bob").await);
    let mut expected = Vec::new();
    for number in 1..=5 {
        // Two scans of one person at one moment, too.
        app.advance(if number == 3 { 0 } else { 60 });
        let body = json!({ "name": format!("Evento {number}"), "date": "2026-11-23" });
        expected.insert(0, attended(&app, &admin, body, &[&ada]).await);
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = app.get(&format!("/me/attendance{query}"), Some(&ada)).await.expect(200);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        let stolen = app.get(&format!("/me/attendance?cursor={cursor}"), Some(&bob)).await;
        stolen.expect_problem(400, "CURSOR_INVALID");
        query = format!("?limit=2&cursor={cursor}");
        let body = json!({ "name": format!("Dopo {}", seen.len()), "date": "2026-11-23" });
        app.advance(1);
        attended(&app, &admin, body, &[&ada]).await;
    }
    assert_eq!(seen, expected);
    assert_eq!(app.get("/me/attendance", Some(&bob)).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn today_is_the_day_of_each_events_own_zone() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    // 10:00 of Monday in Kiritimati is 21:00 of Sunday in Rome.
    set(&app, "2026-11-22T20:00:00Z");
    let (admin, ada) = (app.login(&admin.email).await, app.login(&ada.email).await);
    let body = |name: &str, date: &str, zone: &str| json!({ "name": name, "date": date, "timezone": zone });
    let east = body("East", "2026-11-23", "Pacific/Kiritimati");
    let east = attended(&app, &admin, east, &[&ada]).await;
    let rome = attended(&app, &admin, body("Rome", "2026-11-22", "Europe/Rome"), &[&ada]).await;
    let west = body("West", "2026-11-22", "Pacific/Pago_Pago");
    let west = attended(&app, &admin, west, &[&ada]).await;

    // The moments just before and at which a day ends in each zone.
    let moments = [
        ("2026-11-22T22:59:59Z", "2026-11-22", vec![&west, &rome, &east]),
        ("2026-11-22T23:00:00Z", "2026-11-23", vec![&west, &east]),
        ("2026-11-23T09:59:59Z", "2026-11-23", vec![&west, &east]),
        ("2026-11-23T10:00:00Z", "2026-11-23", vec![&west]),
        ("2026-11-23T10:59:59Z", "2026-11-23", vec![&west]),
        ("2026-11-23T11:00:00Z", "2026-11-23", vec![]),
    ];
    for (moment, date, events) in moments {
        set(&app, moment);
        let ada = app.login(&ada.email).await;
        let today = app.get("/me/attendance/today", Some(&ada)).await.expect(200);
        assert_eq!(today["date"], date, "{moment}");
        assert_eq!(ids(&today), events, "{moment}");
    }
}

#[tokio::test]
async fn an_event_lists_its_people_by_number_page_by_page_with_the_figures_of_all() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let mut people = Vec::new();
    for name in ["ada", "bob", "eve", "ivo", "lea"] {
        people.push(app.person(name).await);
    }
    let backwards: Vec<_> = people.iter().rev().collect();
    let body = json!({ "name": "Corso", "date": "2026-11-23" });
    let event = attended(&app, &admin, body, &backwards).await;
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let path = format!("/events/{event}/attendance{query}");
        let page = app.get(&path, Some(&admin)).await.expect(200);
        assert_eq!(page["statistics"]["present"], 5, "whatever the page");
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|row| row["user_id"].as_u64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    let expected: Vec<_> = people.iter().map(|person| person.id).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_list_shows_one_status_when_asked_and_knows_no_others() {
    let app = Appliance::start().await;
    let (admin, ada, bob) = (app.admin().await, app.person("ada").await, app.person("bob").await);
    let body = json!({
        "name": "Lezione", "date": "2026-11-23", "starts_at": "2026-11-23T07:00:00Z",
        "late_after_minutes": 5,
    });
    let event = attended(&app, &admin, body, &[&ada]).await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    app.advance(360);
    app.scan(&bob, &code, "nonce-0001").await.expect(201);
    for (status, people) in
        [("present", vec![ada.id]), ("late", vec![bob.id]), ("hospital", vec![])]
    {
        let path = format!("/events/{event}/attendance?status={status}");
        let page = app.get(&path, Some(&admin)).await.expect(200);
        let items = page["items"].as_array().unwrap();
        let found: Vec<_> = items.iter().map(|row| row["user_id"].as_u64().unwrap()).collect();
        assert_eq!(found, people, "{status}");
        assert_eq!(page["statistics"]["recorded"], 2, "whatever the filter");
    }
    for status in ["absent", "PRESENT", ""] {
        let path = format!("/events/{event}/attendance?status={status}");
        let problem = app.get(&path, Some(&admin)).await.expect_problem(400, "INVALID_PARAMETER");
        assert_eq!(problem["errors"][0]["field"], "status");
    }
}

#[tokio::test]
async fn figures_count_who_came_and_after_the_close_who_did_not() {
    let app = Appliance::start().await;
    let (admin, ada, bob) = (app.admin().await, app.person("ada").await, app.person("bob").await);
    let (eve, ivo) = (app.person("eve").await, app.person("ivo").await);
    let body = json!({
        "name": "Lezione", "date": "2026-11-23", "starts_at": "2026-11-23T07:00:00Z",
        "ends_at": "2026-11-23T07:08:00Z", "late_after_minutes": 5,
        "expected": [ada.id, bob.id, eve.id, ivo.id],
    });
    let event = attended(&app, &admin, body, &[&ada]).await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    app.advance(301);
    app.scan(&bob, &code, "nonce-0001").await.expect(201);
    let path = format!("/events/{event}/statistics");
    let mut expected = json!({
        "expected": 4, "recorded": 2, "present": 1, "late": 1, "excused": 0,
        "not_registered": 0, "attendance_rate": 0.5, "rate_formula": "(present + late) / expected",
    });
    let figures = |mut all: Value| {
        let by_status = all.as_object_mut().unwrap().remove("by_status").unwrap();
        (all, by_status)
    };
    let (open, _) = figures(app.get(&path, Some(&admin)).await.expect(200));
    assert_eq!(open, expected, "while it is open nobody is missing");

    app.advance(179);
    let (closed, by_status) = figures(app.get(&path, Some(&admin)).await.expect(200));
    expected["not_registered"] = 2.into();
    assert_eq!(closed, expected);
    let counts: Vec<_> = by_status.as_array().unwrap().iter().map(|s| s["count"].clone()).collect();
    assert_eq!(counts, [1, 1, 0, 0, 0, 0, 0, 2]);
    let event = app.get(&format!("/events/{event}"), Some(&admin)).await.expect(200);
    assert_eq!(event["statistics"]["not_registered"], 2);
    assert_eq!(event["expected"], json!([ada.id, bob.id, eve.id, ivo.id]));
}

#[tokio::test]
async fn a_changed_name_shows_in_the_list_of_a_past_event() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let body = json!({ "name": "Corso", "date": "2026-11-23" });
    let event = attended(&app, &admin, body, &[&ada]).await;
    app.patch("/me", &ada, json!({ "surname": "King" })).await.expect(200);
    let list = app.get(&format!("/events/{event}/attendance"), Some(&admin)).await.expect(200);
    assert_eq!(list["items"][0]["surname"], "King");
}

#[tokio::test]
async fn a_cursor_of_one_event_is_none_of_another() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let both = [&admin, &ada];
    let body = |name: &str| json!({ "name": name, "date": "2026-11-23" });
    let first = attended(&app, &admin, body("Prima"), &both).await;
    let second = attended(&app, &admin, body("Seconda"), &both).await;
    let page = app.get(&format!("/events/{first}/attendance?limit=1"), Some(&admin)).await;
    let cursor = page.expect(200)["next_cursor"].as_str().unwrap().to_owned();
    let path = |event: &str| format!("/events/{event}/attendance?cursor={cursor}");
    app.get(&path(&second), Some(&admin)).await.expect_problem(400, "CURSOR_INVALID");
    app.get(&path(&first), Some(&admin)).await.expect(200);
}
