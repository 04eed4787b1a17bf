//! Every attack that holds on to a server by doing nothing, or little, or by not reading, at once and
//! against the limits as they are delivered: each is closed within fifteen seconds, and all the while
//! everybody else is answered.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

use crate::{
    frames::{self, taken_back},
    support::{
        Appliance,
        wire::{PATIENCE, Wire, read_to_end, tls_config},
    },
};

/// Connections of each attack.
const TIMES: usize = 8;
const BOUND: Duration = Duration::from_secs(15);
const DRIP: Duration = Duration::from_millis(100);
/// The first of a TLS hello: a record of a handshake, 512 bytes long.
const HELLO: [u8; 9] = [22, 3, 1, 2, 0, 1, 0, 1, 252];

/// Sends a byte now and then for as long as it is taken.
async fn drip(stream: &mut (impl AsyncWriteExt + Unpin)) {
    while stream.write_all(b"x").await.is_ok() && stream.flush().await.is_ok() {
        tokio::time::sleep(DRIP).await;
    }
}

async fn silent_connect(app: Arc<Appliance>) {
    let mut tcp = TcpStream::connect(app.address).await.unwrap();
    read_to_end(&mut tcp).await;
}

async fn dripped_hello(app: Arc<Appliance>) {
    let mut tcp = TcpStream::connect(app.address).await.unwrap();
    tcp.write_all(&HELLO).await.unwrap();
    drip(&mut tcp).await;
}

async fn dripped_head(app: Arc<Appliance>) {
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await;
    drip(&mut wire.stream).await;
}

async fn stalled_body(app: Arc<Appliance>) {
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{",
    )
    .await;
    wire.closed().await;
}

/// Asks for much, over a connection that takes little at a time, and reads nothing.
async fn slow_read(app: Arc<Appliance>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let tcp = socket.connect(app.address).await.unwrap();
    let config = tls_config(app.data.path(), rustls::ALL_VERSIONS, &[b"http/1.1"]);
    let mut wire = Wire::over(tcp, config).await.unwrap();
    wire.send("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(60)).await;
    drip(&mut wire.stream).await;
}

/// Asks for much over HTTP/2, and makes no room for any of it.
async fn slow_read_of_a_stream(app: Arc<Appliance>) {
    const INITIAL_WINDOW_SIZE: [u8; 6] = [0, 4, 0, 0, 0, 0];
    let mut wire = Wire::open_speaking(&app, &[b"h2"]).await.unwrap();
    wire.send(frames::greeting(&INITIAL_WINDOW_SIZE)).await;
    let ask = frames::fields("GET", "/openapi.json");
    let flags = frames::END_HEADERS | frames::END_STREAM;
    for stream in (1..100).step_by(2) {
        wire.send(frames::frame(frames::HEADERS, flags, stream, &ask)).await;
    }
    wire.closed().await;
}

async fn idle_http2(app: Arc<Appliance>) {
    frames::open(&app).await.closed().await;
}

async fn rapid_reset(app: Arc<Appliance>) {
    let mut streams = (1_u32..).step_by(2);
    let reset = move || streams.by_ref().take(100).flat_map(taken_back).collect::<Vec<u8>>();
    frames::flood(frames::open(&app).await, reset).await;
}

/// How long an attack lasted.
async fn timed(name: &'static str, attack: impl Future<Output = ()>) -> (&'static str, Duration) {
    let started = Instant::now();
    tokio::time::timeout(PATIENCE, attack).await.unwrap_or_else(|_| panic!("{name} never ended"));
    (name, started.elapsed())
}

/// How long each of many answers to somebody else took, until it is over.
async fn answer_times(app: Arc<Appliance>, over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut wire = Wire::open(&app).await.unwrap();
    let mut times = Vec::new();
    while !over.load(Ordering::SeqCst) || times.len() < 300 {
        let asked = Instant::now();
        wire.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert_eq!(wire.answer().await.status, 200);
        times.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_is_closed_within_fifteen_seconds_while_others_are_answered() {
    let app = Arc::new(Appliance::start().await);
    let mut attacks = JoinSet::new();
    for _ in 0..TIMES {
        let app = || Arc::clone(&app);
        attacks.spawn(timed("silent connect", silent_connect(app())));
        attacks.spawn(timed("dripped hello", dripped_hello(app())));
        attacks.spawn(timed("dripped head", dripped_head(app())));
        attacks.spawn(timed("stalled body", stalled_body(app())));
        attacks.spawn(timed("slow read", slow_read(app())));
        attacks.spawn(timed("slow read of a stream", slow_read_of_a_stream(app())));
        attacks.spawn(timed("idle HTTP/2", idle_http2(app())));
        attacks.spawn(timed("rapid reset", rapid_reset(app())));
    }
    let over = Arc::new(AtomicBool::new(false));
    let others = tokio::spawn(answer_times(Arc::clone(&app), Arc::clone(&over)));
    while let Some(attack) = attacks.join_next().await {
        let (name, lasted) = attack.unwrap();
        assert!(lasted < BOUND, "{name} lasted {lasted:?}");
    }
    over.store(true, Ordering::SeqCst);
    let mut times = others.await.unwrap();
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    assert!(p99 < Duration::from_millis(200), "of {} answers, p99 {p99:?}", times.len());
}
