//! Frames, fields and bodies that cost a server more than whoever sends them.

use reqwest::Version;
use serde_json::json;

use crate::{
    frames::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM,
        SETTINGS, cancel, fields, flood, frame, open, read_until, taken_back,
    },
    support::Appliance,
};

/// Nothing here is ended by a clock.
const PATIENT: [(&str, &str); 5] = [
    ("limits.first_request_seconds", "3600"),
    ("limits.idle_seconds", "3600"),
    ("limits.body_seconds", "3600"),
    ("limits.write_stall_seconds", "3600"),
    ("limits.ping_seconds", "3600"),
];

#[tokio::test]
async fn a_flood_of_frames_that_ask_nothing_ends_its_connection() {
    let app = Appliance::start_with(&PATIENT).await;
    let ping = frame(PING, 0, 0, &[7; 8]).repeat(100);
    let settings = frame(SETTINGS, 0, 0, &[]).repeat(100);
    tokio::join!(
        flood(open(&app).await, move || ping.clone()),
        flood(open(&app).await, move || settings.clone()),
    );
}

#[tokio::test]
async fn a_flood_of_empty_frames_within_a_request_ends_its_connection() {
    let app = Appliance::start_with(&PATIENT).await;
    let (mut data, mut continuation) = (open(&app).await, open(&app).await);
    let login = fields("POST", "/api/v1/auth/login");
    data.send(frame(HEADERS, END_HEADERS, 1, &login)).await;
    continuation.send(frame(HEADERS, 0, 1, &login)).await;
    let empty_data = frame(DATA, 0, 1, &[]).repeat(100);
    let empty_continuation = frame(CONTINUATION, 0, 1, &[]).repeat(100);
    tokio::join!(
        flood(data, move || empty_data.clone()),
        flood(continuation, move || empty_continuation.clone()),
    );
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_their_connection() {
    let app = Appliance::start_with(&PATIENT).await;
    let mut streams = (1_u32..).step_by(2);
    flood(open(&app).await, move || {
        streams.by_ref().take(100).flat_map(taken_back).collect::<Vec<u8>>()
    })
    .await;
}

#[tokio::test]
async fn requests_that_are_taken_back_while_they_are_handled_end_their_connection() {
    let app = Appliance::start_with(&PATIENT).await;
    let mut wire = open(&app).await;
    let login = fields("POST", "/api/v1/auth/login");
    for stream in (1..=401).step_by(2) {
        wire.send(frame(HEADERS, END_HEADERS, stream, &login)).await;
        wire.send(frame(PING, 0, 0, &[7; 8])).await;
        if !read_until(&mut wire, PING, ACK).await {
            assert!(stream > 200, "so few may be taken back: {stream}");
            return;
        }
        wire.send(cancel(stream)).await;
    }
    panic!("they can be taken back for ever");
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_let_go() {
    let mut settings = PATIENT.to_vec();
    settings.extend([("limits.ping_seconds", "1"), ("limits.ping_answer_seconds", "1")]);
    let app = Appliance::start_with(&settings).await;
    open(&app).await.closed().await;
}

#[tokio::test]
async fn more_requests_at_once_than_a_connection_may_have_are_refused() {
    let app = Appliance::start_with(&[("limits.h2_streams", "1")]).await;
    let mut wire = open(&app).await;
    let login = fields("POST", "/api/v1/auth/login");
    wire.send(frame(HEADERS, END_HEADERS, 1, &login)).await;
    wire.send(frame(HEADERS, END_HEADERS, 3, &login)).await;
    assert!(read_until(&mut wire, RST_STREAM, 0).await);
}

#[tokio::test]
async fn an_http_2_connection_that_was_answered_and_asks_no_more_is_closed() {
    let app = Appliance::start_with(&[("limits.idle_seconds", "1")]).await;
    let mut wire = open(&app).await;
    wire.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields("GET", "/livez"))).await;
    assert!(read_until(&mut wire, DATA, 0).await);
    assert!(read_until(&mut wire, GOAWAY, 0).await, "it is told");
    wire.closed().await;
}

#[tokio::test]
async fn a_head_with_too_many_fields_is_refused_over_either_protocol() {
    let app = Appliance::start_with(&[("limits.head_fields", "50")]).await;
    for (protocol, version) in [(&b"h2"[..], Version::HTTP_2), (b"http/1.1", Version::HTTP_11)] {
        let client = crate::support::client_speaking(app.data.path(), app.address, &[protocol]);
        let ask = |fields: usize| {
            let mut request = client.get(app.url("/livez"));
            for number in 0..fields {
                request = request.header(format!("x-{number}"), "x");
            }
            app.send(request)
        };
        let many = ask(51).await;
        many.expect_problem(431, "TOO_MANY_HEADERS");
        assert_eq!(ask(40).await.status, 200, "{version:?}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_unread() {
    let app = Appliance::start().await;
    for coding in ["gzip", "br", "deflate", "identity, gzip", "x-unknown"] {
        let request = app.client.post(app.url("/api/v1/auth/login"));
        let request = request.header("content-encoding", coding).json(&json!({}));
        app.send(request).await.expect_problem(415, "UNSUPPORTED_CONTENT_ENCODING");
    }
    let request = app.client.post(app.url("/api/v1/auth/login"));
    let login = json!({ "identifier": "nobody", "password": "wrong" });
    let answer = app.send(request.header("content-encoding", "identity").json(&login)).await;
    answer.expect_problem(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn what_it_is_sent_to_decides_how_large_a_body_may_be() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let spaces = |count: usize| " ".repeat(count);
    let json = "application/json";
    let login = app.post_bytes("/auth/login", None, json, spaces(20_000)).await;
    login.expect_problem(413, "BODY_TOO_LARGE");
    let hold = app.post_bytes("/scans/holds", None, json, spaces(16_000)).await;
    hold.expect_problem(400, "MALFORMED_JSON");
    let hold = app.post_bytes("/scans/holds", None, json, spaces(20_000)).await;
    hold.expect_problem(413, "BODY_TOO_LARGE");
    let scan = app.post_bytes("/scans", Some(&admin), json, spaces(1_000_000)).await;
    scan.expect_problem(400, "MALFORMED_JSON");
    let scan = app.post_bytes("/scans", Some(&admin), json, spaces(2_000_000)).await;
    scan.expect_problem(413, "BODY_TOO_LARGE");
    let log = json!({
        "social": "mastodon", "timestamp": "2026-11-23T07:00:00Z", "content": "x".repeat(5_000),
        "status": "published",
    });
    let batch = format!("{log}\n").repeat(600);
    assert!(batch.len() > 2_000_000);
    let batch = app.post_bytes("/social/logs", Some(&admin), "application/x-ndjson", batch).await;
    batch.expect(201);
}
