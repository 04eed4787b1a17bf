//! Signing in: logins against the bare hash that each is made of, a crowd that logs in all at once and what
//! others feel of it, and what it costs to recognise somebody who has signed in.
//!
//! Everywhere else passwords are hashed as cheaply as may be; here as the default configuration does.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use appliance::{
    auth::{self, AuthService},
    clock::Clock,
    config::{Config, ConfigSources},
    http::ClientNetwork,
    store::{Store, StoreOptions},
    telemetry::Metrics,
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use crate::{
    ROUNDS,
    driver::{Driver, PASSWORD, email},
    process::Appliance,
    ratio,
};

const PEOPLE: usize = 16;
const LOGIN_TIME: Duration = Duration::from_secs(1);
const CROWD: usize = 500;
const MOST_MIB: f64 = 256.0;
/// Others, who are signed in and ask at a steady pace meanwhile.
const OTHERS: usize = 4;
const PACE: Duration = Duration::from_millis(5);
const MOST_MILLIS: f64 = 250.0;
const CHECKS: u32 = 200_000;
const MOST_MICROS: f64 = 10.0;

pub(crate) async fn signing_in() {
    let config = Config::load(&ConfigSources::default()).unwrap();
    let cost = [
        format!("auth.argon2_memory_kib={}", config.auth.argon2_memory_kib),
        format!("auth.argon2_passes={}", config.auth.argon2_passes),
        "limits.connections_per_address=4096".to_owned(),
    ];
    let cost: Vec<_> = cost.iter().map(String::as_str).collect();
    let home = tempfile::tempdir().unwrap();
    let appliance = Appliance::start(home.path(), &cost);
    let driver = Driver::new(&appliance, home.path());
    let admin = driver.set_up(appliance.setup_token()).await;
    // Whoever logs in again and again loses the oldest of their sessions; others keep theirs.
    let others = driver.people(PEOPLE + OTHERS).await.split_off(PEOPLE);
    let key = driver.connect().await.api_key(&admin, &["attendance:read"]).await;
    against_bare_hashes(&driver, &config).await;
    crowd(&appliance, &driver, &others).await;
    drop(appliance);
    recognising(home.path(), config, &others[0], &key);
}

/// Logins and bare hashes a second, on all processors, in turns.
async fn against_bare_hashes(driver: &Driver, config: &Config) {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let params = Params::new(
        config.auth.argon2_memory_kib,
        config.auth.argon2_passes,
        config.auth.argon2_lanes,
        None,
    );
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.unwrap());
    let (mut logins, mut hashes) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        logins += logins_per_second(driver, 2 * workers).await;
        hashes += hashes_per_second(&argon2, workers).await;
    }
    let (logins, hashes) = (logins / ROUNDS as f64, hashes / ROUNDS as f64);
    println!("logins over HTTPS, {} at once on {workers} processors", 2 * workers);
    println!("  logins              {logins:>10.1} /s");
    println!("  bare Argon2id       {hashes:>10.1} /s   same cost, one a processor");
    ratio("logins / bare hashes", logins / hashes, 0.9, true);
}

async fn logins_per_second(driver: &Driver, at_once: usize) -> f64 {
    let mut connections = Vec::new();
    for _ in 0..at_once {
        connections.push(driver.connect().await);
    }
    let started = Instant::now();
    let clients = connections.into_iter().enumerate().map(|(number, mut connection)| {
        tokio::spawn(async move {
            let mut logins = 0_u32;
            while started.elapsed() < LOGIN_TIME {
                assert_eq!(connection.try_login(&email(number % PEOPLE)).await.0, 200);
                logins += 1;
            }
            logins
        })
    });
    let logins = sum(clients.collect()).await;
    f64::from(logins) / started.elapsed().as_secs_f64()
}

async fn hashes_per_second(argon2: &Argon2<'static>, workers: usize) -> f64 {
    let stored = argon2.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let started = Instant::now();
    let hashers = (0..workers).map(|_| {
        let (argon2, stored) = (argon2.clone(), stored.clone());
        tokio::task::spawn_blocking(move || {
            let stored = PasswordHash::new(&stored).unwrap();
            let mut hashes = 0_u32;
            while started.elapsed() < LOGIN_TIME {
                argon2.verify_password(PASSWORD.as_bytes(), &stored).unwrap();
                hashes += 1;
            }
            hashes
        })
    });
    let all = sum(hashers.collect()).await;
    f64::from(all) / started.elapsed().as_secs_f64()
}

