//! The backup that is taken before files are stepped forward to a newer schema.

use super::backups::{BeforeUpgrade, FileThen, created, directory_of, encryption_of, write_event};
use crate::{
    audit_event::AuditContext,
    backup::{
        BackupError, BackupProgress, BackupStep, CreatedBackup, DataFile, Destination, SnapshotSet,
        create_backup,
    },
    clock::Clock,
    config::BackupConfig,
    paths::DataDir,
    store::{self, AtRest, Store},
};

/// Takes a backup of the files as they are when any of them is about to be stepped forward. What could
/// not be backed up is not stepped forward. [`note_upgrade`] notes it in the audit trail, once the files are of the
/// newest schema. An upgrade that was not finished has its backup already, and takes no other.
///
/// A file that is missing, or has taken no step, says that the first start has not been or was cut short:
/// nothing has been served of the others, and an archive of a part of them would be none.
pub(super) fn back_up_before_upgrade(
    files: &[DataFile],
    config: &BackupConfig,
    data: &DataDir,
    clock: &Clock,
    progress: &store::OpenProgress,
) -> Result<(), BackupError> {
    let (mut pending, mut found) = (Vec::new(), Vec::new());
    for file in files {
        let path = data.root().join(file.name);
        if !path.exists() {
            return Ok(());
        }
        let snapshot = AtRest::open(&path)?.snapshot()?;
        let schema_version = snapshot.about()?.schema_version;
        if schema_version == 0 {
            return Ok(());
        }
        if schema_version < file.newest_schema() {
            pending.push(file.name);
        }
        found.push(FileThen { name: file.name.to_owned(), schema_version, rows: snapshot.rows()? });
    }
    if pending.is_empty() {
        return Ok(());
    }
    let directory = directory_of(config, data);
    let mut earlier = BeforeUpgrade::read(data);
    if earlier.as_ref().is_some_and(|earlier| earlier.serves(&found, &directory).unwrap_or(false)) {
        tracing::info!("the backup before this upgrade was taken by an earlier start");
        return Ok(());
    }
    tracing::info!(files = pending.join(", "), "taking a backup before the upgrade");
    let snapshots = || SnapshotSet::offline(files, data.root());
    let encryption = encryption_of(config)?;
    let mut while_wanted = |at: BackupProgress| {
        let (file, name) = (data.root().join(at.file), words(at.step));
        progress.report(&store::OpenStep { file: &file, name, percent: None });
        let given_up = || BackupError::Failed("the start was given up".to_owned());
        progress.is_wanted().then_some(()).ok_or_else(given_up)
    };
    let now = clock.now();
    let mut note = |taken: &CreatedBackup| {
        let failed = |error: &dyn std::fmt::Display| {
            BackupError::Failed(format!("the backup before the upgrade cannot be noted: {error}"))
        };
        let event = created(&AuditContext::SYSTEM, now, taken).map_err(|error| failed(&error))?;
        let note = BeforeUpgrade::new(taken.name, &taken.manifest.files, event, earlier.take());
        note.write(data).map_err(|error| failed(&error))
    };
    let kept = Destination::Directory;
    let taken = create_backup(
        &snapshots,
        &directory,
        kept,
        &encryption,
        now,
        &mut while_wanted,
        &mut note,
    )?;
    tracing::info!(path = %taken.path.display(), bytes = taken.bytes, "took a backup");
    Ok(())
}

/// What is being done, for whoever waits for the start.
const fn words(step: BackupStep) -> &'static str {
    match step {
        BackupStep::Copying => "copying for the backup before the upgrade",
        BackupStep::Packing => "packing the backup before the upgrade",
        BackupStep::Unpacking => "reading back the backup before the upgrade",
        BackupStep::Checking => "checking the backup before the upgrade",
    }
}

