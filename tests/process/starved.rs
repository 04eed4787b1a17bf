//! More than a process has room for: more connections than descriptors, more body than memory.

use std::{
    fs,
    io::Write,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    program::{BOUND, Home},
    running::{Running, serve},
    support::{install_crypto, trusting_client, wire::tls_config},
};

const MIB: usize = 1 << 20;
const MOST_GROWTH: usize = 16 * MIB;

async fn connect(home: &Home, running: &Running) -> TlsStream<TcpStream> {
    install_crypto();
    let tls = tls_config(&home.data(), rustls::ALL_VERSIONS, &[b"http/1.1"]);
    let tcp = TcpStream::connect(running.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(std::sync::Arc::new(tls)).connect(name, tcp).await.unwrap()
}

/// Asks whether it is ready; gives the beginning of the answer.
async fn ready(home: &Home, running: &Running) -> [u8; 12] {
    let mut stream = connect(home, running).await;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    status
}

/// The processor time that a process has used.
fn cpu_time(running: &Running) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", running.pid())).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks =
        |field: usize| -> u64 { fields.split_whitespace().nth(field).unwrap().parse().unwrap() };
    // utime and stime (proc_pid_stat(5)), in hundredths of a second.
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_connects_at_128_descriptors_leave_it_quiet_and_it_recovers_at_once() {
    let home = Home::default();
    let few = ["sh", "-c", "ulimit -n 128; exec \"$0\" \"$@\""];
    // Nobody is let go by a clock while the processor is watched.
    let patient = ["limits.handshake_seconds=3600"];
    let running = Running::start_by(home.command_under(&few, &serve(&patient)));
    let mut held = JoinSet::new();
    for _ in 0..500 {
        held.spawn(TcpStream::connect(running.address));
    }
    // Those that neither the process nor the kernel's queue has room for go on trying.
    let mut connected = Vec::new();
    while connected.len() < 64 {
        connected.push(held.join_next().await.unwrap().unwrap().unwrap());
    }
    let before = cpu_time(&running);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let used = cpu_time(&running).saturating_sub(before);
    assert!(used < Duration::from_millis(500), "{used:?} of processor time in two seconds");
    held.shutdown().await;
    drop(connected);
    let freed = Instant::now();
    let status = loop {
        // The kernel tries again only after a second where there was no room.
        let asking = tokio::time::timeout(Duration::from_millis(300), ready(&home, &running));
        match asking.await {
            Ok(status) => break status,
            Err(_) => assert!(freed.elapsed() < BOUND, "it never recovered"),
        }
    };
    let recovered = freed.elapsed();
    assert_eq!(&status, b"HTTP/1.1 200");
    assert!(recovered < Duration::from_secs(1), "it took {recovered:?}");
    running.stop();
}

/// The memory that a process has, and had at most since it was last asked to forget.
fn memory(running: &Running, what: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1_024
}

/// By how much memory grew while something was done.
async fn growth(running: &Running, done: impl Future<Output = ()>) -> usize {
    const FORGET_PEAK: &str = "5";
    fs::write(format!("/proc/{}/clear_refs", running.pid()), FORGET_PEAK).unwrap();
    let before = memory(running, "VmRSS:");
    done.await;
    memory(running, "VmHWM:").saturating_sub(before)
}

/// Sends 200 MiB in chunks over HTTP/1.1; gives what is answered meanwhile.
async fn send_200_mib(stream: TlsStream<TcpStream>, path: &str) -> String {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    let sending = tokio::spawn(async move {
        let chunk = format!("{:x}\r\n{}\r\n", MIB, " ".repeat(MIB));
        let _ = writing.write_all(head.as_bytes()).await;
        for _ in 0..200 {
            if writing.write_all(chunk.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    let _ = reading.read_to_end(&mut answer).await;
    sending.await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_mib_and_a_bomb_are_refused_and_take_no_memory() {
    let home = Home::default();
    let running = Running::start(&home);
    let client = trusting_client(&home.data(), running.address);
    let url = format!("https://localhost:{}/api/v1/auth/login", running.address.port());
    // Whatever a first request makes is made.
    assert_eq!(client.get(&url).send().await.unwrap().status(), 405);

    let in_chunks = growth(&running, async {
        for path in ["/api/v1/auth/login", "/api/v1/scans/holds"] {
            let stream = connect(&home, &running).await;
            let answer = send_200_mib(stream, path).await;
            assert!(
                answer.starts_with("HTTP/1.1 413") && answer.contains("BODY_TOO_LARGE"),
                "{answer}"
            );
        }
    });
    let in_chunks = in_chunks.await;
    assert!(in_chunks < MOST_GROWTH, "{in_chunks} bytes");

    let over_http2 = growth(&running, async {
        let chunks = (0..200).map(|_| Ok::<_, std::io::Error>(vec![b' '; MIB]));
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        let request = client.post(&url).header("content-type", "application/json").body(body);
        assert_eq!(request.send().await.unwrap().status(), 413);
    });
    let over_http2 = over_http2.await;
    assert!(over_http2 < MOST_GROWTH, "{over_http2} bytes");

    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..200 {
        bomb.write_all(&vec![b' '; MIB]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let bombed = growth(&running, async {
        let request = client.post(&url).header("content-type", "application/json");
        let answer = request.header("content-encoding", "gzip").body(bomb).send().await.unwrap();
        assert_eq!(answer.status(), 415);
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "UNSUPPORTED_CONTENT_ENCODING");
    });
    let bombed = bombed.await;
    assert!(bombed < MOST_GROWTH, "{bombed} bytes");
    running.stop();
}
