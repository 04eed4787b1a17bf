//! SIGKILL in the middle of everything: what was acknowledged is there, once, and nothing is half there.

use std::time::{Duration, Instant};

use crate::{
    found::Observer,
    load::{ADMIN, EVENTS, Load, PEOPLE, Plan, Round, register_people},
    program::Home,
    running::Running,
    site::Site,
};

/// Kills a loaded server so many times on one data directory, looking after each restart.
async fn kill_again_and_again(rounds: usize) {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let mut running = Running::start(&home);
    register_people(&Site::of(&home, &running)).await;
    let mut ledger: Vec<Round> = Vec::new();
    for number in 0..rounds {
        let plan = Plan::of(&Site::of(&home, &running), &format!("giro{number}")).await;
        let mut load = Load::begin(&home, &running, plan);
        // From the first answer to nearly the last, and at ever another point of the commit after it.
        load.acknowledged(1 + number * 37 % 110).await;
        linger(Duration::from_micros(number as u64 * 271 % 4_000));
        running.kill();
        ledger.push(load.end().await);
        running = Running::start(&home);
        let observer = Observer::of(&home, &running).await;
        let this = ledger.last_mut().unwrap();
        assert!(this.acknowledged() > 0);
        observer.find_all(std::slice::from_ref(this)).await;
        observer.scan_again(this).await;
        eprintln!("{} kills survived", number + 1);
    }
    // Cut short in most rounds, or nothing was tested.
    let answered = ledger.iter().map(|round| round.scans.len()).sum::<usize>();
    assert!(answered < rounds * PEOPLE * EVENTS);
    running.kill();
    let running = Running::start(&home);
    // Anew for a few at a time: nobody stays logged in for as long as it takes to look for all of a soak.
    for rounds in ledger.chunks(50) {
        Observer::of(&home, &running).await.find_all(rounds).await;
    }
}

/// Lets a part of a commit pass: shorter than a sleep can be.
fn linger(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_each_of_20_kills_is_found_once() {
    kill_again_and_again(20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes as long as it is told to: make soak"]
async fn what_was_acknowledged_before_each_kill_of_a_soak_is_found_once() {
    let rounds = std::env::var("APPLIANCE_SOAK_ROUNDS").ok();
    kill_again_and_again(rounds.map_or(200, |rounds| rounds.parse().unwrap())).await;
}