/// Writes into the audit trail, by the outbox of a file, that a backup was taken before the upgrade of these files, if
/// this or an earlier start took one and could not say so.
pub(super) async fn note_upgrade(data: Option<&DataDir>, outbox: &Store) {
    let Some(data) = data else { return };
    let note = BeforeUpgrade::read(data).filter(|note| !note.events.is_empty());
    let Some(mut note) = note else { return };
    for event in std::mem::take(&mut note.events) {
        if let Err(error) = write_event(outbox, event).await {
            return tracing::error!(%error, "cannot note a backup in the audit trail");
        }
    }
    if let Err(error) = note.write(data) {
        tracing::warn!(%error, "a backup may be noted in the audit trail once more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backup::BackupName,
        config::{Config, ConfigSources},
        server::backups::prune,
        store::{AnyTable, Migration, StoreOptions, Table},
        telemetry::Metrics,
    };

    const NUMBERS: Table<u64, u64> = Table::new("numbers");
    static TABLES: [&dyn AnyTable; 1] = [&NUMBERS];
    static STEPS: [Migration; 2] = [
        Migration { name: "create", apply: |txn| NUMBERS.create(txn) },
        Migration { name: "count", apply: |txn| NUMBERS.put(txn, 1, &1) },
    ];

    fn file(name: &'static str, steps: usize) -> DataFile {
        DataFile { name, tables: &TABLES, migrations: &STEPS[..steps], audit: None }
    }

    fn nobody() -> store::OpenProgress {
        store::OpenProgress::default()
    }

    /// The archives that are there after an upgrade of files that have taken so many steps.
    fn backups_after_upgrade(taken: [usize; 2]) -> Vec<BackupName> {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::new(home.path());
        for (name, steps) in [("a.redb", taken[0]), ("b.redb", taken[1])] {
            let metrics = Metrics::new().unwrap().store("test");
            let path = home.path().join(name);
            drop(Store::open(&path, StoreOptions::default(), &STEPS[..steps], metrics).unwrap());
        }
        let config = Config::load(&ConfigSources::default()).unwrap().backup;
        let files = [file("a.redb", 2), file("b.redb", 2)];
        back_up_before_upgrade(&files, &config, &data, &Clock::system(), &nobody()).unwrap();
        let listed = directory_of(&config, &data).list().unwrap();
        listed.into_iter().map(|listed| listed.name).collect()
    }

    #[test]
    fn files_that_are_about_to_be_stepped_forward_are_backed_up_first() {
        assert_eq!(backups_after_upgrade([1, 2]).len(), 1);
        assert_eq!(backups_after_upgrade([1, 1]).len(), 1);
    }

    #[test]
    fn every_part_of_the_backup_is_a_sign_of_progress_of_the_start() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::new(home.path());
        let metrics = Metrics::new().unwrap().store("test");
        let (path, options) = (home.path().join("a.redb"), StoreOptions::default());
        drop(Store::open(&path, options, &STEPS[..1], metrics).unwrap());
        let config = Config::load(&ConfigSources::default()).unwrap().backup;
        let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let hear = heard.clone();
        let progress = store::OpenProgress::new(move |step| {
            hear.lock().unwrap().push((step.file.to_owned(), step.name.to_owned()));
        });
        let files = [file("a.redb", 2)];
        back_up_before_upgrade(&files, &config, &data, &Clock::system(), &progress).unwrap();
        let heard = heard.lock().unwrap();
        for step in
            [BackupStep::Copying, BackupStep::Packing, BackupStep::Unpacking, BackupStep::Checking]
        {
            assert!(heard.contains(&(path.clone(), words(step).to_owned())), "{step:?}: {heard:?}");
        }
    }

    #[test]
    fn files_that_are_new_or_up_to_date_need_no_backup() {
        assert_eq!(backups_after_upgrade([2, 2]), []);
        assert_eq!(backups_after_upgrade([0, 2]), []);
    }

    #[test]
    fn a_first_start_that_was_cut_short_between_two_steps_goes_on_without_a_backup() {
        assert_eq!(backups_after_upgrade([1, 0]), []);
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::new(home.path());
        let (path, metrics) = (home.path().join("a.redb"), Metrics::new().unwrap().store("test"));
        drop(Store::open(&path, StoreOptions::default(), &STEPS[..1], metrics).unwrap());
        let config = Config::load(&ConfigSources::default()).unwrap().backup;
        let files = [file("a.redb", 2), file("b.redb", 2)];
        back_up_before_upgrade(&files, &config, &data, &Clock::system(), &nobody()).unwrap();
        assert!(directory_of(&config, &data).list().unwrap().is_empty());
    }

    #[test]
    fn where_nothing_is_yet_nothing_is_backed_up() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::new(home.path());
        let config = Config::load(&ConfigSources::default()).unwrap().backup;
        back_up_before_upgrade(&[file("a.redb", 2)], &config, &data, &Clock::system(), &nobody())
            .unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }

    /// A data directory whose files have taken one step.
    fn old(names: &[&str]) -> (tempfile::TempDir, DataDir) {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::new(home.path());
        for name in names {
            step(&data, name, 1);
        }
        (home, data)
    }

    /// Steps a file forward.
    fn step(data: &DataDir, name: &str, steps: usize) {
        let metrics = Metrics::new().unwrap().store("test");
        let path = data.root().join(name);
        drop(Store::open(&path, StoreOptions::default(), &STEPS[..steps], metrics).unwrap());
    }

    #[test]
    fn an_upgrade_that_fails_again_and_again_takes_one_backup_which_nobody_removes() {
        let (_home, data) = old(&["a.redb", "b.redb"]);
        let config = Config::load(&ConfigSources::default()).unwrap().backup;
        let files = [file("a.redb", 2), file("b.redb", 2)];
        let (clock, directory) = (Clock::system(), directory_of(&config, &data));
        let start = || {
            back_up_before_upgrade(&files, &config, &data, &clock, &nobody()).unwrap();
            directory.list().unwrap()
        };
        let before = start();
        assert_eq!(before.len(), 1);
        assert_eq!(start(), before);
        // Half of it done, and then it fails again.
        step(&data, "a.redb", 2);
        assert_eq!(start(), before);
        let event = BeforeUpgrade::read(&data).unwrap().events.remove(0);
        assert_eq!(event.target, format!("backup:{}", before[0].name));

        // Later ones are many, and do not take its place until a start has succeeded.
        for day in 1..=7 {
            let name = BackupName { time: before[0].name.time.plus_seconds(day), encrypted: false };
            std::fs::write(directory.path_of(name), "later").unwrap();
            directory.take_for_verified(name).unwrap();
        }
        let now = clock.now().plus_seconds(60);
        let left = |name| directory.list().unwrap().iter().any(|listed| listed.name == name);
        prune(&directory, &data, &config, now).unwrap();
        assert!(left(before[0].name));
        BeforeUpgrade::forget(&data);
        assert!(data.before_upgrade().exists(), "the audit trail has not heard of it");
        let mut note = BeforeUpgrade::read(&data).unwrap();
        note.events.clear();
        note.write(&data).unwrap();
        BeforeUpgrade::forget(&data);
        prune(&directory, &data, &config, now).unwrap();
        assert!(!left(before[0].name));
    }

    #[test]
    fn files_that_an_older_version_has_served_meanwhile_are_backed_up_anew() {
        let (_home, data) = old(&["a.redb"]);
        let config = Config::load(&ConfigSources::default()).unwrap().backup;
        let (clock, files) = (Clock::system(), [file("a.redb", 2)]);
        let start = || {
            back_up_before_upgrade(&files, &config, &data, &clock, &nobody()).unwrap();
            directory_of(&config, &data).list().unwrap()
        };
        let first = start();
        let metrics = Metrics::new().unwrap().store("test");
        let path = data.root().join("a.redb");
        let older = Store::open(&path, StoreOptions::default(), &STEPS[..1], metrics).unwrap();
        let written = older
            .submit(|_| Ok(store::Outcome::<(), ()>::commit(move |txn| NUMBERS.put(txn, 7, &7))));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(written).unwrap().unwrap();
        older.close();
        drop(older);
        assert_eq!(start().len(), 2);
        // The audit trail hears of both.
        assert_eq!(BeforeUpgrade::read(&data).unwrap().events.len(), 2);
        // One that is gone is taken anew.
        let directory = directory_of(&config, &data);
        directory.remove(|all| all.into_iter().map(|listed| listed.name).collect()).unwrap();
        assert_eq!(start().len(), 1);
        assert_ne!(start(), first);
    }
}