async fn sum(counts: Vec<tokio::task::JoinHandle<u32>>) -> u32 {
    let mut all = 0;
    for count in counts {
        all += count.await.unwrap();
    }
    all
}

/// Everybody at once, each on a connection of their own that is open already.
async fn crowd(appliance: &Appliance, driver: &Driver, tokens: &[String]) {
    let mut connections = Vec::new();
    for _ in 0..CROWD {
        connections.push(driver.connect().await);
    }
    let before = appliance.resident_mib();
    let done = Arc::new(AtomicBool::new(false));
    let mut others = Vec::new();
    for token in tokens {
        let (mut connection, token) = (driver.connect().await, token.clone());
        let done = Arc::clone(&done);
        others.push(tokio::spawn(async move {
            let (mut took, mut next) = (Vec::new(), tokio::time::Instant::now());
            while !done.load(Ordering::SeqCst) {
                tokio::time::sleep_until(next).await;
                let asked = Instant::now();
                assert_eq!(connection.get("/api/v1/me", &token).await, 200);
                took.push(asked.elapsed());
                next += PACE;
            }
            took
        }));
    }
    let started = Instant::now();
    let tries = connections.into_iter().enumerate().map(|(number, mut connection)| {
        tokio::spawn(async move { connection.try_login(&email(number % PEOPLE)).await })
    });
    let (mut let_in, mut told, mut other) = (0, 0, 0);
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            (200, _) => let_in += 1,
            (503, true) => told += 1,
            _ => other += 1,
        }
    }
    let took = started.elapsed();
    done.store(true, Ordering::SeqCst);
    let mut felt = Vec::new();
    for answers in others {
        felt.append(&mut answers.await.unwrap());
    }
    felt.sort_unstable();
    let p99 = felt[felt.len() * 99 / 100].as_secs_f64() * 1_000.0;
    let peak = appliance.peak_mib();
    println!("{CROWD} logins at once, in {:.1} s", took.as_secs_f64());
    println!("  let in              {let_in:>10}");
    println!("  told to come back   {told:>10}      503 with Retry-After");
    println!("  memory before       {before:>10.0} MiB, {peak:.0} MiB at most");
    println!("  others meanwhile    {:>10}      requests, p99 {p99:.1} ms", felt.len());
    ratio("answered in any other way", f64::from(other), 0.0, false);
    ratio("resident memory at most, of 256 MiB", peak / MOST_MIB, 1.0, false);
    ratio("p99 of others, of 250 ms", p99 / MOST_MILLIS, 1.0, false);
}

/// What every request of somebody who is signed in pays, and of a key, while nothing is committed.
fn recognising(data: &Path, config: Config, access_token: &str, key: &str) {
    let metrics = Metrics::new().unwrap();
    let (path, options) = (data.join("auth.redb"), StoreOptions::default());
    let store = Store::open(&path, options, auth::MIGRATIONS, metrics.store("auth")).unwrap();
    let Config { auth, server, rate_limit, .. } = config;
    let clock = Clock::system();
    let auth = AuthService::open(store, auth, &server, &rate_limit, clock, metrics).unwrap();
    let here = ClientNetwork::of(std::net::Ipv4Addr::LOCALHOST.into());
    let session = micros(|| auth.principal(access_token).map(drop).unwrap());
    let machine = micros(|| auth.principal_of_key(key, here).map(drop).unwrap());
    println!("recognising a caller, {CHECKS} times");
    println!("  of a session        {session:>10.2} µs");
    println!("  of an API key       {machine:>10.2} µs");
    ratio("a session, of 10 µs", session / MOST_MICROS, 1.0, false);
    ratio("an API key, of 10 µs", machine / MOST_MICROS, 1.0, false);
}

fn micros(check: impl Fn()) -> f64 {
    check();
    let started = Instant::now();
    (0..CHECKS).for_each(|_| check());
    started.elapsed().as_secs_f64() * 1_000_000.0 / f64::from(CHECKS)
}
