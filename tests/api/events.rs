//! Events and the codes that they show.

use appliance::clock::Time;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Appliance, Person};

async fn shown_as(app: &Appliance, staff: &Person, event: &str, accept: &str) -> Answer {
    let url = app.url(&format!("/api/v1/events/{event}/code"));
    app.send(app.client.get(url).bearer_auth(&staff.access_token).header("accept", accept)).await
}

/// What the QR symbol in a grey picture says.
fn read_symbol(width: usize, height: usize, grey: impl FnMut(usize, usize) -> u8) -> String {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1, "one symbol");
    grids[0].decode().unwrap().1
}

#[tokio::test]
async fn a_whole_day_event_comes_back_with_every_default() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = json!({ "name": " Corso di Rust ", "date": "2026-11-23" });
    let event = app.post("/events", Some(&admin), body).await.expect(201);
    let counts = ["present", "late", "hospital", "family", "emergency", "vacancy", "personal"];
    let counts: Vec<_> = counts
        .into_iter()
        .chain(["not_registered"])
        .map(|status| json!({ "status": status, "count": 0 }))
        .collect();
    let expected = json!({
        "event_id": "corso-di-rust-2026-11-23", "name": "Corso di Rust", "date": "2026-11-23",
        "timezone": "Europe/Rome", "starts_at": null, "ends_at": null, "late_after": null,
        "opens_at": "2026-11-22T23:00:00.000Z", "closes_at": "2026-11-23T23:00:00.000Z",
        "mode": "rotating", "rotation_seconds": 15, "expected": null, "is_active": true,
        "created_by": admin.id, "created_at": "2026-11-23T07:00:00.000Z",
        "statistics": {
            "expected": null, "recorded": 0, "present": 0, "late": 0, "excused": 0,
            "not_registered": 0, "by_status": counts, "attendance_rate": null,
            "rate_formula": "(present + late) / expected",
        },
    });
    assert_eq!(event, expected);
    let read = app.get("/events/corso-di-rust-2026-11-23", Some(&admin)).await;
    assert_eq!(read.expect(200), expected);
    let list = app.get("/events", Some(&admin)).await.expect(200);
    assert_eq!(list, json!({ "items": [expected], "next_cursor": null }));
}

#[tokio::test]
async fn an_event_with_times_opens_is_late_and_closes_by_its_own_minutes() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = json!({
        "name": "Laboratorio", "date": "2026-11-23", "timezone": "America/New_York",
        "starts_at": "2026-11-23T10:00:00-05:00", "ends_at": "2026-11-23T17:00:00Z",
        "open_early_minutes": 30, "late_after_minutes": 5, "close_after_minutes": 20,
        "mode": "static", "expected": [1, 1],
    });
    let event = app.post("/events", Some(&admin), body).await.expect(201);
    assert_eq!(event["starts_at"], "2026-11-23T15:00:00.000Z");
    assert_eq!(event["opens_at"], "2026-11-23T14:30:00.000Z");
    assert_eq!(event["late_after"], "2026-11-23T15:05:00.000Z");
    assert_eq!(event["closes_at"], "2026-11-23T17:20:00.000Z");
    assert_eq!(event["expected"], json!([1]));
    let list = app.get("/events", Some(&admin)).await.expect(200);
    assert_eq!(list["items"][0]["expected"], json!(null), "a list would repeat long lists");
    assert_eq!(list["items"][0]["statistics"]["expected"], 1);
}

