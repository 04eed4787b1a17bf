//! A sync that fails once, at ever another place: the server ends, and nothing acknowledged is lost.

use tokio::net::TcpStream;

use crate::{
    faults::broken_once,
    found::Observer,
    load::{Load, prepare},
    program::Home,
    running::Running,
    support::{
        install_crypto,
        wire::{Wire, tls_config},
    },
};

/// Breaks the nth sync of each thread of a loaded server; says whether it had got to serving.
async fn breaks_at(nth: usize) -> bool {
    let home = Home::default();
    let plan = prepare(&home, "guasto").await;
    let fault = broken_once("fsync,fdatasync", nth);
    let runner: Vec<_> = fault.iter().map(String::as_str).collect();
    let running = match Running::start_under(&home, &runner) {
        Ok(running) => running,
        Err(ended) => {
            ended.expect_error(1, &["nput/output error"]);
            Running::start(&home).stop();
            return false;
        }
    };
    let round = Load::begin(&home, &running, plan).end().await;
    let ended = running.ended().expect_error(1, &["I/O error", "check the disk"]);
    assert!(ended.stderr.contains("no more writes until a restart"), "{}", ended.stderr);
    let running = Running::start(&home);
    Observer::of(&home, &running).await.find_all(&[round]).await;
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_once_ends_the_server_wherever_it_is_and_loses_nothing_acknowledged() {
    let mut served = 0;
    for nth in [1, 2, 3, 4, 6, 9, 12] {
        served += usize::from(breaks_at(nth).await);
    }
    assert!(served >= 4, "{served}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_a_server_whose_disk_has_failed_hears_that_it_is_not_ready() {
    install_crypto();
    let home = Home::default();
    let plan = prepare(&home, "guasto").await;
    let fault = broken_once("fsync,fdatasync", 9);
    let runner: Vec<_> = fault.iter().map(String::as_str).collect();
    let running = Running::start_under(&home, &runner).unwrap();
    // Let in before the disk fails: a server on its way out accepts nobody new.
    let tcp = TcpStream::connect(running.address).await.unwrap();
    let tls = tls_config(&home.data(), rustls::ALL_VERSIONS, &[b"http/1.1"]);
    let mut wire = Wire::over(tcp, tls).await.unwrap();
    let load = Load::begin(&home, &running, plan);
    running.wait_for(|line| line.contains("no more writes until a restart").then_some(()));
    wire.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let answer = wire.answer().await;
    assert_eq!(answer.status, 503, "{answer:?}");
    let stores = answer.json()["stores"].clone();
    assert!(stores.as_object().unwrap().values().any(|healthy| healthy == false), "{stores}");
    load.end().await;
    running.ended().expect_error(1, &["I/O error"]);
}
