//! `user reset-password`, on a running appliance and on a stopped one.

use serde_json::json;

use crate::{
    program::{Finished, Home, QUICK_HASHES, finish_with_input},
    running::Running,
    site::Site,
    support::PASSWORD,
};

const ANOTHER: &str = "giraffa sul termosifone";

fn set(home: &Home, user: &str, password: &str) -> Finished {
    let mut command = home.command(&["user", "reset-password", user, "--password-stdin"]);
    command.args(QUICK_HASHES);
    finish_with_input(command, password)
}

/// The token of the link that is all of the output.
#[track_caller]
fn token(finished: &Finished) -> &str {
    let mut lines = finished.stdout.lines();
    let (start, token) = lines.next().unwrap().split_once('#').unwrap();
    assert_eq!((start, lines.next()), ("https://localhost:8443/app/reset", None));
    assert!(!finished.stderr.contains(token), "once");
    token
}

async fn reset(site: &Site, token: &str) -> u16 {
    let body = json!({ "token": token, "new": ANOTHER });
    site.post("/auth/password/reset", None, body).await.status.as_u16()
}

async fn login(site: &Site, password: &str) -> u16 {
    let body = json!({ "identifier": "ada", "password": password });
    site.post("/auth/login", None, body).await.status.as_u16()
}

#[tokio::test]
async fn a_link_from_the_command_line_works_whether_or_not_the_appliance_runs() {
    let home = Home::default();
    home.create_user("ada", "user").expect(0);
    let stopped = home.run(&["user", "reset-password", "ada"]).expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let before = site.login("ada").await;
    let asked = home.run(&["user", "reset-password", "ada@example.org"]).expect(0);
    assert!(asked.stderr.contains("works once, until 20"), "{}", asked.stderr);
    assert_eq!(reset(&site, token(&stopped)).await, 410, "a newer one has its place");
    assert_eq!(reset(&site, token(&asked)).await, 204);
    assert_eq!(reset(&site, token(&asked)).await, 410);
    assert_eq!((login(&site, PASSWORD).await, login(&site, ANOTHER).await), (401, 200));
    let me = site.try_api(reqwest::Method::GET, "/me", Some(&before), None).await.unwrap();
    me.expect_problem(401, "SESSION_ENDED");
    let json = home.run(&["user", "reset-password", "1", "--json"]).expect(0).json();
    assert_eq!(json["user"]["username"], "ada");
    assert!(json["url"].as_str().unwrap().contains("/app/reset#"), "{json}");
}

#[tokio::test]
async fn a_password_can_be_set_at_once_whether_or_not_the_appliance_runs() {
    let home = Home::default();
    home.create_user("ada", "user").expect(0);
    let done = set(&home, "ada", ANOTHER).expect(0);
    assert!(!format!("{done:?}").contains(ANOTHER));
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    assert_eq!((login(&site, PASSWORD).await, login(&site, ANOTHER).await), (401, 200));
    set(&home, "1", PASSWORD).expect(0);
    assert_eq!((login(&site, PASSWORD).await, login(&site, ANOTHER).await), (200, 401));
}

#[test]
fn a_running_appliance_refuses_as_a_stopped_one_does() {
    let home = Home::default();
    home.create_user("ada", "user").expect(0);
    let refusals = || {
        [
            set(&home, "ada", "qwertyuiop"),
            set(&home, "ada", "breve"),
            set(&home, "nessuno", ANOTHER),
            home.run(&["user", "reset-password", "nessuno"]),
        ]
        .map(|refused| (refused.code.unwrap(), refused.error().to_owned()))
    };
    let stopped = refusals();
    let _running = Running::start(&home);
    assert_eq!(refusals(), stopped);
    assert_eq!(stopped.each_ref().map(|(code, _)| *code), [2, 2, 3, 3]);
    assert!(stopped[0].1.contains("the password is too easy to guess"), "{}", stopped[0].1);
}
