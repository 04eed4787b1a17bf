//! Scans, holds, and every reason why one is not taken.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, Person, START};

/// An event that starts at 09:00 in Rome, an hour after the clock does, and lasts an hour.
async fn lesson(app: &Appliance, staff: &Person, changes: Value) -> String {
    let mut body = json!({
        "name": "Lezione", "date": "2026-11-23", "mode": "static",
        "starts_at": "2026-11-23T09:00:00+01:00", "ends_at": "2026-11-23T10:00:00+01:00",
        "open_early_minutes": 15, "late_after_minutes": 10,
    });
    let Value::Object(changes) = changes else { panic!("not an object") };
    body.as_object_mut().unwrap().extend(changes);
    let event = app.post("/events", Some(staff), body).await.expect(201);
    event["event_id"].as_str().unwrap().to_owned()
}

async fn shown_code(app: &Appliance, staff: &Person, event: &str) -> String {
    app.code(staff, event).await["code"].as_str().unwrap().to_owned()
}

async fn hold(app: &Appliance, code: &str) -> Answer {
    app.post("/scans/holds", None, json!({ "code": code })).await
}

/// A hold that was given, with the cookie of the browser that it is for.
async fn held(app: &Appliance, code: &str) -> Value {
    let answer = hold(app, code).await;
    let mut held = answer.expect(201);
    held["cookie"] = answer.header("set-cookie").split(';').next().into();
    held
}

async fn redeem(app: &Appliance, person: &Person, held: &Value, nonce: &str) -> Answer {
    let body = json!({ "hold": held["hold"], "nonce": nonce });
    let request = app.client.post(app.url("/api/v1/scans")).bearer_auth(&person.access_token);
    let request = match held["cookie"].as_str() {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    };
    app.send(request.json(&body)).await
}

/// Moves the clock to some minutes after the start of the tests, and renews a person's login.
async fn at_minute(app: &Appliance, minutes: i64, person: &mut Person) {
    app.clock.set(START.plus_minutes(minutes));
    *person = app.login(&person.email).await;
}

#[tokio::test]
async fn a_scan_is_recorded_once_and_then_already_was() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    let code = shown_code(&app, &admin, &event).await;
    app.advance(60);
    let first = app.scan(&ada, &code, "nonce-0001").await.expect(201);
    let expected = json!({
        "outcome": "recorded", "event_id": event, "event_name": "Corso", "status": "present",
        "minutes_late": null, "scanned_at": "2026-11-23T07:01:00.000Z",
    });
    assert_eq!(first, expected);
    app.advance(60);
    let mut second = app.scan(&ada, &code, "nonce-0002").await.expect(200);
    assert_eq!(second["outcome"].take(), "already_recorded");
    let mut first = first;
    first["outcome"].take();
    assert_eq!(second, first, "it tells the first time");
}

#[tokio::test]
async fn a_code_is_read_in_every_form_that_a_person_may_send() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let shown = app.code(&admin, &event).await;
    let (code, link) = (shown["code"].as_str().unwrap(), shown["url"].as_str().unwrap());
    let typed = shown["typed_code"].as_str().unwrap();
    let spaced = format!(" {} {}", &typed[..4], &typed[4..]);
    let forms = [
        json!({ "code": code }),
        json!({ "code": link }),
        json!({ "code": link.to_lowercase() }),
        json!({ "code": format!(" {}\n", code.to_lowercase()) }),
        json!({ "code": format!("{link}/?utm=x#y") }),
        json!({ "typed_code": typed }),
        json!({ "typed_code": spaced }),
        json!({ "code": code, "typed_code": null, "hold": null }),
    ];
    for (number, mut scan) in forms.into_iter().enumerate() {
        let person = app.person(&format!("person{number}")).await;
        scan["nonce"] = "nonce-0001".into();
        let answer = app.post("/scans", Some(&person), scan.clone()).await;
        assert_eq!(answer.expect(201)["event_id"], event, "{scan}");
    }
}

