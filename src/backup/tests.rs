//! Backups of small files, through older and newer programs.

use std::{fs, io};

use super::*;
use crate::{
    clock::Time,
    paths::DataDir,
    store::{AnyTable, AtRest, Migration, Store, StoreOptions, Table},
    telemetry::Metrics,
};

const OLD: Table<u64, u64> = Table::new("old");
const NEW: Table<u64, u64> = Table::new("new");
static OLD_TABLES: [&dyn AnyTable; 1] = [&OLD];
static NEW_TABLES: [&dyn AnyTable; 1] = [&NEW];
static STEPS: [Migration; 2] = [
    Migration {
        name: "create",
        apply: |edit| {
            OLD.create(edit)?;
            OLD.put(edit, 1, &7)
        },
    },
    Migration {
        name: "move",
        apply: |edit| {
            NEW.create(edit)?;
            let found = OLD.get(edit, 1)?.unwrap_or_default();
            NEW.put(edit, 1, &found)
        },
    },
];

/// The files as a program knows them that has so many steps.
fn files(steps: usize) -> [DataFile; 2] {
    let tables: &'static [&'static dyn AnyTable] =
        if steps == 1 { &OLD_TABLES } else { &ALL_TABLES };
    ["a.redb", "b.redb"].map(|name| DataFile {
        name,
        tables,
        migrations: &STEPS[..steps],
        audit: None,
    })
}

static ALL_TABLES: [&dyn AnyTable; 2] = [&OLD, &NEW];

struct Home {
    directory: tempfile::TempDir,
    data: DataDir,
    backups: BackupDirectory,
}

/// A directory with files that a program of so many steps made.
fn home(steps: usize) -> Home {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDir::new(directory.path().join("data"));
    data.create().unwrap();
    for file in files(steps) {
        drop(open(&data, &file));
    }
    let backups = BackupDirectory::new(data.backups());
    Home { directory, data, backups }
}

fn open(data: &DataDir, file: &DataFile) -> Store {
    let metrics = Metrics::new().unwrap().store("test");
    let path = data.root().join(file.name);
    Store::open(&path, StoreOptions::default(), file.migrations, metrics).unwrap()
}

fn now() -> Time {
    Time::parse_rfc3339("2026-11-23T02:00:00.250Z").unwrap()
}

fn take_at_rest(home: &Home, known: &[DataFile]) -> Result<Taken, BackupError> {
    let cut = || Cut::at_rest(known, home.data.root());
    take(&cut, &home.backups, Destination::Directory, &Seal::default(), now(), &mut |_| Ok(()))
}

fn restored(archive: &Taken, known: &[DataFile], data: &DataDir) -> Result<Restored, BackupError> {
    let input = fs::File::open(archive.path.as_ref().unwrap()).unwrap();
    restore(input, &Key::default(), known, data, now(), &mut |_| Ok(()))
}

#[test]
fn files_of_an_older_schema_are_kept_as_they_are_and_stepped_forward_when_restored() {
    let home = home(1);
    let before = fs::read(home.data.root().join("a.redb")).unwrap();
    let taken = take_at_rest(&home, &files(2)).unwrap();
    assert_eq!(taken.manifest.files[0].schema_version, 1);
    assert_eq!(taken.manifest.files[0].rows["old"], 1);
    assert!(fs::read(home.data.root().join("a.redb")).unwrap() == before);

    let elsewhere = DataDir::new(home.directory.path().join("elsewhere"));
    assert!(restored(&taken, &files(2), &elsewhere).unwrap().safety.is_none());
    for file in files(2) {
        let at_rest = AtRest::open(&elsewhere.root().join(file.name)).unwrap();
        let snapshot = at_rest.snapshot().unwrap();
        assert_eq!(snapshot.about().unwrap().schema_version, 2);
        assert_eq!(NEW.get(&snapshot, 1), Ok(Some(7)));
    }
    // The program that made them can have them back, too.
    let back = DataDir::new(home.directory.path().join("back"));
    restored(&taken, &files(1), &back).unwrap();
}

const POSTS: Table<u64, String> = Table::new("posts");
static POST_TABLES: [&dyn AnyTable; 1] = [&POSTS];
/// 100 MB that say the same.
static POST_STEPS: [Migration; 1] = [Migration {
    name: "write one text again and again",
    apply: |edit| {
        POSTS.create(edit)?;
        let text = "the same ".repeat(5_000);
        (0..2_300).try_for_each(|number| POSTS.put(edit, number, &text))
    },
}];