#[tokio::test]
async fn an_event_of_the_same_name_and_date_is_refused_with_the_one_that_is_there() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    app.event(&admin, "Corso", "static").await;
    let again = json!({ "name": " CORSO ", "date": "2026-11-23", "mode": "rotating" });
    let problem =
        app.post("/events", Some(&admin), again).await.expect_problem(409, "EVENT_EXISTS");
    assert!(problem["detail"].as_str().unwrap().contains("corso-2026-11-23"));
    let other_day = json!({ "name": "Corso", "date": "2026-11-24" });
    let other = app.post("/events", Some(&admin), other_day).await.expect(201);
    assert_eq!(other["event_id"], "corso-2026-11-24");
    let alike = json!({ "name": "Corso!", "date": "2026-11-23" });
    let alike = app.post("/events", Some(&admin), alike).await.expect(201);
    assert_eq!(alike["event_id"], "corso-2026-11-23-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_events_of_one_name_made_at_once_one_is_made() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = json!({ "name": "Corso", "date": "2026-11-23" });
    let tries = (0..12).map(|_| app.post("/events", Some(&admin), body.clone()));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    let list = app.get("/events", Some(&admin)).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn events_are_listed_the_newest_first_and_page_by_page() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    for name in ["A", "B", "C", "D", "E"] {
        app.event(&admin, name, "static").await;
    }
    let (mut names, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = app.get(&format!("/events{query}"), Some(&admin)).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        names.extend(items.iter().map(|event| event["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
        app.event(&admin, &format!("later {}", names.len()), "static").await;
    }
    assert_eq!(names, ["E", "D", "C", "B", "A"], "what came between two pages moves nothing");
}

#[tokio::test]
async fn a_deactivated_event_takes_no_scans_until_it_is_activated_again() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    let path = format!("/events/{event}");
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();

    let changed = app.patch(&path, &admin, json!({ "is_active": false })).await.expect(200);
    assert_eq!(changed["is_active"], false);
    app.scan(&ada, &code, "nonce-0001").await.expect_problem(409, "EVENT_INACTIVE");
    let shown = app.get(&format!("{path}/code"), Some(&admin)).await;
    shown.expect_problem(409, "EVENT_INACTIVE");
    let hold = app.post("/scans/holds", None, json!({ "code": code })).await;
    hold.expect_problem(409, "EVENT_INACTIVE");

    app.patch(&path, &admin, json!({ "is_active": true })).await.expect(200);
    app.scan(&ada, &code, "nonce-0001").await.expect(201);
}

#[tokio::test]
async fn a_deleted_event_is_gone_with_its_codes_and_attendance() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    app.scan(&ada, &code, "nonce-0001").await.expect(201);

    app.delete(&format!("/events/{event}"), &admin).await.expect(204);

    for path in ["", "/code", "/attendance", "/statistics"] {
        let answer = app.get(&format!("/events/{event}{path}"), Some(&admin)).await;
        answer.expect_problem(404, "EVENT_NOT_FOUND");
    }
    let again = app.delete(&format!("/events/{event}"), &admin).await;
    again.expect_problem(404, "EVENT_NOT_FOUND");
    app.scan(&ada, &code, "nonce-0002").await.expect_problem(404, "CODE_INVALID");
    assert_eq!(app.get("/me/attendance", Some(&ada)).await.expect(200)["items"], json!([]));
    let anew = app.event(&admin, "Corso", "static").await;
    assert_eq!(anew, event, "the name is free again");
    app.scan(&ada, &code, "nonce-0003").await.expect_problem(404, "CODE_INVALID");
}

#[tokio::test]
async fn a_rotating_code_tells_its_window_by_the_servers_clock() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    app.advance(4);
    let code = app.code(&admin, &event).await;
    assert_eq!(code["window_started_at"], "2026-11-23T07:00:00.000Z");
    assert_eq!(code["window_ends_at"], "2026-11-23T07:00:15.000Z");
    assert_eq!(code["next_in_ms"], 11_000);
    assert_eq!(code["server_time"], "2026-11-23T07:00:04.000Z");
    let link = code["url"].as_str().unwrap();
    assert_eq!(link, format!("HTTPS://LOCALHOST:8443/S/{}", code["code"].as_str().unwrap()));
    let typed = code["typed_code"].as_str().unwrap();
    assert!(typed.len() == 8 && typed.bytes().all(|c| c.is_ascii_digit()), "{typed}");

    app.advance(10);
    assert_eq!(app.code(&admin, &event).await["code"], code["code"]);
    app.advance(1);
    let next = app.code(&admin, &event).await;
    assert_ne!(next["code"], code["code"]);
    assert_ne!(next["typed_code"], code["typed_code"]);
}

#[tokio::test]
async fn a_static_code_stays_as_long_as_its_event() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let code = app.code(&admin, &event).await;
    assert_eq!(code["window_ends_at"], "2026-11-23T23:00:00.000Z");
    assert_eq!(code["next_in_ms"], 16 * 3_600_000);
    app.advance(500);
    assert_eq!(app.code(&admin, &event).await["code"], code["code"]);
}

