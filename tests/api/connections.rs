//! What stalls is closed, and what is in progress is finished. Who gets a place is in `shares`.
//!
//! The limits are a second; nothing here asserts how fast a connection is closed, only that it is.

use std::time::Duration;

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::support::{
    Appliance, PASSWORD, Person,
    wire::{PATIENCE, Wire, read_to_end},
};

const IMPATIENT: [(&str, &str); 5] = [
    ("limits.handshake_seconds", "1"),
    ("limits.first_request_seconds", "1"),
    ("limits.head_seconds", "1"),
    ("limits.body_seconds", "1"),
    ("limits.idle_seconds", "1"),
];
pub const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The head of a login with a body of this length.
pub fn login_head(length: usize) -> String {
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

/// Sends a byte now and then for as long as it is taken.
async fn drip(mut wire: Wire) -> String {
    let dripping = async {
        while wire.stream.write_all(b"x").await.is_ok() && wire.stream.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, dripping).await.expect("it was never closed");
    wire.closed().await
}

#[tokio::test]
async fn a_connection_that_never_begins_tls_is_closed() {
    let app = Appliance::start_with(&IMPATIENT).await;
    let mut silent = TcpStream::connect(app.address).await.unwrap();
    let mut half = TcpStream::connect(app.address).await.unwrap();
    half.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    let said = tokio::join!(read_to_end(&mut silent), read_to_end(&mut half));
    assert_eq!(said, (vec![], vec![]));
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_closed() {
    let app = Appliance::start_with(&IMPATIENT).await;
    let silent = Wire::open(&app).await.unwrap();
    let answer = silent.closed().await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn an_http_2_connection_that_asks_nothing_is_closed() {
    let app = Appliance::start_with(&IMPATIENT).await;
    let mut greeting = Wire::open_speaking(&app, &[b"h2"]).await.unwrap();
    greeting.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    greeting.send([0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
    let silent = Wire::open_speaking(&app, &[b"h2"]).await.unwrap();
    tokio::join!(greeting.closed(), silent.closed());
}

#[tokio::test]
async fn a_head_that_drips_in_is_cut_off() {
    let app = Appliance::start_with(&IMPATIENT).await;
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await;
    let answer = drip(wire).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let app = Appliance::start().await;
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n").await;
    let line = format!("X-Long: {}\r\n", "x".repeat(8_000));
    for _ in 0..1_000 {
        if wire.stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let answer = wire.closed().await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_body_that_stalls_is_told_so_and_the_connection_closed() {
    let app = Appliance::start_with(&IMPATIENT).await;
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send(login_head(100) + "{\"identifier\":").await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.json()["code"].clone()), (408, json!("BODY_TIMEOUT")));
    wire.closed().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_so() {
    let app = Appliance::start().await;
    let mut wire = Wire::open(&app).await.unwrap();
    let head = login_head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    wire.send(head + "5\r\n{\"ide\r\nno length\r\n").await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.json()["code"].clone()), (400, json!("BODY_INCOMPLETE")));
    wire.closed().await;
}

#[tokio::test]
async fn a_body_that_drips_in_is_cut_off() {
    let app = Appliance::start_with(&IMPATIENT).await;
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send(login_head(10_000)).await;
    drip(wire).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_writes_nothing() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = json!({
        "email": "ada@example.org", "password": PASSWORD, "name": "Ada", "surname": "L",
    });
    let mut wire = Wire::open(&app).await.unwrap();
    let head = login_head(body.to_string().len() + 1).replace("login", "register");
    wire.send(head + &body.to_string()).await;
    wire.stream.shutdown().await.unwrap();
    let _ = wire.closed().await;
    let users = app.get("/users", Some(&admin)).await.expect(200);
    assert_eq!(users["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_bodies_that_together_would_take_too_much_memory_one_is_told_to_come_back() {
    let settings = [
        ("limits.bodies_in_flight_mib", "1"),
        ("limits.batch_body_bytes", "1048576"),
        ("limits.credentials_body_bytes", "1048576"),
        ("rate_limit.enabled", "false"),
    ];
    let app = Appliance::start_with(&settings).await;
    let (mut one, mut other) = (Wire::open(&app).await.unwrap(), Wire::open(&app).await.unwrap());
    let begun = login_head(1_000_000) + &"x".repeat(900_000);
    tokio::join!(one.send(&begun), other.send(&begun));
    let (refused, mut kept) = tokio::select! {
        refused = one.answer() => (refused, other),
        refused = other.answer() => (refused, one),
    };
    assert_eq!((refused.status, refused.json()["code"].clone()), (503, json!("BUSY")));
    assert_eq!(refused.header("retry-after"), Some("1"));
    // What is small passes beside the one that was kept, and that one is read to its end.
    app.post("/auth/login", None, json!({ "identifier": "ada", "password": PASSWORD }))
        .await
        .expect_problem(401, "INVALID_CREDENTIALS");
    kept.send("x".repeat(100_000)).await;
    assert_eq!(kept.answer().await.json()["code"], "MALFORMED_JSON");
}

#[tokio::test]
async fn a_refusal_that_reads_no_body_does_not_wait_for_it() {
    let app = Appliance::start().await;
    for path in ["/nowhere", "/api/v1/events", "/livez"] {
        let mut wire = Wire::open(&app).await.unwrap();
        wire.send(login_head(100_000).replace("/api/v1/auth/login", path)).await;
        let answer = wire.answer().await;
        assert!((401..=405).contains(&answer.status), "{path}: {}", answer.status);
        wire.closed().await;
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_connection_when_the_body_comes_after_it() {
    let app = Appliance::start().await;
    let mut wire = Wire::open(&app).await.unwrap();
    for path in ["/nowhere", "/api/v1/events", "/livez"] {
        wire.send(login_head(4).replace("/api/v1/auth/login", path)).await;
        let answer = wire.answer().await;
        assert!((401..=405).contains(&answer.status), "{path}: {}", answer.status);
        wire.send("late").await;
        wire.send(LIVEZ).await;
        assert_eq!(wire.answer().await.status, 200, "after {path}");
    }
}

#[tokio::test]
async fn a_refusal_does_not_keep_the_connection_for_a_body_that_never_comes_or_has_no_end() {
    let app = Appliance::start_with(&IMPATIENT).await;
    let mut silent = Wire::open(&app).await.unwrap();
    silent.send(login_head(4).replace("/api/v1/auth/login", "/nowhere")).await;
    assert_eq!(silent.answer().await.status, 404);
    silent.closed().await;

    let mut endless = Wire::open(&app).await.unwrap();
    let head = "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    endless.send(head).await;
    assert_eq!(endless.answer().await.status, 404);
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let sending = async {
        while endless.stream.write_all(chunk.as_bytes()).await.is_ok()
            && endless.stream.flush().await.is_ok()
        {}
    };
    tokio::time::timeout(PATIENCE, sending).await.expect("it was never closed");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_answers() {
    let app = Appliance::start_with(&IMPATIENT).await;
    let mut wire = Wire::open(&app).await.unwrap();
    for _ in 0..2 {
        wire.send(LIVEZ).await;
        assert_eq!(wire.answer().await.status, 200);
    }
    wire.closed().await;
}

#[tokio::test]
async fn requests_that_come_together_are_answered_in_their_order() {
    let app = Appliance::start().await;
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send(format!("{LIVEZ}GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n{LIVEZ}")).await;
    for status in [200, 404, 200] {
        assert_eq!(wire.answer().await.status, status);
    }
}

#[tokio::test]
async fn two_readings_of_one_request_are_refused() {
    let app = Appliance::start().await;
    let smuggled = "GET /api/v1/instance HTTP/1.1\r\nHost: x\r\n\r\n";
    let heads = [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: 5, 6",
        "Content-Length: -1",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
    ];
    for head in heads {
        let mut wire = Wire::open(&app).await.unwrap();
        wire.send(format!("POST /livez HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n0\r\n\r\n{smuggled}"))
            .await;
        let answer = wire.closed().await;
        assert!(!answer.contains("registration"), "{head}: {answer}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{head}: {answer}");
    }
}

/// A login whose body is not all there yet; gives the connection and the rest.
async fn half_a_login(app: &Appliance, person: &Person) -> (Wire, String) {
    let body = json!({ "identifier": person.email, "password": PASSWORD }).to_string();
    let (begun, rest) = body.split_at(10);
    let mut wire = Wire::open(app).await.unwrap();
    let head = login_head(body.len()).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    wire.send(head).await;
    assert_eq!(wire.answer().await.status, 100, "the request is in progress");
    wire.send(begun).await;
    (wire, rest.to_owned())
}

#[tokio::test]
async fn a_request_in_progress_is_finished_while_nobody_new_is_let_in() {
    let mut app = Appliance::start().await;
    let ada = app.person("ada").await;
    let idle = Wire::open(&app).await.unwrap();
    let (mut wire, rest) = half_a_login(&app, &ada).await;
    let running = app.begin_stop();
    app.refuses_connections().await;
    idle.closed().await;
    wire.send(rest).await;
    let answer = wire.answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["user"]["id"], ada.id);
    wire.closed().await;
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let settings = [("server.drain_seconds", "1"), ("limits.body_seconds", "3600")];
    let mut app = Appliance::start_with(&settings).await;
    let ada = app.person("ada").await;
    let (wire, _) = half_a_login(&app, &ada).await;
    let running = app.begin_stop();
    tokio::time::timeout(PATIENCE, running).await.expect("it waits for ever").unwrap().unwrap();
    wire.closed().await;
}
