//! The link that makes the first administrator: once a start, good until the next or until it is used.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    program::{Home, finish},
    running::{Running, serve, setup_token, token_of},
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

/// A start on a terminal, which python lends, told to stop once it is ready; what the terminal showed.
fn shown_on_a_terminal(home: &Home, settings: &[&str]) -> String {
    let python = "import os, pty, sys; os.dup2(2, 1); sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let command = home.command_under(&["python3", "-c", python], &serve(settings));
    let running = Running::start_by(command);
    let pid = home.run(&["status", "--json"]).expect(0).json()["pid"].to_string();
    let mut kill = Command::new("sh");
    kill.args(["-c", &format!("kill -TERM {pid}")]);
    finish(kill).expect(0);
    running.ended().expect(0).stderr
}

#[test]
fn a_start_on_a_terminal_shows_the_link_once_and_it_leads_to_the_public_address() {
    let home = Home::default();
    let shown = shown_on_a_terminal(&home, &["server.public_url=https://presenze.example.org"]);
    assert_eq!(links(&shown), 1, "{shown}");
    assert!(shown.contains("    https://presenze.example.org/app/setup#"), "{shown}");
}

#[test]
fn what_is_kept_of_a_start_names_the_way_to_the_link_and_has_none() {
    let home = Home::default();
    let said = Running::start(&home).stop().stderr;
    assert_eq!(links(&said), 0, "{said}");
    assert!(said.contains("appliance setup-link"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_of_an_earlier_start_is_refused_and_the_newest_works() {
    let home = Home::default();
    let first = Running::start(&home);
    let old = setup_token(&home);
    first.stop();
    let second = Running::start(&home);
    let site = Site::of(&home, &second);
    let refused = site.post("/setup", None, request(&old)).await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    assert_eq!(refused.json()["code"], "SETUP_INVALID");
    let new = setup_token(&home);
    assert_ne!(new, old);
    site.post("/setup", None, request(&new)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_did_not_see_the_link_asks_for_another() {
    let home = Home::default();
    let running = Running::start(&home);
    let old = setup_token(&home);
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
    assert_eq!(links(&shown_on_a_terminal(&home, &[])), 0);
    let said = Running::start(&home).stop().stderr;
    assert!(!said.contains("no administrator"), "{said}");
}
