//! The link that makes the first administrator: once a start, good until the next or until it is used.

use serde_json::{Value, json};

use crate::{
    program::Home,
    running::{Running, token_of},
    site::Site,
    support::PASSWORD,
};

fn links(stderr: &str) -> usize {
    stderr.lines().filter_map(token_of).count()
}

fn request(token: &str) -> Value {
    json!({
        "token": token, "email": "capo@example.org", "password": PASSWORD,
        "name": "Clara", "surname": "Neri",
    })
}

#[test]
fn a_first_start_prints_the_link_once() {
    let home = Home::default();
    let running = Running::start(&home);
    running.setup_token();
    assert_eq!(links(&running.stop().stderr), 1);
}

#[test]
fn the_link_leads_to_the_public_address() {
    let home = Home::default();
    let running = Running::start_with(&home, &["server.public_url=https://presenze.example.org"]);
    let line = running.wait_for(|line| token_of(line).map(|_| line.trim().to_owned()));
    assert!(line.starts_with("https://presenze.example.org/app/setup#"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_of_an_earlier_start_is_refused_and_the_newest_works() {
    let home = Home::default();
    let first = Running::start(&home);
    let old = first.setup_token();
    first.stop();
    let second = Running::start(&home);
    let new = second.setup_token();
    assert_ne!(new, old);
    let site = Site::of(&home, &second);
    let refused = site.post("/setup", None, request(&old)).await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    assert_eq!(refused.json()["code"], "SETUP_INVALID");
    site.post("/setup", None, request(&new)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_did_not_see_the_link_asks_for_another() {
    let home = Home::default();
    let running = Running::start(&home);
    let old = running.setup_token();
    let asked = home.run(&["setup-link"]).expect(0);
    let new = token_of(&asked.stdout).expect("a link");
    assert!(!asked.stderr.contains(&new), "{}", asked.stderr);
    let site = Site::of(&home, &running);
    let refused = site.post("/setup", None, request(&old)).await;
    assert_eq!(refused.json()["code"], "SETUP_INVALID");
    site.post("/setup", None, request(&new)).await.expect(201);
    home.run(&["setup-link"]).expect_error(4, &["there is an administrator already"]);
}

#[test]
fn of_a_stopped_appliance_no_link_is_made() {
    let home = Home::default();
    home.run(&["setup-link"]).expect_error(3, &["no appliance runs on this data directory"]);
    assert!(!home.data().exists());
}

#[test]
fn no_link_is_printed_once_there_is_an_administrator() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    assert_eq!(links(&Running::start(&home).stop().stderr), 0);
}