#[test]
fn files_that_say_the_same_again_and_again_come_back_however_small_their_archive_is() {
    let file =
        DataFile { name: "a.redb", tables: &POST_TABLES, migrations: &POST_STEPS, audit: None };
    let directory = tempfile::tempdir().unwrap();
    let data = DataDir::new(directory.path().join("data"));
    data.create().unwrap();
    drop(open(&data, &file));
    let backups = BackupDirectory::new(data.backups());
    let home = Home { directory, data, backups };
    let taken = take_at_rest(&home, &[file]).unwrap();
    let ratio = taken.manifest.bytes() / taken.bytes;
    assert!(ratio > 400, "it compresses to a {ratio}th, which is too little to try anything");
    let elsewhere = DataDir::new(home.directory.path().join("elsewhere"));
    restored(&taken, &[file], &elsewhere).unwrap();
    let at_rest = AtRest::open(&elsewhere.root().join(file.name)).unwrap();
    assert_eq!(POSTS.len(&at_rest.snapshot().unwrap()), Ok(2_300));
}

#[test]
fn files_of_a_newer_schema_are_refused_by_the_version_that_made_them() {
    let home = home(2);
    let taken = take_at_rest(&home, &files(2)).unwrap();
    let refused = restored(&taken, &files(1), &home.data).unwrap_err().to_string();
    for word in ["newer appliance", env!("CARGO_PKG_VERSION"), "schema 2", "knows 1"] {
        assert!(refused.contains(word), "{refused}");
    }
}

#[test]
fn a_file_with_a_table_that_nobody_knows_is_not_backed_up_in_part() {
    let home = home(1);
    let unknown = files(1).map(|file| DataFile { tables: &NEW_TABLES, ..file });
    assert!(matches!(take_at_rest(&home, &unknown), Err(BackupError::Failed(_))));
    assert_eq!(home.backups.list().unwrap(), []);
    assert_eq!(fs::read_dir(home.backups.path()).unwrap().count(), 0);
}

#[test]
fn one_backup_is_taken_at_a_time_and_two_of_one_second_have_two_names() {
    let home = home(1);
    let locked = home.backups.lock().unwrap();
    assert!(matches!(take_at_rest(&home, &files(1)), Err(BackupError::InUse(_))));
    let removed = home.backups.remove(|names| names);
    assert!(matches!(removed, Err(BackupError::InUse(_))));
    drop(locked);
    take_at_rest(&home, &files(1)).unwrap();
    take_at_rest(&home, &files(1)).unwrap();
    let names: Vec<_> =
        home.backups.list().unwrap().iter().map(|listed| listed.name.to_string()).collect();
    assert_eq!(names, ["appliance-20261123T020000Z.tar.zst", "appliance-20261123T020001Z.tar.zst"]);
}

#[test]
fn a_backup_that_is_told_to_stop_leaves_nothing() {
    let home = home(1);
    let known = files(1);
    for steps_before in 0..40 {
        let mut left = steps_before;
        let cut = || Cut::at_rest(&known, home.data.root());
        let mut stop = |_| {
            left -= 1;
            if left < 0 { Err(BackupError::Failed("told to stop".to_owned())) } else { Ok(()) }
        };
        let stopped =
            take(&cut, &home.backups, Destination::Directory, &Seal::default(), now(), &mut stop);
        if stopped.is_ok() {
            assert!(steps_before > 1);
            return;
        }
        assert_eq!(fs::read_dir(home.backups.path()).unwrap().count(), 0);
    }
    panic!("it was never done");
}

#[test]
fn a_backup_into_a_stream_that_takes_no_more_fails() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let home = home(1);
    let known = files(1);
    let cut = || Cut::at_rest(&known, home.data.root());
    let destination = Destination::Stream(&mut Full);
    let failed = take(&cut, &home.backups, destination, &Seal::default(), now(), &mut |_| Ok(()));
    assert!(failed.unwrap_err().to_string().contains("no space left"));
}

#[test]
fn what_was_there_is_kept_and_a_second_restore_keeps_its_own() {
    let home = home(1);
    let taken = take_at_rest(&home, &files(1)).unwrap();
    let first = restored(&taken, &files(1), &home.data).unwrap().safety.unwrap();
    let second = restored(&taken, &files(1), &home.data).unwrap().safety.unwrap();
    assert_ne!(first, second);
    for safety in [first, second] {
        assert!(AtRest::open(&safety.join("b.redb")).is_ok());
    }
}

#[test]
fn nobody_restores_over_an_open_store() {
    let home = home(1);
    let taken = take_at_rest(&home, &files(1)).unwrap();
    let store = open(&home.data, &files(1)[1]);
    assert!(matches!(restored(&taken, &files(1), &home.data), Err(BackupError::InUse(_))));
    drop(store);
    let claim = home.data.claim(crate::paths::ClaimKind::Shared).unwrap();
    assert!(matches!(restored(&taken, &files(1), &home.data), Err(BackupError::InUse(_))));
    drop(claim);
    restored(&taken, &files(1), &home.data).unwrap();
}
