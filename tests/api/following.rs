//! The log as it is read and followed, and streams as connections carry them.

use std::{
    sync::{Mutex, OnceLock},
    time::{Duration, Instant},
};

use appliance::telemetry::{LogFormat, LogGuard, start_logging_to};
use reqwest::Response;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::support::{
    Appliance, Person,
    wire::{PATIENCE, Wire},
};

/// Lets this process log, into memory alone.
fn log() {
    static GUARD: OnceLock<Mutex<LogGuard>> = OnceLock::new();
    let start = || start_logging_to(std::io::sink(), LogFormat::Json, "info").unwrap();
    GUARD.get_or_init(|| Mutex::new(start()));
}

/// A stream of events, read piece by piece.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn open(app: &Appliance, admin: &Person, query: &str) -> Self {
        let response = Self::ask(app, admin, query).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    async fn ask(app: &Appliance, admin: &Person, query: &str) -> Response {
        let request = app.client.get(app.url(&format!("/api/v1/dashboard/logs{query}")));
        let request =
            request.bearer_auth(&admin.access_token).header("accept", "text/event-stream");
        request.send().await.unwrap()
    }

    /// Reads on until the text holds `wanted`.
    async fn until(&mut self, wanted: &str) {
        while !self.text.contains(wanted) {
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let piece = piece.expect("it never came").unwrap().expect("the stream ended");
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    /// Reads until the stream ends.
    async fn end(mut self) -> String {
        loop {
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            match piece.expect("it never ended").unwrap() {
                Some(piece) => self.text.push_str(std::str::from_utf8(&piece).unwrap()),
                None => return self.text,
            }
        }
    }
}

/// Asks for something, and gives the id under which the log tells of it.
async fn leave_a_line(app: &Appliance) -> String {
    app.page("/livez").await.header("x-request-id").to_owned()
}

#[tokio::test]
async fn the_log_is_read_by_text_and_importance() {
    log();
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let id = leave_a_line(&app).await;
    let read = async |filter: &str| {
        let path = format!("/dashboard/logs?limit=1&text={id}{filter}");
        app.get(&path, Some(&admin)).await.expect(200)
    };
    let begun = Instant::now();
    let line = loop {
        let page = read("").await;
        if let Some(line) = page["lines"].as_array().unwrap().first() {
            break line.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "the line never came");
    };
    let text = line["text"].as_str().unwrap();
    assert!(text.starts_with("request ") && text.contains("endpoint=/livez"), "{text}");
    assert_eq!(line["level"], "info");
    assert_eq!(read("&level=warn").await["lines"], Value::Array(vec![]));
    app.get("/dashboard/logs?level=loud", Some(&admin))
        .await
        .expect_problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn whoever_follows_sees_lines_as_they_are_written() {
    log();
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let mut events = Events::open(&app, &admin, "").await;
    let id = leave_a_line(&app).await;
    events.until(&id).await;
    let line = events.text.lines().find(|line| line.contains(&id)).unwrap();
    let line: Value = serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap();
    assert!(events.text.contains(&format!("event: line\nid: {}\n", line["sequence"])));
}

#[tokio::test]
async fn a_stop_ends_every_stream_at_once_and_in_good_order() {
    log();
    let mut app = Appliance::start_with(&[("server.drain_seconds", "600")]).await;
    let admin = app.admin().await;
    let events = Events::open(&app, &admin, "").await;
    let stopping = app.begin_stop();
    events.end().await;
    tokio::time::timeout(PATIENCE, stopping).await.expect("it never stopped").unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_ends_with_the_session_of_whoever_follows() {
    log();
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let events = Events::open(&app, &admin, "").await;
    app.post("/auth/logout", Some(&admin), Value::Null).await.expect(204);
    leave_a_line(&app).await;
    events.end().await;
}

#[tokio::test]
async fn only_so_many_follow_at_once_and_a_place_is_given_back() {
    log();
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(Events::open(&app, &admin, "").await);
    }
    let refused = Events::ask(&app, &admin, "").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "TOO_MANY_FOLLOWERS");
    drop(streams);
    let begun = Instant::now();
    while Events::ask(&app, &admin, "").await.status() != 200 {
        assert!(begun.elapsed() < PATIENCE, "no place was ever given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_stream_that_is_silent_is_not_idle() {
    log();
    let limits = [("limits.idle_seconds", "1"), ("limits.sse_keep_alive_seconds", "3")];
    let app = Appliance::start_with(&limits).await;
    let admin = app.admin().await;
    let mut events = Events::open(&app, &admin, "?text=nobody-ever-says-this").await;
    events.until(":").await;
    // Longer than a connection with nothing asked lives: only the comment that keeps it alive comes.
    events.until(":\n\n:").await;
}

#[tokio::test]
async fn a_client_that_stops_reading_is_closed_and_does_not_hold_up_a_stop() {
    let limits = [("limits.write_stall_seconds", "1")];
    let mut app = Appliance::start_with(&limits).await;
    // Far more than fits into all buffers on the way, asked for and never read.
    let mut wire = Wire::open(&app).await.unwrap();
    let ask = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(200);
    wire.stream.write_all(ask.as_bytes()).await.unwrap();
    wire.stream.flush().await.unwrap();
    let connections = async || {
        let metrics = app.page("/metrics").await.text();
        metrics
            .lines()
            .find_map(|line| line.strip_prefix("appliance_connections "))
            .unwrap()
            .to_owned()
    };
    let begun = Instant::now();
    while connections().await != "1" {
        assert!(begun.elapsed() < PATIENCE, "it was never closed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.begin_stop().await.unwrap().unwrap();
}
