//! Backups of the running domains: on demand, by schedule, and before an upgrade.

mod api;
mod courtesy;

use std::convert::Infallible;

use jiff::tz::TimeZone;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::{oneshot, watch};

pub(super) use api::BackupsApi;
use courtesy::Courtesy;

use super::wire::Domains;
use crate::{
    backup::{
        BackupDirectory, BackupError, BackupName, Cut, DataFile, Destination, Listed, Progress,
        Retention, Seal, Taken, Watcher, expired, next_after, take,
    },
    clock::{Clock, Time},
    config::BackupConfig,
    control::{BackupRequest, SealRequest},
    event::{Provenance, emit},
    paths::DataDir,
    store::{self, AtRest, Decision, StoreError},
};

/// The longest wait for a schedule: after it the clock is looked at again, which may have been set.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(30);

/// Takes backups of one running appliance. Clones share everything.
#[derive(Clone)]
pub(super) struct Backups {
    domains: Domains,
    directory: BackupDirectory,
    config: BackupConfig,
    since: Time,
    stopping: watch::Receiver<bool>,
}

impl Backups {
    /// Of these domains, kept as configured. `since` is when there first was something to back up.
    /// A backup in progress is given up when `stopping` says so.
    pub(super) fn new(
        domains: Domains,
        config: &BackupConfig,
        data: &DataDir,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let directory = directory_of(config, data);
        let since = born(data).unwrap_or_else(|| domains.clock.now());
        let backups = Self { domains, directory, config: config.clone(), since, stopping };
        backups.domains.metrics.backups.newest(backups.newest());
        backups
    }

    /// Takes a backup now, on the thread that calls: one cut across all files while the appliance goes
    /// on. For whoever may choose where it goes; others use [`Backups::take_and_keep`].
    ///
    /// # Errors
    /// As [`take`].
    pub(super) fn take(
        &self,
        destination: Destination<'_>,
        seal: &Seal,
        watcher: Watcher<'_>,
    ) -> Result<Taken, BackupError> {
        let cut = || {
            let cut = Cut::of_running(&self.domains.data_files());
            // Only now: nobody may wait long for writers that are held.
            step_back();
            cut
        };
        let now = self.domains.clock.now();
        let mut courtesy = Courtesy::new(self.domains.metrics.clone());
        let mut unless_stopping = |progress| {
            if *self.stopping.borrow() {
                return Err(BackupError::Failed("the appliance is stopping".to_owned()));
            }
            courtesy.step();
            watcher(progress)
        };
        let taken = take(&cut, &self.directory, destination, seal, now, &mut unless_stopping);
        self.domains.metrics.backups.tried(taken.is_ok());
        if taken.is_ok() {
            self.domains.metrics.backups.newest(Some(now));
        }
        taken
    }

