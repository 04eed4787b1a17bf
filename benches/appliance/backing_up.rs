//! A backup of a busy appliance: how long writers stand still, what scans feel of it, how fast it is and
//! how much memory it takes; and how fast what it made is verified and restored.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{Scans, driver::Connection, ratio};

/// What the databases hold when they are backed up, about.
const STORED_MIB: usize = 384;
const LINES: usize = 1_000;
const CONTENT: usize = 900;
const FILLERS: usize = 8;

/// Scans a second, from all connections: a school at the bell, and far from what the machine can do.
const SCANS_A_SECOND: u32 = 400;
const SCANNERS: usize = 16;
const CALM: Duration = Duration::from_secs(4);

pub(crate) async fn backing_up() {
    let scans = Scans::start(&[]).await;
    fill(&scans).await;
    let data = scans.home.path().to_owned();
    let alone = appliance(&data, &["--json", "backup", "create"]);
    let mut codes = scans.codes.as_slice().to_vec();
    let spare = codes.split_off(codes.len() / 2);
    let calm = scan_until(&scans, codes, Until::Passed(CALM)).await;

    let before = scans.appliance.resident_mib();
    let done = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&done);
    let archive = scans.home.path().join("bench.tar.zst");
    let create = {
        let (archive, data) = (archive.clone(), data.clone());
        tokio::task::spawn_blocking(move || {
            let path = archive.to_string_lossy().into_owned();
            let taken = appliance(&data, &["--json", "backup", "create", "--output", &path]);
            done.store(true, Ordering::SeqCst);
            taken
        })
    };
    let most = watch_memory(&scans, &watched);
    let busy = scan_until(&scans, spare, Until::Done(&watched));
    let (busy, most) = tokio::join!(busy, most);
    let taken = create.await.unwrap();

    let stored: f64 = taken["manifest"]["files"].as_array().unwrap().iter().map(bytes).sum();
    let mib = stored / f64::from(1 << 20);
    let per_second = |time: Duration| mib / time.as_secs_f64();
    let took = |taken: &Value| Duration::from_millis(taken["took_ms"].as_u64().unwrap());
    let (alone, took) = (took(&alone), took(&taken));
    let archive = archive.to_string_lossy().into_owned();
    let verified = timed(|| appliance(&data, &["--json", "backup", "verify", &archive]));
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("data").to_string_lossy().into_owned();
    let restored = timed(|| appliance(&data, &["restore", &archive, "--to", &target]));

    println!("a backup of {mib:.0} MiB beside {SCANS_A_SECOND} scans a second");
    println!(
        "  scans, 99 of 100     {:>8.1} ms before, {:.1} ms during",
        millis(calm),
        millis(busy)
    );
    println!("  memory               {before:>8.0} MiB before, {most:.0} at most during");
    println!(
        "  taken                {:>8.0} MiB/s with nobody around, {:.0} beside the scans",
        per_second(alone),
        per_second(took)
    );
    println!("  verified             {:>8.0} MiB/s", per_second(verified));
    println!("  restored             {:>8.0} MiB/s", per_second(restored));
    ratio("writers held, of 50 ms", taken["held_ms"].as_f64().unwrap() / 50.0, 1.0, false);
    ratio("scans during / before, 99 of 100", millis(busy) / millis(calm), 2.0, false);
    ratio("taken with nobody around, of 150 MiB/s", per_second(alone) / 150.0, 1.0, true);
    ratio("verified / taken", per_second(verified) / per_second(alone), 1.0, true);
    ratio("restored / taken", per_second(restored) / per_second(alone), 1.0, true);
    ratio("more memory, of 64 MiB", (most - before) / 64.0, 1.0, false);
}

/// Posts of a social feed, until the databases hold about what they are to hold.
async fn fill(scans: &Scans) {
    let batches = (STORED_MIB << 20) / (LINES * CONTENT) / FILLERS;
    let fillers = (0..FILLERS).map(|filler| {
        let (driver, token) = (scans.driver.clone(), scans.admin.clone());
        tokio::spawn(async move {
            let mut connection = driver.connect().await;
            for batch in 0..batches {
                let status =
                    connection.post_lines("/api/v1/social/logs", &token, posts(filler, batch));
                assert_eq!(status.await, 201);
            }
        })
    });
    for filler in fillers.collect::<Vec<_>>() {
        filler.await.unwrap();
    }
}

/// A batch that no two are alike of, and that compresses no better than what people write.
fn posts(filler: usize, batch: usize) -> String {
    let mut state = (filler * 1_000_003 + batch) as u64 | 1;
    let lines = (0..LINES).map(|_| {
        let letter = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + (state >> 60) as u8)
        };
        let content: String = (0..CONTENT).map(letter).collect();
        json!({ "social": "bench", "timestamp": "2026-11-23T08:30:00Z", "content": content,
            "status": "published" })
        .to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

enum Until<'d> {
    Passed(Duration),
    Done(&'d AtomicBool),
}

/// Scans at an even pace until then; gives the time that 99 of 100 took at most.
async fn scan_until(scans: &Scans, codes: Vec<String>, until: Until<'_>) -> Duration {
    let mut connections: Vec<Connection> = Vec::new();
    for _ in 0..SCANNERS {
        connections.push(scans.driver.connect().await);
    }
    let codes = &codes;
    let started = Instant::now();
    let until = &until;
    let pace = Duration::from_secs(1) / SCANS_A_SECOND * SCANNERS as u32;
    let scanners =
        connections.into_iter().enumerate().map(|(scanner, mut connection)| async move {
            let mut took = Vec::new();
            let people = scans.people.iter().skip(scanner).step_by(SCANNERS);
            let all = people.flat_map(|token| codes.iter().map(move |code| (token, code)));
            let mut next = started + pace * scanner as u32 / SCANNERS as u32;
            for (token, code) in all {
                let over = match until {
                    Until::Passed(time) => started.elapsed() >= *time,
                    Until::Done(done) => done.load(Ordering::SeqCst),
                };
                if over {
                    break;
                }
                tokio::time::sleep_until(next.into()).await;
                let asked = Instant::now();
                let body = format!(r#"{{"code":"{code}","nonce":"once-and-for-all"}}"#);
                assert_eq!(connection.post("/api/v1/scans", token, body).await, 201);
                took.push(asked.elapsed());
                next += pace;
            }
            took
        });
    let mut took = futures_util::future::join_all(scanners).await.concat();
    took.sort_unstable();
    took[took.len() * 99 / 100]
}

/// The most memory that the appliance takes until it is done, in MiB.
async fn watch_memory(scans: &Scans, done: &AtomicBool) -> f64 {
    let mut most = 0.0_f64;
    while !done.load(Ordering::SeqCst) {
        most = most.max(scans.appliance.resident_mib());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    most
}

/// Runs a verb; what it printed when that is JSON.
fn appliance(data: &Path, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_appliance"));
    let output = command.arg("--data-dir").arg(data).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn timed(work: impl FnOnce() -> Value) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn bytes(file: &Value) -> f64 {
    file["bytes"].as_f64().unwrap()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
