//! A start that is told to stop before it serves: it ends soon, as after serving, and loses nothing.

use std::{fs, path::Path, process::Command};

use crate::{
    program::{Finished, Home, finish},
    running::{Running, serve},
};

/// Starts with a disk that takes its time, waits until it says `words`, sends it a signal, and gives its end.
fn stopped_at(home: &Home, signal: &str, words: &str, settings: &[&str]) -> Finished {
    let delay = "inject=fdatasync,fsync:delay_enter=400000";
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e"];
    let strace = [&strace[..], &["trace=fdatasync,fsync", "-e", delay]].concat();
    let running = Running::begin(home.command_under(&strace, &serve(settings)));
    running.wait_for(|line| line.contains(words).then_some(()));
    running.signal(signal);
    let ended = running.ended().expect(0);
    assert!(ended.stderr.contains("stopped during the start"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("\"ready\""), "{}", ended.stderr);
    ended
}

#[test]
fn a_first_start_is_stopped_between_two_steps_and_the_next_goes_on() {
    for signal in ["TERM", "INT"] {
        let home = Home::default();
        stopped_at(&home, signal, "auth.redb", &[]);
        Running::start(&home).stop();
    }
}

/// The files of an older version, with steps to take.
fn old() -> Home {
    let home = Home::default();
    fs::create_dir(home.data()).unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/0.1.0");
    for name in ["auth.redb", "user.redb", "social_log.redb"] {
        fs::copy(kept.join(name), home.data().join(name)).unwrap();
    }
    let status = home.run(&["migrate", "status"]).expect(0).stdout;
    assert!(status.contains("pending"), "{status}");
    home
}

#[test]
fn the_backup_before_an_upgrade_is_given_up() {
    let home = old();
    stopped_at(&home, "TERM", "taking a backup before the upgrade", &[]);
    let left = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("restore")));
    assert!(home.run(&["migrate", "status"]).expect(0).stdout.contains("pending"));
    Running::start(&home).stop();
    assert!(!home.run(&["migrate", "status"]).expect(0).stdout.contains("pending "));
}

/// A verb on accounts alone steps their file forward, too, even one that only lists.
#[test]
fn a_verb_on_the_accounts_of_an_older_version_takes_a_backup_first() {
    let home = old();
    home.run(&["user", "list"]).expect(0);
    let kept = home.run(&["backup", "list", "--json", "--quiet"]).expect(0).json();
    assert_eq!(kept.as_array().map(Vec::len), Some(1), "{kept}");
    let name = kept[0]["name"].as_str().unwrap();
    let verified = home.run(&["backup", "verify", name, "--json", "--quiet"]).expect(0).json();
    let schema = &verified["manifest"]["files"][0]["schema_version"];
    assert!(schema.as_u64() < Some(appliance::auth::MIGRATIONS.len() as u64), "{verified}");
    // And no second time.
    home.run(&["user", "list"]).expect(0);
    let kept = home.run(&["backup", "list", "--json", "--quiet"]).expect(0).json();
    assert_eq!(kept.as_array().map(Vec::len), Some(1), "{kept}");
}

/// Nothing can give up a read that never ends; the process does.
#[test]
fn a_start_that_hangs_is_cut_off() {
    let home = old();
    let pipe = home.path().join("pipe");
    let mut mkfifo = Command::new("mkfifo");
    mkfifo.arg(&pipe);
    finish(mkfifo).expect(0);
    let setting = format!("backup.passphrase_file={}", pipe.display());
    stopped_at(&home, "TERM", "taking a backup before the upgrade", &[&setting]);
}
