//! The backup that is taken before files are stepped forward to a newer schema.

use super::{created, directory_of, seal_of, write_event};
use crate::{
    backup::{BackupError, Cut, DataFile, Destination, Progress, Step, Taken, take},
    clock::Clock,
    config::BackupConfig,
    event::Provenance,
    paths::DataDir,
    server::wire::Domains,
    store::{self, AtRest},
};

/// Takes a backup of the files as they are when any of them is about to be stepped forward. What could
/// not be backed up is not stepped forward. [`note_upgrade`] notes it in the audit trail, once the files are of the
/// newest schema.
///
/// A file that is missing, or has taken no step, says that the first start has not been or was cut short:
/// nothing has been served of the others, and an archive of a part of them would be none.
pub(in crate::server) fn back_up_before_upgrade(
    files: &[DataFile],
    config: &BackupConfig,
    data: &DataDir,
    clock: &Clock,
    progress: &store::Progress,
) -> Result<Option<Taken>, BackupError> {
    let mut pending = Vec::new();
    for file in files {
        let path = data.root().join(file.name);
        if !path.exists() {
            return Ok(None);
        }
        let found = AtRest::open(&path)?.snapshot()?.about()?.schema_version;
        if found == 0 {
            return Ok(None);
        }
        if found < file.newest_schema() {
            pending.push(file.name);
        }
    }
    if pending.is_empty() {
        return Ok(None);
    }
    tracing::info!(files = pending.join(", "), "taking a backup before the upgrade");
    let cut = || Cut::at_rest(files, data.root());
    let (directory, seal) = (directory_of(config, data), seal_of(config)?);
    let mut while_wanted = |at: Progress| {
        let (file, name) = (data.root().join(at.file), words(at.step));
        progress.report(&store::Step { file: &file, name, percent: None });
        let given_up = || BackupError::Failed("the start was given up".to_owned());
        progress.is_wanted().then_some(()).ok_or_else(given_up)
    };
    let now = clock.now();
    let taken = take(&cut, &directory, Destination::Directory, &seal, now, &mut while_wanted)?;
    tracing::info!(path = %taken.path.display(), bytes = taken.bytes, "took a backup");
    Ok(Some(taken))
}

/// What is being done, for whoever waits for the start.
const fn words(step: Step) -> &'static str {
    match step {
        Step::Copying => "copying for the backup before the upgrade",
        Step::Packing => "packing the backup before the upgrade",
        Step::Unpacking => "reading back the backup before the upgrade",
        Step::Checking => "checking the backup before the upgrade",
    }
}

/// Writes into the audit trail that a backup was taken before the upgrade of these files, if one was.
pub(in crate::server) async fn note_upgrade(domains: &Domains) {
    let Some(taken) = &domains.before_upgrade else { return };
    let noted = match created(&Provenance::SYSTEM, domains.clock.now(), taken) {
        Ok(event) => write_event(domains.auth.store(), event).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = noted {
        tracing::error!(%error, "cannot note a backup in the audit trail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backup::BackupName,
        config::{Config, Sources},
        store::{AnyTable, Migration, Store, StoreOptions, Table},
        telemetry::Metrics,
    };

    const NUMBERS: Table<u64, u64> = Table::new("numbers");
    static TABLES: [&dyn AnyTable; 1] = [&NUMBERS];
    static STEPS: [Migration; 2] = [
        Migration { name: "create", apply: |edit| NUMBERS.create(edit) },
        Migration { name: "count", apply: |edit| NUMBERS.put(edit, 1, &1) },
    ];

    fn file(name: &'static str, steps: usize) -> DataFile {
        DataFile { name, tables: &TABLES, migrations: &STEPS[..steps], audit: None }
    }

    fn nobody() -> store::Progress {
        store::Progress::default()
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
        let config = Config::load(&Sources::default()).unwrap().backup;
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
        let config = Config::load(&Sources::default()).unwrap().backup;
        let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let hear = heard.clone();
        let progress = store::Progress::new(move |step| {
            hear.lock().unwrap().push((step.file.to_owned(), step.name.to_owned()));
        });
        let files = [file("a.redb", 2)];
        back_up_before_upgrade(&files, &config, &data, &Clock::system(), &progress).unwrap();
        let heard = heard.lock().unwrap();
        for step in [Step::Copying, Step::Packing, Step::Unpacking, Step::Checking] {
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
        let config = Config::load(&Sources::default()).unwrap().backup;
        let files = [file("a.redb", 2), file("b.redb", 2)];
        back_up_before_upgrade(&files, &config, &data, &Clock::system(), &nobody()).unwrap();
        assert!(directory_of(&config, &data).list().unwrap().is_empty());
    }

    #[test]
    fn where_nothing_is_yet_nothing_is_backed_up() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::new(home.path());
        let config = Config::load(&Sources::default()).unwrap().backup;
        back_up_before_upgrade(&[file("a.redb", 2)], &config, &data, &Clock::system(), &nobody())
            .unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
