//! Whatever a client sends: a refusal in our form that names the field, and nothing written.

use serde_json::{Value, json};

use crate::support::{Appliance, PASSWORD, Person};

/// Whatever is sent is looked at, however often and however much of it.
const UNHURRIED: [(&str, &str); 2] =
    [("rate_limit.enabled", "false"), ("limits.credentials_body_bytes", "1048576")];

/// Everything that the appliance shows of what it keeps.
async fn everything(app: &Appliance, admin: &Person) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["/users", "/events", "/social/logs", "/me/attendance"] {
        all.push(app.get(&format!("{path}?limit=200"), Some(admin)).await.expect(200));
    }
    all
}

/// The actions of the audit trail, the oldest first, once an event of this name is among them.
async fn audited(app: &Appliance, admin: &Person, marker: &str) -> Vec<String> {
    let target = format!("event:{}-2026-11-23", marker.to_lowercase());
    let entries = app.audit_until(admin, |all| all.iter().any(|e| e["target"] == target)).await;
    entries.iter().rev().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

/// An appliance with an administrator and one of everything.
async fn furnished() -> (Appliance, Person) {
    let app = Appliance::start_with(&UNHURRIED).await;
    let admin = app.admin().await;
    // Two files tell the trail of what happened, each in its own time: the first of them is done.
    app.audit_until(&admin, |all| all.len() == 2).await;
    let event = app.event(&admin, "Prima", "static").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    app.scan(&admin, &code, "nonce-0001").await.expect(201);
    (app, admin)
}

/// Sends bodies to one path; checks each refusal, and at the end that nothing was written.
async fn refuses(path: &str, cases: Vec<(Vec<u8>, u16, &str, &str)>) {
    let (app, admin) = furnished().await;
    let before = everything(&app, &admin).await;
    app.event(&admin, "Before", "static").await;
    let audit_before = audited(&app, &admin, "Before").await;
    // Whoever is told that an address or a name is taken is noted, and nothing else is.
    let tells = |code: &&str| matches!(*code, "USER_EXISTS" | "USERNAME_TAKEN");
    let noted = cases.iter().map(|(_, _, code, _)| *code).filter(tells).count();
    for (body, status, code, field) in cases {
        let answer = app.post_bytes(path, Some(&admin), "application/json", body.clone()).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.text());
        let problem = answer.expect_problem(status, code);
        let errors = problem["errors"].as_array().unwrap();
        let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        let expected = if field.is_empty() { vec![] } else { vec![field] };
        assert_eq!(fields, expected, "{shown}");
        assert!(errors.iter().all(|error| error["message"] != ""), "{shown}");
    }
    app.delete("/events/before-2026-11-23", &admin).await.expect(204);
    assert_eq!(everything(&app, &admin).await, before);
    app.event(&admin, "After", "static").await;
    let written = audited(&app, &admin, "After").await.split_off(audit_before.len());
    let mut expected = vec!["registration.refused"; noted];
    expected.extend(["event.deleted", "event.created"]);
    assert_eq!(written, expected, "nothing else was written");
}

/// A body with one member changed; `null` removes it.
fn with(base: &Value, name: &str, value: Value) -> Vec<u8> {
    let mut body = base.clone();
    if value == json!("<missing>") {
        body.as_object_mut().unwrap().remove(name);
    } else {
        body[name] = value;
    }
    body.to_string().into_bytes()
}

