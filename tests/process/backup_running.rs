//! `appliance backup create` beside a running appliance: it is asked, and hands the archive over.

use std::{fs, process::Stdio};

use crate::{
    program::{Home, finish, finish_with_input},
    running::Running,
};

/// Whoever asks stands in another directory than the server.
fn from_elsewhere(home: &Home, arguments: &[&str]) -> std::process::Command {
    let mut command = home.command(arguments);
    command.current_dir(std::env::temp_dir()).arg("--data-dir").arg(home.data());
    command
}

fn names_in(directory: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_backup_is_kept_by_the_appliance_that_runs_and_is_good() {
    let home = Home::default();
    let running = Running::start(&home);
    let made = finish(from_elsewhere(&home, &["backup", "create"])).expect(0).stdout;
    let path = std::path::Path::new(made.trim());
    assert!(path.is_file(), "{made}");
    assert_eq!(path.parent().unwrap(), home.data().join("backups"));
    finish(from_elsewhere(&home, &["backup", "verify", made.trim()])).expect(0);
    let status = home.run(&["--json", "status"]).expect(0).json();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(status["last_backup"]["name"], name);
    running.stop();
}

#[test]
fn a_backup_for_elsewhere_is_handed_over_and_none_is_kept() {
    let home = Home::default();
    let running = Running::start(&home);
    let archive = home.path().join("mine.tar.zst");
    let archive = archive.to_str().unwrap();
    let create = ["backup", "create", "--output", archive];
    assert_eq!(finish(from_elsewhere(&home, &create)).expect(0).stdout.trim(), archive);
    finish(from_elsewhere(&home, &["backup", "verify", archive])).expect(0);
    finish(from_elsewhere(&home, &create)).expect_error(4, &["is there already"]);

    let piped = from_elsewhere(&home, &["backup", "create", "--output", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(piped.status.success());
    let second = home.path().join("piped.tar.zst");
    fs::write(&second, &piped.stdout).unwrap();
    let second = second.to_str().unwrap();
    finish(from_elsewhere(&home, &["backup", "verify", second])).expect(0);
    assert_eq!(names_in(&home.data().join("backups")), Vec::<String>::new());
    running.stop();
}

#[test]
fn a_passphrase_reaches_the_appliance_that_runs() {
    let home = Home::default();
    let running = Running::start(&home);
    let create = ["backup", "create", "--passphrase-stdin"];
    finish_with_input(from_elsewhere(&home, &create), "short")
        .expect_error(2, &["at least 12 characters"]);
    let made = finish_with_input(from_elsewhere(&home, &create), "correct horse battery").expect(0);
    let name = made.stdout.trim();
    assert!(name.ends_with("Z.tar.zst.age"), "{name}");
    let verify = ["backup", "verify", name, "--passphrase-stdin"];
    finish_with_input(from_elsewhere(&home, &verify), "correct horse battery").expect(0);
    finish_with_input(from_elsewhere(&home, &verify), "another passphrase").expect(5);
    running.stop();
}

#[test]
fn one_backup_at_a_time_whoever_takes_it() {
    let home = Home::default();
    let directory = home.data().join("backups");
    let running = Running::start(&home);
    home.run(&["backup", "create"]).expect(0);
    let another = fs::File::open(&directory).unwrap();
    another.lock().unwrap();
    for verb in ["create", "prune"] {
        let refused = home.run(&["backup", verb]);
        refused.expect_error(4, &["another backup is in progress", "try again when it is done"]);
    }
    drop(another);
    home.run(&["backup", "create"]).expect(0);
    assert_eq!(names_in(&directory).len(), 2);
    running.stop();
}