#[tokio::test]
async fn a_hold_made_before_registering_counts_as_of_then() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let code = shown_code(&app, &admin, &event).await;
    let held = held(&app, &code).await;
    let another = self::held(&app, &code).await;
    assert_eq!(held["event_name"], "Corso");
    assert_eq!(held["expires_at"], "2026-11-23T07:10:00.000Z");

    app.advance(120);
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    app.scan(&ada, &code, "nonce-0001").await.expect_problem(410, "CODE_EXPIRED");
    let scan = redeem(&app, &ada, &held, "nonce-0002").await.expect(201);
    assert_eq!(scan["scanned_at"], "2026-11-23T07:00:00.000Z");
    let rows = app.get(&format!("/events/{event}/attendance"), Some(&admin)).await.expect(200);
    assert_eq!(rows["items"][0]["source"], "hold", "staff see how it came");
    app.advance(479);
    let late = redeem(&app, &bob, &another, "nonce-0001").await.expect(201);
    assert_eq!(late["scanned_at"], "2026-11-23T07:09:59.000Z", "as of now after two minutes");
}

#[tokio::test]
async fn a_hold_is_worth_nothing_after_ten_minutes_or_when_it_was_changed() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let held = held(&app, &shown_code(&app, &admin, &event).await).await;
    let ada = app.person("ada").await;
    let mut changed = held["hold"].as_str().unwrap().to_owned();
    let last = if changed.pop() == Some('0') { '1' } else { '0' };
    changed.push(last);
    let changed = json!({ "hold": changed, "cookie": held["cookie"] });
    let forged = redeem(&app, &ada, &changed, "nonce-0001").await;
    forged.expect_problem(404, "CODE_INVALID");
    app.advance(600);
    redeem(&app, &ada, &held, "nonce-0001").await.expect_problem(410, "CODE_EXPIRED");
}

#[tokio::test]
async fn a_hold_is_for_a_fresh_code_alone() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let code = shown_code(&app, &admin, &event).await;
    let held = held(&app, &code).await;
    let of_hold = hold(&app, held["hold"].as_str().unwrap()).await;
    of_hold.expect_problem(404, "CODE_INVALID");
    hold(&app, "").await.expect_problem(404, "CODE_INVALID");
    app.advance(30);
    hold(&app, &code).await.expect_problem(410, "CODE_EXPIRED");
}

#[tokio::test]
async fn a_hold_is_for_one_person_and_for_the_browser_that_asked_for_it() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let held = held(&app, &shown_code(&app, &admin, &event).await).await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let others = self::held(&app, &shown_code(&app, &admin, &event).await).await;
    assert_ne!(held["cookie"], others["cookie"]);
    for cookie in [Value::Null, others["cookie"].clone(), json!("__Host-hold=A")] {
        let elsewhere = json!({ "hold": held["hold"], "cookie": cookie });
        let refused = redeem(&app, &ada, &elsewhere, "nonce-0001").await;
        refused.expect_problem(403, "HOLD_OF_ANOTHER_BROWSER");
    }
    redeem(&app, &ada, &held, "nonce-0001").await.expect(201);
    redeem(&app, &ada, &held, "nonce-0001").await.expect(201);
    redeem(&app, &ada, &held, "nonce-0002").await.expect(200);
    redeem(&app, &bob, &held, "nonce-0001").await.expect_problem(409, "HOLD_SPENT");
    redeem(&app, &bob, &others, "nonce-0001").await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_people_with_one_hold_at_once_one_gets_in() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let held = held(&app, &shown_code(&app, &admin, &event).await).await;
    let mut people = Vec::new();
    for number in 0..20 {
        people.push(app.person(&format!("person{number}")).await);
    }
    let scans = people.iter().map(|person| redeem(&app, person, &held, "nonce-0001"));
    let answers = futures_util::future::join_all(scans).await;
    let recorded = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(recorded, 1);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.expect_problem(409, "HOLD_SPENT");
    }
}

#[tokio::test]
async fn a_browser_that_has_a_cookie_keeps_it_for_its_next_hold() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let code = shown_code(&app, &admin, &event).await;
    let first = held(&app, &code).await;
    let request = app.client.post(app.url("/api/v1/scans/holds"));
    let request = request.header("cookie", first["cookie"].as_str().unwrap());
    let again = app.send(request.json(&json!({ "code": code }))).await;
    let set = again.header("set-cookie").to_owned();
    assert!(set.starts_with(first["cookie"].as_str().unwrap()), "{set}");
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(set.contains(attribute), "{attribute} in {set}");
    }
    assert_ne!(again.expect(201)["hold"], first["hold"]);
}

