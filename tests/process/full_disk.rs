//! No space left: said in words, never in a wrong answer, and nothing acknowledged is lost.

use crate::{
    faults::out_of_space,
    found::Observer,
    load::{ADMIN, Load, Outcome, Round, prepare},
    program::{Home, finish},
    running::{Running, serve},
};

fn runner(fault: &[String]) -> Vec<&str> {
    fault.iter().map(String::as_str).collect()
}

/// Starts on a disk that is full from the nth call on, with ever more calls that go well, until a start
/// gets by without another; each refused start must say why and leave nothing in the way of the next.
fn starts_on_a_disk_that_fills_up(call: &str, step: usize) {
    let mut refused = 0;
    for nth in (1..).step_by(step) {
        let home = Home::default();
        match Running::start_under(&home, &runner(&out_of_space(call, nth))) {
            Err(ended) => ended.expect_error(1, &["o space left"]),
            Ok(running) => {
                running.kill();
                break;
            }
        };
        refused += 1;
        Running::start(&home).stop();
    }
    assert!(refused > 1, "{refused}");
}

#[test]
fn a_first_start_whose_writes_find_no_space_says_so_and_spoils_nothing() {
    starts_on_a_disk_that_fills_up("pwrite64", 11);
}

#[test]
fn a_first_start_whose_syncs_find_no_space_says_so_and_spoils_nothing() {
    starts_on_a_disk_that_fills_up("fdatasync", 7);
}

#[test]
fn a_first_start_whose_files_cannot_grow_says_so_and_spoils_nothing() {
    starts_on_a_disk_that_fills_up("ftruncate", 3);
}

#[test]
fn a_first_start_that_cannot_name_or_sync_its_files_says_so_and_spoils_nothing() {
    starts_on_a_disk_that_fills_up("fsync,linkat", 2);
}

#[test]
fn a_migration_that_finds_no_space_says_what_to_do_about_it() {
    let home = Home::default();
    // Beyond the making of the empty file, within the first step.
    let fault = out_of_space("pwrite64", 14);
    let refused = finish(home.command_under(&runner(&fault), &serve(&[])));
    refused.expect_error(1, &["auth.redb", "free some space and start again", "nothing was lost"]);
}

#[test]
fn an_account_that_finds_no_space_is_not_made_and_says_so() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let fault = out_of_space("pwrite64", 3);
    let mut command = home.command_under(&runner(&fault), &["user", "create"]);
    command.args(["--email", "ada@example.org", "--name", "ada", "--surname", "Prova"]);
    command.args(["--password-stdin", "--set", "auth.argon2_memory_kib=64"]);
    let refused = crate::program::finish_with_input(command, crate::support::PASSWORD);
    refused.expect_error(1, &["No space left"]);
    let listed = home.run(&["user", "list"]).expect(0).stdout;
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

/// Fills the disk under a loaded server, and gives the ledger and how the server ended.
async fn fills_up_while_serving(home: &Home, call: &str, nth: usize) -> Round {
    let plan = prepare(home, "pieno").await;
    let fault = out_of_space(call, nth);
    let running = Running::start_under(home, &runner(&fault)).unwrap();
    let round = Load::begin(home, &running, plan).end().await;
    let ended = running.ended().expect_error(1, &["I/O error", "check the disk"]);
    assert!(ended.stderr.contains("No space left on device"), "{}", ended.stderr);
    round
}

/// Checks that nobody was told yes who should not have been, and that a start with space finds the rest.
async fn nothing_acknowledged_is_lost(home: &Home, round: Round) {
    assert!(round.acknowledged() > 0);
    let refused = round.outcomes().filter(|outcome| outcome.acknowledged().is_none());
    let mut count = 0;
    for outcome in refused {
        count += 1;
        match outcome {
            Outcome::Refused(503, problem) => assert_eq!(problem["code"], "STORE_STOPPED"),
            Outcome::Unknown => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(count > 0, "the disk never was full");
    let running = Running::start(home);
    Observer::of(home, &running).await.find_all(&[round]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_under_writes_ends_the_server_and_loses_nothing_acknowledged() {
    let home = Home::default();
    let round = fills_up_while_serving(&home, "pwrite64", 60).await;
    nothing_acknowledged_is_lost(&home, round).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_under_syncs_ends_the_server_and_loses_nothing_acknowledged() {
    let home = Home::default();
    let round = fills_up_while_serving(&home, "fdatasync", 12).await;
    nothing_acknowledged_is_lost(&home, round).await;
}