    /// Takes the backup that somebody asked for at the control socket; `mention` is told how far it is.
    ///
    /// # Errors
    /// As [`take`], and when the keys do not read.
    pub(super) async fn take_as_asked(
        &self,
        request: BackupRequest,
        mut mention: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Taken, BackupError> {
        let backups = self.clone();
        let work = move || {
            let BackupRequest { keep, seal } = request;
            let seal = seal.seal(|| seal_of(&backups.config))?;
            let destination = if keep { Destination::Directory } else { Destination::HandOver };
            backups.take(destination, &seal, &mut |progress| {
                mention(progress);
                Ok(())
            })
        };
        in_the_background(work).await
    }

    /// The newest backup in the directory.
    pub(super) fn newest_listed(&self) -> Option<Listed> {
        self.directory.list().ok()?.pop()
    }

    /// Takes a backup now, into the configured directory, encrypted as configured.
    ///
    /// # Errors
    /// As [`take`], and when the configured keys cannot be read.
    pub(super) async fn take_and_keep(&self) -> Result<Taken, BackupError> {
        let as_configured = BackupRequest { keep: true, seal: SealRequest::AsConfigured };
        self.take_as_asked(as_configured, |_| {}).await
    }

    /// Writes into the audit trail what was done with a backup, and by whom.
    pub(super) async fn note(
        &self,
        from: Provenance,
        action: &str,
        name: &BackupName,
    ) -> Result<(), StoreError> {
        let now = self.domains.clock.now();
        let event = from.event(now, action, format!("backup:{name}"))?;
        let noted = self.domains.auth.store().submit(move |_| {
            let event = event.clone();
            Ok(Decision::<(), Infallible>::write(move |edit| emit(edit, &event)))
        });
        let Ok(()) = noted.await?;
        Ok(())
    }

    /// Where they are kept.
    pub(super) const fn directory(&self) -> &BackupDirectory {
        &self.directory
    }

    /// Takes backups by the schedule until told to stop. One that was missed, because nothing ran at its
    /// time, is taken at once. A failure is logged, and the next is tried at its time.
    pub(super) async fn run_schedule(self) {
        let mut stopping = self.stopping.clone();
        let zone = self.config.zone();
        let mut last = self.newest().unwrap_or(self.since);
        loop {
            let Some(due) = next_after(self.config.schedule, last, &zone) else { return };
            let now = self.domains.clock.now();
            if due <= now {
                self.take_scheduled(&zone).await;
                last = now;
                continue;
            }
            let wait = u64::try_from(due.millis_since(now)).unwrap_or(0);
            let wait = std::time::Duration::from_millis(wait).min(LONGEST_WAIT);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }

    async fn take_scheduled(&self, zone: &TimeZone) {
        match self.take_and_keep().await {
            Ok(taken) => {
                tracing::info!(
                    path =
                        taken.path.as_deref().map(|path| tracing::field::display(path.display())),
                    bytes = taken.bytes,
                    rows = taken.manifest.rows(),
                    held_ms = taken.held.as_millis(),
                    took_ms = taken.took.as_millis(),
                    "took a backup"
                );
                if let Some(name) = taken.name()
                    && let Err(error) = self.note(Provenance::SYSTEM, "backup.created", &name).await
                {
                    tracing::error!(%error, "cannot note a backup in the audit trail");
                }
                match prune(&self.directory, &self.config, zone) {
                    Ok(gone) => {
                        for name in gone {
                            tracing::info!(%name, "removed a backup");
                        }
                    }
                    Err(error) => tracing::error!(%error, "cannot remove old backups"),
                }
            }
            Err(error) => {
                self.domains.metrics.backups.tried(false);
                tracing::error!(%error, "no backup was taken");
            }
        }
    }

    /// When the newest backup in the directory was taken.
    pub(super) fn newest(&self) -> Option<Time> {
        self.newest_listed().map(|listed| listed.name.time)
    }
}

/// Makes this thread, and those it starts, run when nobody else wants the processor (`SCHED_IDLE`,
/// sched(7)). Where the system refuses, the backup is only less polite.
fn step_back() {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
}

/// Runs a backup on a thread of its own, which may step back for everybody else.
async fn in_the_background(
    work: impl FnOnce() -> Result<Taken, BackupError> + Send + 'static,
) -> Result<Taken, BackupError> {
    let (reply, taken) = oneshot::channel();
    let thread = std::thread::Builder::new().name("backup".to_owned()).spawn(move || {
        let _ = reply.send(work());
    });
    thread.map_err(|error| BackupError::Failed(format!("no thread for the backup: {error}")))?;
    taken.await.unwrap_or_else(|_| Err(BackupError::Failed("the backup panicked".to_owned())))
}

/// Where backups of a data directory are kept.
pub fn directory_of(config: &BackupConfig, data: &DataDir) -> BackupDirectory {
    BackupDirectory::new(config.directory_or(data.backups()))
}

/// How backups are encrypted.
///
/// # Errors
/// When a key does not read.
pub fn seal_of(config: &BackupConfig) -> Result<Seal, BackupError> {
    Seal::new(&config.recipients, config.passphrase_file())
}

/// Removes the backups that the configuration no longer keeps; answers with their names.
///
/// # Errors
/// When another backup is in progress or the directory does not let it.
pub fn prune(
    directory: &BackupDirectory,
    config: &BackupConfig,
    zone: &TimeZone,
) -> Result<Vec<BackupName>, BackupError> {
    let rule = Retention {
        last: config.keep_last,
        daily: config.keep_daily,
        weekly: config.keep_weekly,
        monthly: config.keep_monthly,
    };
    directory.remove(|listed| expired(listed, rule, zone))
}

/// Takes a backup of the files as they are when any of them is about to be stepped forward. What could
/// not be backed up is not stepped forward.
///
/// A file that is missing, or has taken no step, says that the first start has not been or was cut short:
/// nothing has been served of the others, and an archive of a part of them would be none.
pub(super) fn back_up_before_upgrade(
    files: &[DataFile],
    config: &BackupConfig,
    data: &DataDir,
    clock: &Clock,
    progress: &store::Progress,
) -> Result<(), BackupError> {
    let mut pending = Vec::new();
    for file in files {
        let path = data.root().join(file.name);
        if !path.exists() {
            return Ok(());
        }
        let found = AtRest::open(&path)?.snapshot()?.about()?.schema_version;
        if found == 0 {
            return Ok(());
        }
        if found < file.newest_schema() {
            pending.push(file.name);
        }
    }
    if pending.is_empty() {
        return Ok(());
    }
    tracing::info!(files = pending.join(", "), "taking a backup before the upgrade");
    let cut = || Cut::at_rest(files, data.root());
    let (directory, seal) = (directory_of(config, data), seal_of(config)?);
    let mut while_wanted = |_| {
        let given_up = || BackupError::Failed("the start was given up".to_owned());
        progress.is_wanted().then_some(()).ok_or_else(given_up)
    };
    let now = clock.now();
    let taken = take(&cut, &directory, Destination::Directory, &seal, now, &mut while_wanted)?;
    let path = taken.path.unwrap_or_default();
    tracing::info!(path = %path.display(), bytes = taken.bytes, "took a backup");
    Ok(())
}

/// When the accounts were made, as far as the file system knows.
fn born(data: &DataDir) -> Option<Time> {
    let metadata = std::fs::metadata(data.auth_store()).ok()?;
    Time::from_system(metadata.created().or_else(|_| metadata.modified()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
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
