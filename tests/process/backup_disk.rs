//! Backup disks that hang or are in use by somebody else, and backups that are cut short: what goes on all the same.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

use crate::{
    faults::killed_at,
    load::ADMIN,
    program::{Home, finish},
    running::{Running, serve},
    site::Site,
};

/// Has whoever looks into the backup directory wait for ever, as a disk behind a network does that is gone.
fn hang(home: &Home) {
    fs::create_dir_all(home.data().join("backups")).unwrap();
    let mut mkfifo = Command::new("mkfifo");
    mkfifo.arg(home.data().join("verified-backups"));
    finish(mkfifo).expect(0);
}

#[test]
fn a_backup_disk_that_hangs_keeps_no_start_no_status_and_no_stop_waiting() {
    let home = Home::default();
    Running::start(&home).stop();
    hang(&home);
    let running = Running::start(&home);
    let status = home.run(&["--json", "status"]).expect(0).json();
    assert!(status["last_backup"].is_null(), "{status}");
    running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_due_waits_for_another_and_is_taken_then() {
    let home = Home::default();
    let directory = home.data().join("backups");
    Running::start(&home).stop();
    fs::create_dir_all(&directory).unwrap();
    // The last one is years old, so that one is due at once.
    fs::write(directory.join("appliance-20200101T000000Z.tar.zst"), "of an older version").unwrap();
    let other = File::open(&directory).unwrap();
    other.lock().unwrap();
    let running = Running::start(&home);
    let tried = |line: &str| {
        let waits = line.contains("the backup that is due waits");
        (waits || line.contains("no backup was taken")).then_some(waits)
    };
    assert!(running.wait_for(tried), "it gave up");
    let ready = Site::of(&home, &running).page("/readyz").await.expect(200);
    assert_ne!(ready["backup"]["state"], "failed", "{ready}");
    drop(other);
    running.wait_for(|line| line.contains("took a backup").then_some(()));
    running.stop();
}

fn archives(home: &Home) -> Vec<String> {
    let listed = home.run(&["--json", "backup", "list"]).expect(0).json();
    let names =
        listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_is_killed_after_its_backup_takes_no_other_and_notes_it_once() {
    let home = Home::default();
    fs::create_dir(home.data()).unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/0.1.0");
    for name in ["auth.redb", "user.redb", "social_log.redb"] {
        fs::copy(kept.join(name), home.data().join(name)).unwrap();
    }
    // A disk that takes its time, so that it can be killed in the middle.
    let delay = "inject=fdatasync,fsync:delay_enter=100000";
    let slow = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e"];
    let slow = [&slow[..], &["trace=fdatasync,fsync", "-e", delay]].concat();
    let running = Running::begin(home.command_under(&slow, &serve(&[])));
    running.wait_for(|line| line.contains("took a backup").then_some(()));
    running.kill();
    assert!(home.run(&["migrate", "status"]).expect(0).stdout.contains("pending"));
    let before = archives(&home);
    assert_eq!(before.len(), 1);
    for _ in 0..2 {
        let running = Running::start(&home);
        assert_eq!(archives(&home), before);
        running.stop();
        assert!(!home.data().join("before-upgrade").exists());
    }
    home.create_user("nuova", "admin").expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let admin = site.login("nuova").await;
    let noted = site.audit(&admin, "backup.created", 1).await;
    assert_eq!(noted.len(), 1, "{noted:#?}");
    assert_eq!(noted[0]["target"], format!("backup:{}", before[0]));
    running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_in_the_audit_trail_before_it_has_its_name() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    Running::start(&home).stop();
    // An archive gets its name by the one call of this kind.
    let runner = killed_at("renameat2", 1);
    let runner: Vec<_> = runner.iter().map(String::as_str).collect();
    let running = Running::start_under(&home, &runner).unwrap();
    let taken = home.run(&["backup", "create"]);
    assert_ne!(taken.code, Some(0), "{taken:#?}");
    running.ended().expect_killed();
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let admin = site.login(ADMIN).await;
    assert_eq!(site.audit(&admin, "backup.created", 1).await.len(), 1);
    running.stop();
}
