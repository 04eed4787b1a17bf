//! A power cut while files are being made: every later start works.

use serde_json::json;

use crate::{
    faults::{CHANGES, killed_at},
    program::Home,
    running::{Running, setup_token},
    site::Site,
    support::PASSWORD,
};

/// Every so many calls, for there are about a hundred.
const STEP: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_that_is_killed_at_any_call_does_not_stop_the_next() {
    let mut killed = 0;
    for nth in (1..).step_by(STEP) {
        let home = Home::default();
        let fault = killed_at(CHANGES, nth);
        let runner: Vec<_> = fault.iter().map(String::as_str).collect();
        match Running::start_under(&home, &runner) {
            Err(ended) => assert_eq!(ended.code, None, "{ended:#?}"),
            Ok(running) => {
                running.kill();
                break;
            }
        }
        killed += 1;
        let running = Running::start(&home);
        let body = json!({
            "token": setup_token(&home), "email": "capo@example.org", "password": PASSWORD,
            "name": "Clara", "surname": "Neri",
        });
        Site::of(&home, &running).post("/setup", None, body).await.expect(201);
        running.stop();
    }
    assert!(killed > 10, "{killed}");
}

#[test]
fn an_account_that_is_killed_at_any_call_is_made_as_a_whole_or_not_at_all() {
    let mut killed = 0;
    for nth in (1..).step_by(3) {
        let home = Home::default();
        home.create_user("capo", "admin").expect(0);
        let fault = killed_at("pwrite64,fdatasync,ftruncate", nth);
        let runner: Vec<_> = fault.iter().map(String::as_str).collect();
        let mut command = home.command_under(&runner, &["user", "create"]);
        command.args(["--email", "ada@example.org", "--name", "ada", "--surname", "Prova"]);
        command.args(["--password-stdin", "--set", "auth.argon2_memory_kib=64"]);
        let ended = crate::program::finish_with_input(command, PASSWORD);
        let list = home.run(&["user", "list", "--json"]).expect(0).json();
        let accounts = list.as_array().unwrap().len();
        if ended.code == Some(0) {
            assert_eq!(accounts, 2);
            break;
        }
        killed += 1;
        assert!(accounts == 1 || accounts == 2, "{list}");
        // The address and the name are taken by a whole account, or free.
        let again = home.create_user("ada", "user");
        assert_eq!(again.code, Some(if accounts == 2 { 4 } else { 0 }), "{again:#?}");
    }
    assert!(killed > 2, "{killed}");
}
