//! A stop in good order: what is in progress is answered, and all of it is there afterwards.

use crate::{
    found::Observer,
    load::{ADMIN, EVENTS, Load, Outcome, PEOPLE, Plan, Round, Scan, register_people},
    program::Home,
    running::Running,
    site::Site,
    slow_request::SlowRequest,
};

/// A server with the administrator and the people of the test.
async fn with_people() -> (Home, Running) {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let running = Running::start(&home);
    register_people(&Site::of(&home, &running)).await;
    (home, running)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_progress_at_sigterm_are_answered() {
    let (home, running) = with_people().await;
    let plan = Plan::of(&Site::of(&home, &running), "lezione").await;
    let mut round = Round { events: plan.events.clone(), ..Round::default() };
    let mut requests = Vec::new();
    for (person, session) in plan.sessions.iter().enumerate() {
        let (event, code) = plan.events[person % EVENTS].clone();
        let nonce = format!("in-progress-{person}");
        let scan = Scan { person, event, code, nonce, outcome: Outcome::Unknown };
        let request = SlowRequest::begin(&home, &running, "/scans", session, &scan.body()).await;
        requests.push((scan, request));
    }
    running.signal("TERM");
    running.wait_for(|line| line.contains("stopping").then_some(()));
    for (mut scan, request) in requests {
        let (status, answer) = request.finish().await;
        assert_eq!(status, 201, "{answer}");
        scan.outcome = Outcome::Acknowledged(answer);
        round.scans.push(scan);
    }
    running.ended().expect(0);
    let running = Running::start(&home);
    Observer::of(&home, &running).await.find_all(&[round]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_sigterm_under_load_is_found_once() {
    let (home, running) = with_people().await;
    let plan = Plan::of(&Site::of(&home, &running), "lezione").await;
    let mut load = Load::begin(&home, &running, plan);
    load.acknowledged(20).await;
    running.signal("TERM");
    let round = load.end().await;
    running.ended().expect(0);
    for outcome in round.outcomes() {
        assert!(!matches!(outcome, Outcome::Refused(..)), "{outcome:?}");
    }
    assert!((20..PEOPLE * EVENTS).contains(&round.acknowledged()));
    let running = Running::start(&home);
    Observer::of(&home, &running).await.find_all(&[round]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_finishes_does_not_hold_up_a_stop() {
    let (home, running) = with_people().await;
    running.stop();
    let running = Running::start_with(&home, &["server.drain_seconds=1"]);
    let person = Site::of(&home, &running).login(ADMIN).await;
    let body = serde_json::json!({ "code": "X", "nonce": "never" });
    let request = SlowRequest::begin(&home, &running, "/scans", &person, &body).await;
    running.stop();
    drop(request);
}

#[test]
fn a_server_that_is_stopped_as_soon_as_it_is_ready_ends_in_good_order() {
    let home = Home::default();
    for _ in 0..5 {
        Running::start(&home).stop();
    }
}

#[test]
fn an_interrupt_from_the_terminal_stops_it_in_good_order_too() {
    let home = Home::default();
    let running = Running::start(&home);
    running.signal("INT");
    running.ended().expect(0);
}
