//! How fast and how small the appliance is, as ratios within one run.
//!
//! Drives the release binary as a process of its own, over real HTTPS from 64 connections. Absolute
//! numbers depend on the machine and are printed beside; the ratios are what to compare.
//! `make bench` runs it; nothing here asserts, so a slow machine fails nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_precision_loss, missing_docs)]

mod bare;
mod driver;
mod process;
mod store_alone;

use std::time::{Duration, Instant};

use driver::Driver;
use process::Appliance;

const CONNECTIONS: usize = 64;
const EVENTS: usize = 250;
const READ_TIME: Duration = Duration::from_secs(4);
const STARTS: usize = 11;

fn main() {
    // `cargo test --benches` runs this too, without the argument that `cargo bench` gives.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        starting();
        let (grouped, batch) = scans(&[]).await;
        let (single, _) = scans(&["store.max_batch=1"]).await;
        let alone = store_alone::rows_per_second(CONNECTIONS, CONNECTIONS * EVENTS).await;
        println!("durable scans over HTTPS, {CONNECTIONS} connections");
        println!("  group commit        {grouped:>10.0} /s   mean group {batch:.1}");
        println!("  one commit a scan   {single:>10.0} /s");
        println!("  the store alone     {alone:>10.0} /s   same rows, as many callers");
        ratio("group commit / one commit a scan", grouped / single, 2.5, true);
        ratio("over HTTPS / the store alone", grouped / alone, 0.5, true);

        let profile = profile_reads().await;
        let bare = bare::reads_per_second(CONNECTIONS, READ_TIME).await;
        println!("reads over HTTPS, {CONNECTIONS} connections");
        println!("  signed-in profile   {profile:>10.0} /s");
        println!("  bare poem handler   {bare:>10.0} /s   same TLS, same answer");
        ratio("profile / bare handler", profile / bare, 0.7, true);
    });
}

/// Time until ready and memory at rest, on an empty data directory whose certificate exists.
fn starting() {
    let home = tempfile::tempdir().unwrap();
    drop(Appliance::start(home.path(), &[]));
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        for file in ["auth.redb", "user.redb", "social_log.redb"] {
            std::fs::remove_file(home.path().join(file)).unwrap();
        }
        let started = Instant::now();
        let appliance = Appliance::start(home.path(), &[]);
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
        std::thread::sleep(Duration::from_secs(1));
        memory.push(appliance.resident_mib());
    }
    println!("starting on an empty data directory, median of {STARTS}");
    ratio("ready, of 100 ms", median(&mut times) / 100.0, 1.0, false);
    ratio("resident memory at rest, of 25 MiB", median(&mut memory) / 25.0, 1.0, false);
}

/// Scans a second, and the mean number that shared a commit.
async fn scans(settings: &[&str]) -> (f64, f64) {
    let home = tempfile::tempdir().unwrap();
    let appliance = Appliance::start(home.path(), settings);
    let driver = Driver::new(&appliance, home.path());
    let admin = driver.set_up(appliance.setup_token()).await;
    let codes = driver.codes(&admin, EVENTS).await;
    let people = driver.people(CONNECTIONS).await;
    let before = driver.commits(&admin).await;
    let started = Instant::now();
    let clients = people.into_iter().map(|token| {
        let (driver, codes) = (driver.clone(), codes.clone());
        tokio::spawn(async move {
            let mut connection = driver.connect().await;
            for (number, code) in codes.iter().enumerate() {
                let body = format!(r#"{{"code":"{code}","nonce":"nonce-{number:08}"}}"#);
                let status = connection.post("/api/v1/scans", &token, body).await;
                assert_eq!(status, 201, "a scan was refused");
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let rate = (CONNECTIONS * EVENTS) as f64 / started.elapsed().as_secs_f64();
    let after = driver.commits(&admin).await;
    (rate, (CONNECTIONS * EVENTS) as f64 / (after - before))
}

/// Reads of `/me` a second.
async fn profile_reads() -> f64 {
    let home = tempfile::tempdir().unwrap();
    let appliance = Appliance::start(home.path(), &[]);
    let driver = Driver::new(&appliance, home.path());
    driver.set_up(appliance.setup_token()).await;
    let people = driver.people(CONNECTIONS).await;
    driver.reads_per_second("/api/v1/me", people, READ_TIME).await
}

fn ratio(what: &str, value: f64, goal: f64, at_least: bool) {
    let (word, met) =
        if at_least { ("at least", value >= goal) } else { ("at most", value <= goal) };
    let mark = if met { "" } else { "   <-- missed" };
    println!("  {what:<38} {value:>6.2}   goal: {word} {goal}{mark}");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