#[tokio::test]
async fn the_same_nonce_gets_the_same_answer_even_after_the_code_has_expired() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "rotating").await;
    let shown = app.code(&admin, &event).await;
    let by_code = json!({ "code": shown["code"], "nonce": "nonce-0001" });
    let by_digits = json!({ "typed_code": shown["typed_code"], "nonce": "nonce-0001" });
    let first = app.post("/scans", Some(&ada), by_code.clone()).await.expect(201);
    app.advance(300);
    for scan in [by_code, by_digits] {
        let again = app.post("/scans", Some(&ada), scan).await;
        assert_eq!(again.expect(201), first);
    }
    let statistics = app.get(&format!("/events/{event}/statistics"), Some(&admin)).await;
    assert_eq!(statistics.expect(200)["recorded"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_scans_of_one_person_at_once_are_one() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    let code = shown_code(&app, &admin, &event).await;
    let nonces: Vec<_> = (0..20).map(|number| format!("nonce-{number:04}")).collect();
    let scans = nonces.iter().map(|nonce| app.scan(&ada, &code, nonce));
    let answers = futures_util::future::join_all(scans).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 19);
    let list = app.get(&format!("/events/{event}/attendance"), Some(&admin)).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["statistics"]["present"], 1);
}

#[tokio::test]
async fn a_rotating_code_is_taken_for_one_more_window() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "rotating").await;
    let shown = app.code(&admin, &event).await;
    let scan = |person: Person, name: &'static str| {
        let scan = json!({ name: shown[name], "nonce": "nonce-0001" });
        let app = &app;
        async move { app.post("/scans", Some(&person), scan).await }
    };
    app.advance(29);
    scan(app.person("ada").await, "code").await.expect(201);
    scan(app.person("bob").await, "typed_code").await.expect(201);
    app.advance(1);
    let eve = app.person("eve").await;
    scan(eve.clone(), "code").await.expect_problem(410, "CODE_EXPIRED");
    scan(eve, "typed_code").await.expect_problem(404, "CODE_INVALID");
}

#[tokio::test]
async fn a_scan_outside_of_the_opening_hours_is_told_so() {
    let app = Appliance::start().await;
    let (mut admin, mut ada) = (app.admin().await, app.person("ada").await);
    let event = lesson(&app, &admin, json!({})).await;
    let code = shown_code(&app, &admin, &event).await;
    at_minute(&app, 44, &mut ada).await;
    app.scan(&ada, &code, "nonce-0001").await.expect_problem(409, "TOO_EARLY");
    hold(&app, &code).await.expect_problem(409, "TOO_EARLY");
    at_minute(&app, 120, &mut ada).await;
    app.scan(&ada, &code, "nonce-0001").await.expect_problem(409, "CLOSED");
    hold(&app, &code).await.expect_problem(409, "CLOSED");
    at_minute(&app, 119, &mut admin).await;
    let statistics = app.get(&format!("/events/{event}/statistics"), Some(&admin)).await;
    assert_eq!(statistics.expect(200)["recorded"], 0, "a refusal records nobody");
}

#[tokio::test]
async fn a_scan_is_in_time_or_late_by_whole_minutes() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = lesson(&app, &admin, json!({})).await;
    let code = shown_code(&app, &admin, &event).await;
    let cases = [
        (45, "present", Value::Null),
        (70, "present", Value::Null),
        (71, "late", json!(11)),
        (119, "late", json!(59)),
    ];
    for (minutes, status, late) in cases {
        app.clock.set(START.plus_minutes(minutes));
        let person = app.person(&format!("person{minutes}")).await;
        let scan = app.scan(&person, &code, "nonce-0001").await.expect(201);
        assert_eq!((scan["status"].as_str(), &scan["minutes_late"]), (Some(status), &late));
    }
}

