//! A sync that fails once, at ever another place: the server ends, and nothing acknowledged is lost.

use crate::{
    faults::broken_once,
    found::Observer,
    load::{ADMIN, Load, Plan, register_people},
    program::Home,
    running::Running,
    site::Site,
};

/// Breaks the nth sync of each thread of a loaded server; says whether it had got to serving.
async fn breaks_at(nth: usize) -> bool {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    register_people(&site).await;
    let plan = Plan::of(&site, "guasto").await;
    running.stop();

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
