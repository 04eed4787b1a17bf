//! A restore that is killed at each of its steps: the next start has all of the old or all of the new.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    faults::{killed_at, out_of_space},
    forgetful_disk::{Forgets, power_cut},
    program::{Home, finish},
    running::Running,
};

const FILES: [&str; 3] = ["auth.redb", "user.redb", "social_log.redb"];
/// The calls that a restore makes on its way, but for writes into files that nobody knows of yet.
const STEPS: &str = "rename,fsync,mkdir,unlink,unlinkat,rmdir";

type Files = BTreeMap<&'static str, Vec<u8>>;

fn files_in(directory: &Path) -> Files {
    let read = |name| Some((name, fs::read(directory.join(name)).ok()?));
    FILES.into_iter().filter_map(read).collect()
}

/// A home whose data is newer than its backup, and the files of that data.
fn with_backup() -> (Home, Files) {
    let home = Home::default();
    home.create_user("prima", "admin").expect(0);
    Running::start(&home).stop();
    home.run(&["backup", "create", "--output", "backup"]).expect(0);
    home.create_user("dopo", "user").expect(0);
    Running::start(&home).stop();
    let files = files_in(&home.data());
    assert_eq!(files.len(), 3);
    (home, files)
}

/// Puts the data back as it was.
fn reset(home: &Home, files: &Files) {
    fs::remove_dir_all(home.data()).unwrap();
    fs::create_dir(home.data()).unwrap();
    for (name, bytes) in files {
        fs::write(home.data().join(name), bytes).unwrap();
    }
}

/// The safety copy, if there is one.
fn safety_copy(home: &Home) -> Option<Files> {
    let entries = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path());
    let is_safety = |path: &std::path::PathBuf| path.to_string_lossy().contains("restore-safety-");
    entries.into_iter().find(is_safety).map(|path| files_in(&path))
}

/// What the next start finds: nothing of the new, or all of it with the old kept.
fn is_restored(home: &Home, old: &Files) -> bool {
    let people = home.run(&["user", "list"]).expect(0).stdout.lines().count();
    let restored = people == 1;
    assert!(restored || people == 2, "{people} accounts");
    let found = files_in(&home.data());
    for name in ["user.redb", "social_log.redb"] {
        assert_eq!(found[name] == old[name], !restored, "{name} is of the other moment");
    }
    if restored {
        assert!(safety_copy(home).is_some_and(|kept| kept == *old), "the old files are gone");
    } else {
        assert!(safety_copy(home).is_none());
    }
    assert!(!home.data().join("restore-ready").exists());
    // Nothing is left of what was worked with, once somebody works there again.
    home.run(&["backup", "verify", "backup"]).expect(0);
    let left = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
    restored
}

#[test]
fn a_restore_that_is_killed_at_any_step_leaves_all_of_the_old_or_becomes_all_of_the_new() {
    let (home, old) = with_backup();
    let mut outcomes = Vec::new();
    for call in STEPS.split(',') {
        for nth in 1.. {
            reset(&home, &old);
            let runner = killed_at(call, nth);
            let runner: Vec<_> = runner.iter().map(String::as_str).collect();
            let ended = finish(home.command_under(&runner, &["restore", "backup"]));
            let restored = is_restored(&home, &old);
            outcomes.push(restored);
            if ended.code == Some(0) {
                assert!(restored);
                break;
            }
            assert_eq!(ended.code, None, "{ended:#?}");
        }
    }
    let done = outcomes.iter().filter(|restored| **restored).count();
    assert!(done > 8 && outcomes.len() - done > 8, "{done} of {}", outcomes.len());
}

#[test]
fn a_finish_that_is_killed_at_any_step_is_finished_by_the_start_after_it() {
    let (home, old) = with_backup();
    // Killed in the rename after the one that decides.
    let decided = killed_at("rename", 3);
    let decided: Vec<_> = decided.iter().map(String::as_str).collect();
    let mut kills = 0;
    for call in STEPS.split(',') {
        for nth in 1.. {
            reset(&home, &old);
            finish(home.command_under(&decided, &["restore", "backup"])).expect_killed();
            assert!(home.data().join("restore-ready").exists());
            let runner = killed_at(call, nth);
            let runner: Vec<_> = runner.iter().map(String::as_str).collect();
            let ended = finish(home.command_under(&runner, &["user", "list"]));
            assert!(is_restored(&home, &old));
            if ended.code == Some(0) {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 12, "{kills}");
}

/// Cuts the power at every sync of a command, each time from `begin` on, until it gets to its end; says of
/// each whether it left the new files.
fn at_every_sync(home: &Home, old: &Files, arguments: &[&str], begin: impl Fn()) -> Vec<bool> {
    let mut outcomes = Vec::new();
    for (call, forgets) in [
        ("fsync", Forgets::Contents),
        ("fsync", Forgets::Everything),
        ("fdatasync", Forgets::Everything),
    ] {
        for nth in 1.. {
            begin();
            let ended = power_cut(home, arguments, call, nth, forgets);
            outcomes.push(is_restored(home, old));
            if ended.code == Some(0) {
                break;
            }
            assert_eq!(ended.code, None, "{ended:#?}");
        }
    }
    outcomes
}

#[test]
fn a_power_cut_at_any_sync_of_a_restore_leaves_all_of_the_old_or_becomes_all_of_the_new() {
    let (home, old) = with_backup();
    let outcomes = at_every_sync(&home, &old, &["restore", "backup"], || reset(&home, &old));
    let done = outcomes.iter().filter(|restored| **restored).count();
    assert!(done > 16 && outcomes.len() - done > 12, "{done} of {}", outcomes.len());
}

#[test]
fn a_power_cut_at_any_sync_of_a_finish_is_mended_by_the_start_after_it() {
    let (home, old) = with_backup();
    let decided = killed_at("rename", 3);
    let decided: Vec<_> = decided.iter().map(String::as_str).collect();
    let begin = || {
        reset(&home, &old);
        finish(home.command_under(&decided, &["restore", "backup"])).expect_killed();
    };
    let outcomes = at_every_sync(&home, &old, &["user", "list"], begin);
    assert!(outcomes.len() > 16 && outcomes.iter().all(|restored| *restored), "{outcomes:?}");
}

#[test]
fn a_restore_without_room_changes_nothing() {
    let (home, old) = with_backup();
    for call in ["write", "pwrite64", "mkdir", "fsync"] {
        reset(&home, &old);
        let runner = out_of_space(call, 1);
        let runner: Vec<_> = runner.iter().map(String::as_str).collect();
        let failed = finish(home.command_under(&runner, &["restore", "backup", "--quiet"]));
        assert_ne!(failed.code, Some(0), "{call}");
        assert!(files_in(&home.data()) == old, "{call}");
        assert!(!is_restored(&home, &old));
    }
}