#[tokio::test]
async fn a_code_is_shown_before_its_event_opens_and_not_after_it_closes() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = json!({ "name": "Domani", "date": "2026-11-24" });
    let event = app.post("/events", Some(&admin), body).await.expect(201);
    let event = event["event_id"].as_str().unwrap();
    app.code(&admin, event).await;
    app.clock.set(Time::parse_rfc3339("2026-11-24T23:00:00Z").unwrap());
    let admin = app.login("capo").await;
    let shown = app.get(&format!("/events/{event}/code"), Some(&admin)).await;
    shown.expect_problem(409, "CLOSED");
}

#[tokio::test]
async fn the_png_of_a_code_can_be_read_by_a_camera() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let link = app.code(&admin, &event).await["url"].as_str().unwrap().to_owned();

    let answer = shown_as(&app, &admin, &event, "image/png").await;

    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "image/png"));
    assert_eq!(answer.header("vary"), "Accept");
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&answer.bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (info.width as usize, info.height as usize);
    assert!(width >= 512 && width == height);
    assert_eq!(read_symbol(width, height, |x, y| pixels[y * width + x]), link);
}

#[tokio::test]
async fn the_svg_of_a_code_is_a_picture_without_scripts_that_can_be_read_by_a_camera() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "<script>alert(1)</script>", "static").await;
    let link = app.code(&admin, &event).await["url"].as_str().unwrap().to_owned();

    let answer = shown_as(&app, &admin, &event, "image/svg+xml").await;

    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "image/svg+xml"));
    let svg = answer.text();
    assert!(svg.starts_with("<?xml") && svg.trim_end().ends_with("</svg>"));
    assert!(!svg.contains("script"));
    let modules = dark_modules(&svg);
    let size = modules.iter().map(|(x, y)| *x.max(y)).max().unwrap() + 5;
    let dark = |x: usize, y: usize| modules.contains(&(x / 8, y / 8));
    let read = read_symbol(size * 8, size * 8, |x, y| if dark(x, y) { 0 } else { 255 });
    assert_eq!(read, link);
}

/// The dark modules of a symbol that was drawn as one path of squares (`M16 16h4v4H16V16`), by
/// column and row, with four light ones around.
fn dark_modules(svg: &str) -> std::collections::BTreeSet<(usize, usize)> {
    let (_, path) = svg.split_once(" d=\"").unwrap();
    let squares = path.split('"').next().unwrap().split('M').skip(1);
    let corners: Vec<(usize, usize, usize)> = squares
        .map(|square| {
            let (corner, rest) = square.split_once('h').unwrap();
            let (x, y) = corner.split_once([' ', ',']).unwrap();
            let side = rest.split('v').next().unwrap();
            (x.parse().unwrap(), y.parse().unwrap(), side.parse().unwrap())
        })
        .collect();
    corners.iter().map(|(x, y, side)| (x / side, y / side)).collect()
}

#[tokio::test]
async fn whoever_does_not_ask_for_a_picture_gets_json() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    for accept in ["*/*", "application/json", "text/html", "image/png;q=0.1, application/json"] {
        let answer = shown_as(&app, &admin, &event, accept).await;
        assert!(answer.expect(200)["code"].is_string(), "{accept}");
    }
}

#[tokio::test]
async fn a_change_of_an_event_is_its_activity_alone() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let path = format!("/events/{event}");
    let before = app.get(&path, Some(&admin)).await.expect(200);
    let cases: [(Value, &str); 4] = [
        (json!({}), "is_active"),
        (json!({ "is_active": "no" }), "is_active"),
        (json!({ "is_active": null }), "is_active"),
        (json!({ "is_active": false, "name": "X" }), "name"),
    ];
    for (body, field) in cases {
        let answer = app.patch(&path, &admin, body).await;
        let problem = answer.expect_problem(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    assert_eq!(app.get(&path, Some(&admin)).await.expect(200), before);
    let nowhere =
        app.api(Method::PATCH, "/events/x", Some(&admin), Some(json!({"is_active": true})));
    nowhere.await.expect_problem(404, "EVENT_NOT_FOUND");
}