/// What is no JSON, or none that can be taken, whatever the operation.
fn malformed() -> Vec<(Vec<u8>, u16, &'static str, &'static str)> {
    let deep = |open: &str, close: &str| (open.repeat(2_000) + &close.repeat(2_000)).into_bytes();
    let bodies = [
        b"".to_vec(),
        b" ".to_vec(),
        b"{".to_vec(),
        br#"{"email": "a@b.it""#.to_vec(),
        br#"{"email": "a@b.it",}"#.to_vec(),
        br#"{"email": 'a@b.it'}"#.to_vec(),
        br"{} {}".to_vec(),
        b"email=a@b.it".to_vec(),
        b"\xff\xfe{}".to_vec(),
        b"{\"email\": \"\xff\"}".to_vec(),
        b"{\"email\": \"\xed\xa0\x80\"}".to_vec(),
        br#"{"email": "\ud800"}"#.to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"email\": \"a\nb\"}".to_vec(),
        br#"{"email": NaN}"#.to_vec(),
        br#"{"email": 1e999}"#.to_vec(),
        deep("[", "]"),
        deep("{\"a\":", "}"),
        b"[".repeat(10_000),
    ];
    bodies.map(|body| (body, 400, "MALFORMED_JSON", "")).to_vec()
}

const INVALID: (u16, &str) = (422, "VALIDATION_FAILED");

fn invalid(body: Vec<u8>, field: &str) -> (Vec<u8>, u16, &'static str, &str) {
    (body, INVALID.0, INVALID.1, field)
}

