//! How fast and how small the appliance is, as ratios within one run.
//!
//! Drives the release binary as a process of its own, over real HTTPS from 64 connections. Absolute
//! numbers depend on the machine and are printed beside; the ratios are what to compare.
//! `make bench` runs it; nothing here asserts, so a slow machine fails nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a bench that meets what it did not expect should stop there; its numbers are small"
)]

mod backing_up;
mod bare;
mod driver;
mod edge;
mod process;
mod signing_in;
mod store_alone;

use std::time::{Duration, Instant};

use bare::Bare;
use driver::Driver;
use process::Appliance;
use store_alone::StoreAlone;

const CONNECTIONS: usize = 64;
/// Each comparison is cut into rounds in which the compared take turns, so that what else the machine
/// does falls on all of them alike.
const ROUNDS: usize = 6;
const EVENTS_A_ROUND: usize = 50;
const READ_TIME: Duration = Duration::from_millis(600);
const STARTS: usize = 11;

fn main() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, serve, data] = arguments.as_slice()
        && serve == bare::SERVE
    {
        return runtime.block_on(bare::run(data.as_ref()));
    }
    // `cargo test --benches` runs this too, without the argument that `cargo bench` gives.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    // One part alone when it is named, as in `cargo bench --bench appliance -- reading`.
    let parts = ["starting", "writing", "reading", "backing_up", "edge", "signing_in"];
    let named = |part: &str| arguments.iter().any(|argument| argument == part);
    let wanted = |part| named(part) || !parts.into_iter().any(named);
    if wanted("starting") {
        starting();
    }
    runtime.block_on(async {
        if wanted("writing") {
            writing().await;
        }
        if wanted("reading") {
            reading().await;
        }
        if wanted("backing_up") {
            backing_up::backing_up().await;
        }
        if wanted("edge") {
            edge::edge().await;
        }
        if wanted("signing_in") {
            signing_in::signing_in().await;
        }
    });
}

/// Durable scans: grouped, one commit each, and the store without anything around it.
async fn writing() {
    let (mut grouped, mut single) =
        (Scans::start(&[]).await, Scans::start(&["store.max_batch=1"]).await);
    // A first round shows how many scans share a commit; the store alone is given groups as large.
    grouped.round().await;
    let batch = (CONNECTIONS * EVENTS_A_ROUND) as f64 / grouped.commits().await;
    let mut alone = StoreAlone::open(batch.round() as usize);
    let (mut grouped_time, mut single_time, mut alone_time) = Default::default();
    for _ in 0..ROUNDS {
        grouped_time += grouped.round().await;
        single_time += single.round().await;
        alone_time += alone.round(CONNECTIONS, EVENTS_A_ROUND).await;
    }
    let scans = (CONNECTIONS * EVENTS_A_ROUND * ROUNDS) as f64;
    let rate = |time: Duration| scans / time.as_secs_f64();
    let (grouped_rate, single_rate) = (rate(grouped_time), rate(single_time));
    let alone_rate = rate(alone_time);
    println!("durable scans over HTTPS, {CONNECTIONS} connections");
    println!("  group commit        {grouped_rate:>10.0} /s   {batch:.1} scans a commit");
    println!("  one commit a scan   {single_rate:>10.0} /s");
    println!("  the store alone     {alone_rate:>10.0} /s   same rows, same callers, same groups");
    ratio("group commit / one commit a scan", grouped_rate / single_rate, 2.5, true);
    ratio("over HTTPS / the store alone", grouped_rate / alone_rate, 0.5, true);
}

/// Reads: a signed-in profile, and a bare handler behind the same TLS.
async fn reading() {
    let home = tempfile::tempdir().unwrap();
    let appliance = Appliance::start(home.path(), &[]);
    let driver = Driver::new(&appliance, home.path());
    driver.set_up(appliance.setup_token()).await;
    let people = driver.people(CONNECTIONS).await;
    let bare = Bare::start(home.path());
    let bare_driver = Driver::trusting(bare.address, &home.path().join("tls/self-signed.pem"));
    let (mut profiles, mut bares) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        profiles += driver.reads_per_second("/api/v1/me", &people, READ_TIME).await;
        bares += bare_driver.reads_per_second("/me", &people, READ_TIME).await;
    }
    let (profile, bare) = (profiles / ROUNDS as f64, bares / ROUNDS as f64);
    println!("reads over HTTPS, {CONNECTIONS} connections");
    println!("  signed-in profile   {profile:>10.0} /s");
    println!("  bare poem handler   {bare:>10.0} /s   same TLS, same answer");
    ratio("profile / bare handler", profile / bare, 0.7, true);
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

/// An appliance that is being scanned at.
struct Scans {
    driver: Driver,
    admin: String,
    people: Vec<String>,
    codes: std::vec::IntoIter<String>,
    commits_before: f64,
    appliance: Appliance,
    home: tempfile::TempDir,
}

impl Scans {
    async fn start(settings: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let appliance = Appliance::start(home.path(), settings);
        let driver = Driver::new(&appliance, home.path());
        let admin = driver.set_up(appliance.setup_token()).await;
        let codes = driver.codes(&admin, EVENTS_A_ROUND * (ROUNDS + 1)).await.into_iter();
        let people = driver.people(CONNECTIONS).await;
        let commits_before = driver.commits(&admin).await;
        Self { driver, admin, people, codes, commits_before, appliance, home }
    }

    /// Everybody scans some events that nobody has scanned; says how long it took.
    async fn round(&mut self) -> Duration {
        let codes: Vec<_> = self.codes.by_ref().take(EVENTS_A_ROUND).collect();
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(self.driver.connect().await);
        }
        let started = Instant::now();
        let clients = connections.into_iter().zip(&self.people).map(|(mut connection, token)| {
            let (codes, token) = (codes.clone(), token.clone());
            tokio::spawn(async move {
                for code in codes {
                    let body = format!(r#"{{"code":"{code}","nonce":"once-and-for-all"}}"#);
                    let status = connection.post("/api/v1/scans", &token, body).await;
                    assert_eq!(status, 201, "a scan was refused");
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        started.elapsed()
    }

    /// Commits since the start.
    async fn commits(&self) -> f64 {
        self.driver.commits(&self.admin).await - self.commits_before
    }
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
