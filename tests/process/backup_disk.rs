//! Backup disks that hang, are in use by somebody else, or are not there: what goes on all the same.

use std::{
    fs::{self, File},
    process::Command,
};

use crate::{
    program::{Home, finish},
    running::Running,
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