#[tokio::test]
async fn a_registration_is_read_strictly() {
    let good = json!({
        "email": "eve@example.org", "password": PASSWORD, "name": "Eve", "surname": "X",
        "username": "eve",
    });
    let mut cases = malformed();
    for field in ["email", "password", "name", "surname"] {
        for value in [json!(5), json!(true), json!(["a"]), json!({ "a": 1 }), Value::Null] {
            cases.push(invalid(with(&good, field, value), field));
        }
        cases.push(invalid(with(&good, field, json!("<missing>")), field));
        cases.push(invalid(with(&good, field, json!("a\0b@example.org")), field));
    }
    for value in [json!(5), json!(false), json!([]), json!("a b"), json!("x".repeat(65))] {
        cases.push(invalid(with(&good, "username", value), "username"));
    }
    for name in ["\u{1b}[31m", "a\nb", "a\u{85}b", "a\u{7f}", &"é".repeat(81), "\u{2007}"] {
        cases.push(invalid(with(&good, "name", json!(name)), "name"));
    }
    cases.push(invalid(with(&good, "role", json!("admin")), "role"));
    cases.push(invalid(with(&good, "Email", json!("x@example.org")), "Email"));
    cases.push(invalid(with(&good, "a\0b", json!(1)), "ab"));
    cases.push((with(&good, "email", json!("CAPO@example.org")), 409, "USER_EXISTS", ""));
    cases.push((with(&good, "username", json!("CAPO")), 409, "USERNAME_TAKEN", ""));
    refuses("/auth/register", cases).await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_said_to_be_none() {
    let (app, admin) = furnished().await;
    for body in ["[]", "null", "5", "\"text\"", "true"] {
        let bytes = body.as_bytes().to_vec();
        let answer =
            app.post_bytes("/auth/register", Some(&admin), "application/json", bytes).await;
        let problem = answer.expect_problem(422, "VALIDATION_FAILED");
        assert_eq!(
            problem["errors"],
            json!([{ "field": "", "message": "must be an object" }]),
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_event_is_read_strictly() {
    let good = json!({ "name": "Corso", "date": "2026-11-23" });
    let mut cases = malformed();
    for value in [json!(5), json!(""), json!("  "), json!("a\0"), json!("a\tb"), Value::Null] {
        cases.push(invalid(with(&good, "name", value), "name"));
    }
    cases.push(invalid(with(&good, "name", json!("x".repeat(121))), "name"));
    let dates = [
        "2026-02-30",
        "2026-13-01",
        "2027-02-29",
        "2026-11-23T00:00:00Z",
        "23/11/2026",
        "2026-1-1",
        "20261123",
        "1999-12-31",
        "3000-01-01",
        "-2026-11-23",
        "",
        "today",
    ];
    for date in dates {
        cases.push(invalid(with(&good, "date", json!(date)), "date"));
    }
    cases.push(invalid(with(&good, "date", json!(20_261_123)), "date"));
    for zone in [json!("Mars/Olympus"), json!(""), json!("../etc/passwd"), json!(1)] {
        cases.push(invalid(with(&good, "timezone", zone), "timezone"));
    }
    let times = [
        "2026-02-30T10:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T10:00:00",
        "10:00",
        "2026-11-22T22:59:59Z",
        "2026-11-23T23:00:00Z",
        "9999-12-31T23:59:59Z",
    ];
    for time in times {
        cases.push(invalid(with(&good, "starts_at", json!(time)), "starts_at"));
    }
    cases.push(invalid(with(&good, "starts_at", json!(1_795_417_200)), "starts_at"));
    cases.push(invalid(with(&good, "ends_at", json!("2026-11-23T10:00:00Z")), "starts_at"));
    let mut changed = good.clone();
    changed["starts_at"] = "2026-11-23T10:00:00Z".into();
    for end in ["2026-11-23T10:00:00Z", "2026-11-23T09:00:00Z", "1970-01-01T00:00:00Z"] {
        cases.push(invalid(with(&changed, "ends_at", json!(end)), "ends_at"));
    }
    let too_large = json!(18_446_744_073_709_551_615_u64);
    for field in ["open_early_minutes", "late_after_minutes", "close_after_minutes"] {
        for value in [json!(-1), json!(1_441), json!(4_294_967_296_u64), too_large.clone()] {
            cases.push(invalid(with(&good, field, value), field));
        }
        for value in [json!(1.5), json!("5"), json!([5]), json!(1e300)] {
            cases.push(invalid(with(&good, field, value), field));
        }
    }
    for value in [json!(4), json!(301), json!(0), json!(-15), json!("15"), too_large] {
        cases.push(invalid(with(&good, "rotation_seconds", value), "rotation_seconds"));
    }
    for mode in [json!("spinning"), json!(""), json!("STATIC"), json!(1)] {
        cases.push(invalid(with(&good, "mode", mode), "mode"));
    }
    cases.push(invalid(with(&good, "expected", json!([])), "expected"));
    cases.push(invalid(with(&good, "expected", json!([1, 99])), "expected"));
    cases.push(invalid(with(&good, "expected", json!([0])), "expected"));
    cases.push(invalid(with(&good, "expected", json!("1")), "expected"));
    cases.push(invalid(with(&good, "expected", json!([1, "2"])), "expected.1"));
    cases.push(invalid(with(&good, "expected", json!([-1])), "expected.0"));
    let crowd: Vec<u64> = (1..=5_001).collect();
    cases.push(invalid(with(&good, "expected", json!(crowd)), "expected"));
    cases.push(invalid(with(&good, "is_active", json!(false)), "is_active"));
    cases.push((with(&good, "name", json!(" PRIMA ")), 409, "EVENT_EXISTS", ""));
    refuses("/events", cases).await;
}

#[tokio::test]
async fn a_scan_is_read_strictly() {
    let good = json!({ "code": "A", "nonce": "nonce-0001" });
    let mut cases = malformed();
    for nonce in ["", "short", "nonce 0001", "nonce-000é", "<script>", &"n".repeat(65)] {
        cases.push(invalid(with(&good, "nonce", json!(nonce)), "nonce"));
    }
    for value in [json!(12_345_678), json!(true), Value::Null, json!("<missing>")] {
        cases.push(invalid(with(&good, "nonce", value), "nonce"));
    }
    cases.push(invalid(with(&good, "code", json!("<missing>")), "code"));
    cases.push(invalid(with(&good, "code", Value::Null), "code"));
    cases.push(invalid(with(&good, "code", json!(5)), "code"));
    cases.push(invalid(with(&good, "code", json!("A\0")), "code"));
    cases.push(invalid(with(&good, "hold", json!("B")), "code"));
    cases.push(invalid(with(&good, "typed_code", json!(12_345_678)), "typed_code"));
    cases.push(invalid(with(&good, "user_id", json!(1)), "user_id"));
    cases.push(invalid(with(&good, "scanned_at", json!("2026-11-23T08:00:00Z")), "scanned_at"));
    let codes = ["", " ", "A", "\u{1b}", "🎓", "https://evil.example/S/", &"A".repeat(29)];
    for code in codes.into_iter().chain([&*"A".repeat(500_000)]) {
        cases.push((with(&good, "code", json!(code)), 404, "CODE_INVALID", ""));
    }
    refuses("/scans", cases).await;
}

#[tokio::test]
async fn a_post_of_a_social_network_is_read_strictly() {
    let good = json!({
        "social": "instagram", "timestamp": "2026-11-23T08:30:00Z", "content": "ciao",
        "status": "published",
    });
    let mut cases = malformed();
    for field in ["social", "status"] {
        for value in [json!(""), json!("a\nb"), json!("x".repeat(65)), json!(1), Value::Null] {
            cases.push(invalid(with(&good, field, value), field));
        }
    }
    for value in [json!("\u{1b}[2J"), json!("x".repeat(10_001)), json!(1), json!("\0")] {
        cases.push(invalid(with(&good, "content", value), "content"));
    }
    for value in [json!("2026-02-30T00:00:00Z"), json!("now"), json!(5), Value::Null] {
        cases.push(invalid(with(&good, "timestamp", value), "timestamp"));
    }
    cases.push(invalid(with(&good, "author", json!("user:1")), "author"));
    refuses("/social/logs", cases).await;
}

#[tokio::test]
async fn a_login_with_odd_contents_is_a_failed_login_or_named() {
    let good = json!({ "identifier": "capo@example.org", "password": "wrong" });
    let mut cases = malformed();
    for field in ["identifier", "password"] {
        for value in [json!(5), Value::Null, json!("<missing>"), json!("\0")] {
            cases.push(invalid(with(&good, field, value), field));
        }
    }
    cases.push(invalid(with(&good, "use_cookie", json!("yes")), "use_cookie"));
    cases.push(invalid(with(&good, "captcha", json!("123456")), "captcha"));
    refuses("/auth/login", cases).await;
}

#[tokio::test]
async fn a_very_long_name_or_password_is_a_failed_login_like_any_other() {
    let (app, _) = furnished().await;
    let long = "x".repeat(16_000);
    for (identifier, password) in [(&*long, "p"), ("capo@example.org", &long), ("\u{1b}", "\u{7}")]
    {
        let body = json!({ "identifier": identifier, "password": password });
        let answer = app.post("/auth/login", None, body).await;
        answer.expect_problem(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn a_repeated_member_counts_as_its_last_value() {
    let app = Appliance::start().await;
    let body = format!(
        r#"{{"email":"bad","email":"ada@example.org","name":"A","name":"Ada","surname":"L",
            "password":"{PASSWORD}"}}"#
    );
    let answer = app.post_bytes("/auth/register", None, "application/json", body).await;
    let person = answer.expect(201);
    assert_eq!((&person["email"], &person["name"]), (&json!("ada@example.org"), &json!("Ada")));
}

#[tokio::test]
async fn markup_in_names_is_kept_verbatim_and_sent_as_json() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let markup = r#"<img src=x onerror="alert('1')">&amp;{{7*7}}${x}\"#;
    let body = json!({
        "email": "ada@example.org", "password": PASSWORD, "name": markup, "surname": "O'Neill",
    });
    let answer = app.post("/auth/register", None, body).await;
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.expect(201)["name"], markup);
    let event = app.post("/events", Some(&admin), json!({ "name": markup, "date": "2026-11-23" }));
    let event = event.await.expect(201);
    assert_eq!(event["name"], markup);
    let id = event["event_id"].as_str().unwrap();
    assert!(id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'), "{id}");
    assert_eq!(app.get(&format!("/events/{id}"), Some(&admin)).await.expect(200)["name"], markup);
    let users = app.get("/users", Some(&admin)).await.expect(200);
    assert_eq!(users["items"][1]["name"], markup);
}
