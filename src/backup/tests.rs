//! Backups of small files, through older and newer programs.

use std::fs;

use super::*;
use crate::{
    clock::Time,
    paths::DataDir,
    store::{AnyTable, AtRest, Migration, Store, StoreOptions, Table},
    telemetry::Metrics,
};

mod encrypted;

const OLD: Table<u64, u64> = Table::new("old");
const NEW: Table<u64, u64> = Table::new("new");
static OLD_TABLES: [&dyn AnyTable; 1] = [&OLD];
static NEW_TABLES: [&dyn AnyTable; 1] = [&NEW];
static STEPS: [Migration; 2] = [
    Migration {
        name: "create",
        apply: |txn| {
            OLD.create(txn)?;
            OLD.put(txn, 1, &7)
        },
    },
    Migration {
        name: "move",
        apply: |txn| {
            NEW.create(txn)?;
            let found = OLD.get(txn, 1)?.unwrap_or_default();
            NEW.put(txn, 1, &found)
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
    let backups = BackupDirectory::new(data.backups(), &data);
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

fn take_offline(home: &Home, known: &[DataFile]) -> Result<CreatedBackup, BackupError> {
    let snapshots = || SnapshotSet::offline(known, home.data.root());
    create_backup(
        &snapshots,
        &home.backups,
        Destination::Directory,
        &Encryption::default(),
        now(),
        &mut |_| Ok(()),
        &mut |_| Ok(()),
    )
}

fn restored(
    archive: &CreatedBackup,
    known: &[DataFile],
    data: &DataDir,
) -> Result<Restored, BackupError> {
    let input = fs::File::open(&archive.path).unwrap();
    restore(input, &Decryption::default(), known, data, now(), &mut |_| Ok(()))
}

#[test]
fn files_of_an_older_schema_are_kept_as_they_are_and_stepped_forward_when_restored() {
    let home = home(1);
    let before = fs::read(home.data.root().join("a.redb")).unwrap();
    let taken = take_offline(&home, &files(2)).unwrap();
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

#[test]
fn files_of_a_newer_schema_are_refused_by_the_version_that_made_them() {
    let home = home(2);
    let taken = take_offline(&home, &files(2)).unwrap();
    let refused = restored(&taken, &files(1), &home.data).unwrap_err().to_string();
    for word in ["newer appliance", env!("CARGO_PKG_VERSION"), "schema 2", "knows 1"] {
        assert!(refused.contains(word), "{refused}");
    }
}

#[test]
fn a_file_with_a_table_that_nobody_knows_is_not_backed_up_in_part() {
    let home = home(1);
    let unknown = files(1).map(|file| DataFile { tables: &NEW_TABLES, ..file });
    assert!(matches!(take_offline(&home, &unknown), Err(BackupError::Failed(_))));
    assert_eq!(home.backups.list().unwrap(), []);
    assert_eq!(fs::read_dir(home.backups.path()).unwrap().count(), 0);
}

#[test]
fn one_backup_is_taken_at_a_time_and_two_of_one_second_have_two_names() {
    let home = home(1);
    let locked = home.backups.lock().unwrap();
    assert!(matches!(take_offline(&home, &files(1)), Err(BackupError::InUse(_))));
    let removed = home.backups.remove(|all| all.iter().map(|listed| listed.name).collect());
    assert!(matches!(removed, Err(BackupError::InUse(_))));
    drop(locked);
    take_offline(&home, &files(1)).unwrap();
    take_offline(&home, &files(1)).unwrap();
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
        let snapshots = || SnapshotSet::offline(&known, home.data.root());
        let mut stop = |_| {
            left -= 1;
            if left < 0 { Err(BackupError::Failed("told to stop".to_owned())) } else { Ok(()) }
        };
        let stopped = create_backup(
            &snapshots,
            &home.backups,
            Destination::Directory,
            &Encryption::default(),
            now(),
            &mut stop,
            &mut |_| Ok(()),
        );
        if stopped.is_ok() {
            assert!(steps_before > 1);
            return;
        }
        assert_eq!(fs::read_dir(home.backups.path()).unwrap().count(), 0);
    }
    panic!("it was never done");
}

#[test]
fn what_was_there_is_kept_and_a_second_restore_keeps_its_own() {
    let home = home(1);
    let taken = take_offline(&home, &files(1)).unwrap();
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
    let taken = take_offline(&home, &files(1)).unwrap();
    let store = open(&home.data, &files(1)[1]);
    assert!(matches!(restored(&taken, &files(1), &home.data), Err(BackupError::InUse(_))));
    drop(store);
    let claim = home.data.claim(crate::paths::ClaimKind::Shared).unwrap();
    assert!(matches!(restored(&taken, &files(1), &home.data), Err(BackupError::InUse(_))));
    drop(claim);
    restored(&taken, &files(1), &home.data).unwrap();
}

/// What posts are made of: one text, again and again.
const FEED: Table<u64, String> = Table::new("feed");
static FEED_TABLES: [&dyn AnyTable; 1] = [&FEED];
static FEED_STEPS: [Migration; 1] = [Migration { name: "create", apply: |txn| FEED.create(txn) }];

/// A backup of so many posts of 40 KB, taken, verified and restored.
fn a_repeated_text_comes_back(posts: u64, encryption: &Encryption) {
    let known =
        [DataFile { name: "a.redb", tables: &FEED_TABLES, migrations: &FEED_STEPS, audit: None }];
    let home = home(0);
    let path = home.data.root().join("a.redb");
    let metrics = Metrics::new().unwrap().store("test");
    let store = Store::open_unsynced(&path, StoreOptions::default(), &FEED_STEPS, metrics).unwrap();
    let text = "the same report, page after page. ".repeat(1_200);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for first in (0..posts).step_by(200) {
        let text = text.clone();
        let many = store.submit(move |_| {
            let text = text.clone();
            Ok(crate::store::Outcome::<(), ()>::commit(move |txn| {
                (first..posts.min(first + 200)).try_for_each(|post| FEED.put(txn, post, &text))
            }))
        });
        runtime.block_on(many).unwrap().unwrap();
    }
    store.close();
    drop(store);
    let snapshots = || SnapshotSet::offline(&known, home.data.root());
    let taken = create_backup(
        &snapshots,
        &home.backups,
        Destination::Directory,
        encryption,
        now(),
        &mut |_| Ok(()),
        &mut |_| Ok(()),
    )
    .unwrap();
    let came_out = taken.manifest.bytes();
    assert!(came_out > (64 << 20) + 200 * taken.bytes, "{came_out} of {}", taken.bytes);
    assert!(home.backups.list().unwrap()[0].verified);
    let key = Decryption::with_passphrase(&mut PASSPHRASE.as_bytes()).unwrap();
    let input = fs::File::open(&taken.path).unwrap();
    verify(input, &key, &known, &Workplace::new(home.directory.path()), &mut |_| Ok(())).unwrap();
    let elsewhere = DataDir::new(home.directory.path().join("elsewhere"));
    let input = fs::File::open(&taken.path).unwrap();
    restore(input, &key, &known, &elsewhere, now(), &mut |_| Ok(())).unwrap();
    let at_rest = AtRest::open(&elsewhere.root().join("a.redb")).unwrap();
    assert_eq!(FEED.len(&at_rest.snapshot().unwrap()), Ok(posts));
    assert_eq!(FEED.get(&at_rest.snapshot().unwrap(), posts - 1), Ok(Some(text)));
}

const PASSPHRASE: &str = "corretto cavallo batteria";

#[test]
fn a_feed_of_one_repeated_text_is_backed_up_verified_and_restored() {
    a_repeated_text_comes_back(4_000, &Encryption::default());
}

#[test]
#[ignore = "takes gigabytes of disk: make soak"]
fn a_feed_of_one_repeated_text_of_a_gigabyte_comes_back_soak() {
    a_repeated_text_comes_back(26_000, &Encryption::default());
    a_repeated_text_comes_back(
        26_000,
        &Encryption::with_passphrase(&mut PASSPHRASE.as_bytes()).unwrap(),
    );
}

/// Files that can be copied and packed, and that no reader takes: their audit chain is broken.
fn broken() -> [DataFile; 2] {
    files(1).map(|file| DataFile {
        audit: Some(AuditChain {
            head: |_| Ok(AuditHead { sequence: 0, hash: String::new() }),
            verify: |_, _| Ok(Err("an entry is missing".to_owned())),
        }),
        ..file
    })
}

#[test]
fn an_archive_that_does_not_verify_is_none_and_takes_no_good_one_away() {
    let home = home(1);
    let good = take_offline(&home, &files(1)).unwrap();
    let rule = Retention { last: 1, daily: 0, weekly: 0, monthly: 0 };
    for _ in 0..3 {
        let failed = take_offline(&home, &broken()).unwrap_err();
        assert!(matches!(&failed, BackupError::NotVerified(_)), "{failed}");
        assert!(failed.to_string().contains("an entry is missing"), "{failed}");
        let zone = jiff::tz::TimeZone::UTC;
        let gone = home.backups.remove(|all| expired(all, rule, &zone, now())).unwrap();
        assert_eq!(gone, []);
    }
    let listed = home.backups.list().unwrap();
    assert_eq!(
        listed.iter().map(|one| (one.name, one.verified)).collect::<Vec<_>>(),
        [(good.name, true)]
    );
    assert_eq!(fs::read_dir(home.backups.path()).unwrap().count(), 1);
}

#[test]
fn what_was_not_read_back_here_is_listed_as_not_verified_until_it_was() {
    let home = home(1);
    let taken = take_offline(&home, &files(1)).unwrap();
    let verified = || home.backups.list().unwrap()[0].verified;
    assert!(verified());
    // Another file under its name is not the one that verified.
    fs::write(&taken.path, "cut short").unwrap();
    assert!(!verified());
    fs::remove_file(home.data.verified_backups()).unwrap();
    assert!(!verified());
    home.backups.take_for_verified(taken.name).unwrap();
    assert!(verified());
    assert_eq!(home.backups.name_of(&taken.path), Some(taken.name));
    assert_eq!(home.backups.name_of(home.data.root()), None);
}

#[test]
fn a_backup_is_announced_before_anybody_has_it_and_nobody_gets_one_that_is_refused() {
    let home = home(1);
    let known = files(1);
    let snapshots = || SnapshotSet::offline(&known, home.data.root());
    for destination in [Destination::Directory, Destination::HandOver] {
        let mut announced = 0;
        let mut refuse = |taken: &CreatedBackup| {
            announced += 1;
            assert!(!taken.path.exists());
            Err(BackupError::Failed("no".to_owned()))
        };
        let (encryption, watch) = (Encryption::default(), &mut |_| Ok(()));
        let taken = create_backup(
            &snapshots,
            &home.backups,
            destination,
            &encryption,
            now(),
            watch,
            &mut refuse,
        );
        assert!(taken.is_err());
        assert_eq!(announced, 1);
        assert_eq!(fs::read_dir(home.backups.path()).unwrap().count(), 0);
    }
}