#[tokio::test]
async fn a_hold_made_before_the_close_is_taken_after_it_and_late_by_when_it_is_redeemed() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = lesson(&app, &admin, json!({})).await;
    let code = shown_code(&app, &admin, &event).await;
    app.clock.set(START.plus_minutes(70));
    let in_time = held(&app, &code).await;
    app.clock.set(START.plus_minutes(72));
    let ada = app.person("ada").await;
    let scan = redeem(&app, &ada, &in_time, "nonce-0001").await.expect(201);
    assert_eq!(scan["status"], "present");
    app.clock.set(START.plus_minutes(119));
    let last = held(&app, &code).await;
    app.clock.set(START.plus_minutes(125));
    let bob = app.person("bob").await;
    assert_eq!(redeem(&app, &bob, &last, "nonce-0001").await.expect(201)["minutes_late"], 65);
}

#[tokio::test]
async fn who_is_not_on_the_list_is_refused_even_with_a_hold() {
    let app = Appliance::start().await;
    let (admin, ada, eve) = (app.admin().await, app.person("ada").await, app.person("eve").await);
    let body = json!({
        "name": "Riservato", "date": "2026-11-23", "mode": "static", "expected": [ada.id],
    });
    let event = app.post("/events", Some(&admin), body).await.expect(201);
    let event = event["event_id"].as_str().unwrap();
    let code = shown_code(&app, &admin, event).await;
    app.scan(&ada, &code, "nonce-0001").await.expect(201);
    app.scan(&eve, &code, "nonce-0001").await.expect_problem(403, "NOT_EXPECTED");
    let held = held(&app, &code).await;
    redeem(&app, &eve, &held, "nonce-0002").await.expect_problem(403, "NOT_EXPECTED");
    let statistics = app.get(&format!("/events/{event}/statistics"), Some(&admin)).await;
    let statistics = statistics.expect(200);
    assert_eq!((&statistics["recorded"], &statistics["attendance_rate"]), (&json!(1), &json!(1.0)));
}

/// The code with the characters of `from..to` taken from another one.
fn spliced(code: &str, other: &str, from: usize, to: usize) -> String {
    format!("{}{}{}", &code[..from], &other[from..to], &code[to..])
}

#[tokio::test]
async fn a_code_is_good_for_its_own_event_and_window_alone() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let first = app.event(&admin, "Prima", "rotating").await;
    let second = app.event(&admin, "Seconda", "rotating").await;
    let of_first = shown_code(&app, &admin, &first).await;
    let of_second = shown_code(&app, &admin, &second).await;
    app.advance(15);
    let later = shown_code(&app, &admin, &first).await;
    // 29 characters of base32 hold 4 bytes of event, 4 of window and 10 of seal.
    let forgeries = [
        spliced(&of_first, &of_second, 0, 7),
        spliced(&of_second, &of_first, 0, 7),
        spliced(&of_first, &later, 0, 13),
        spliced(&later, &of_first, 0, 13),
        spliced(&later, &of_second, 13, 29),
    ];
    for code in &forgeries {
        assert!(![&of_first, &of_second, &later].contains(&code));
        app.scan(&ada, code, "nonce-0001").await.expect_problem(404, "CODE_INVALID");
        hold(&app, code).await.expect_problem(404, "CODE_INVALID");
    }
    let scan = app.scan(&ada, &of_second, "nonce-0001").await.expect(201);
    assert_eq!(scan["event_id"], second);
    let scan = app.scan(&ada, &later, "nonce-0001").await.expect(201);
    assert_eq!(scan["event_id"], first, "a nonce is known at its own event alone");
}

#[tokio::test]
async fn a_code_of_another_appliance_is_none_here() {
    let (app, other) = (Appliance::start().await, Appliance::start().await);
    let ada = app.person("ada").await;
    let (admin, stranger) = (app.admin().await, other.admin().await);
    app.event(&admin, "Corso", "static").await;
    other.event(&stranger, "Corso", "static").await;
    let code = shown_code(&other, &stranger, "corso-2026-11-23").await;
    app.scan(&ada, &code, "nonce-0001").await.expect_problem(404, "CODE_INVALID");
}

#[tokio::test]
async fn a_forged_code_tells_nothing_even_to_whoever_was_recorded() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    let code = shown_code(&app, &admin, &event).await;
    app.scan(&ada, &code, "nonce-0001").await.expect(201);
    let last = if code.ends_with('0') { "1" } else { "0" };
    let forged = format!("{}{last}", &code[..code.len() - 1]);
    app.scan(&ada, &forged, "nonce-0001").await.expect_problem(404, "CODE_INVALID");
}
