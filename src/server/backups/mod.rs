//! Backups of the running domains: on demand and by schedule; and of files that nobody has
//! open. Whoever hears that one failed, or is missing, hears it from `schedule` and `letter`.

mod api;
mod before_upgrade;
mod event;
mod from_config;
mod letter;
mod look;
mod newest;
mod offline;
mod schedule;
mod throttle;

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
};

pub(super) use api::BackupsApi;
pub(super) use before_upgrade::{BeforeUpgrade, FileThen};
use event::event_of;
pub(super) use event::{created, write_event};
pub use from_config::{directory_of, encryption_of, prune};
use newest::Newest;
pub use offline::back_up_offline;
use throttle::BackupThrottle;

use super::domains::Domains;
use crate::{
    audit_event::AuditContext,
    backup::{
        BackupDirectory, BackupError, BackupName, BackupProgress, CreatedBackup, Destination,
        Encryption, Listed, ProgressFn, SnapshotSet, create_backup,
    },
    clock::Time,
    config::BackupConfig,
    control::BackupRequest,
    mail::MailQueue,
    paths::DataDir,
    store::{DiskMonitor, StoreError},
    telemetry::{BackupFailure, BackupTask},
};

/// Takes backups of one running appliance. Clones share everything.
#[derive(Clone)]
pub(super) struct Backups {
    domains: Domains,
    directory: BackupDirectory,
    config: BackupConfig,
    data: DataDir,
    since: Time,
    /// What the appliance is called in letters, and the way that they take.
    name: String,
    mail_queue: Option<MailQueue>,
    /// What the last look found.
    newest: Newest,
    stopping: watch::Receiver<bool>,
}

impl Backups {
    /// Of these domains, kept as configured. A backup in progress is given up when `stopping` says so;
    /// administrators are written to through `mail_queue`, in the name of `name`.
    pub(super) fn new(
        domains: Domains,
        config: &BackupConfig,
        data: &DataDir,
        (name, mail_queue): (&str, Option<MailQueue>),
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let left_free = domains.space.as_ref().map_or(0, DiskMonitor::ample_bytes);
        let backups = Self {
            directory: directory_of(config, data).leaving(left_free),
            config: config.clone(),
            // Without the claim, which goes with the domains.
            data: DataDir::new(data.root()),
            since: born(data).unwrap_or_else(|| domains.clock.now()),
            name: name.to_owned(),
            mail_queue,
            newest: Newest::default(),
            stopping,
            domains,
        };
        backups.prepare_letters();
        backups
    }

    /// Takes a backup now, on the thread that calls: one moment of all files while the appliance goes on.
    fn take(
        &self,
        destination: Destination,
        encryption: &Encryption,
        watcher: ProgressFn<'_>,
        announce: &mut dyn FnMut(&CreatedBackup) -> Result<(), BackupError>,
    ) -> Result<CreatedBackup, BackupError> {
        let snapshots = || {
            let snapshots = SnapshotSet::of_running(&self.domains.data_files());
            // Only now: nobody may wait long for writers that are paused.
            step_back();
            snapshots
        };
        let now = self.domains.clock.now();
        let mut throttle = BackupThrottle::new(self.domains.metrics.clone());
        let mut unless_stopping = |progress| {
            if *self.stopping.borrow() {
                return Err(BackupError::Failed("the appliance is stopping".to_owned()));
            }
            throttle.step();
            watcher(progress)
        };
        create_backup(
            &snapshots,
            &self.directory,
            destination,
            encryption,
            now,
            &mut unless_stopping,
            announce,
        )
    }

    /// Takes a backup: the one way of all that ask for one. Who asked is in the audit trail before anybody has
    /// it, also when whoever asked has left meanwhile. `mention` is told how far it is.
    ///
    /// # Errors
    /// As [`take`], and when the keys do not read.
    pub(super) async fn take_as_asked(
        &self,
        request: BackupRequest,
        from: AuditContext,
        mut mention: impl FnMut(BackupProgress) + Send + 'static,
    ) -> Result<CreatedBackup, BackupError> {
        let backups = self.clone();
        let task = if request.keep { BackupTask::Keep } else { BackupTask::HandOver };
        let runtime = Handle::current();
        let all = async move {
            let taking = backups.clone();
            let work = move || {
                let BackupRequest { keep, encryption } = request;
                let encryption = encryption.resolve(|| encryption_of(&taking.config))?;
                let destination = if keep { Destination::Directory } else { Destination::HandOver };
                let mut watcher = |progress| {
                    mention(progress);
                    Ok(())
                };
                let note = |action, taken: &CreatedBackup| {
                    runtime.block_on(taking.note(&from, action, taken.name, taken.kept))
                };
                let mut noted = None;
                let mut announce = |taken: &CreatedBackup| {
                    let written = note("backup.created", taken);
                    noted = written.is_ok().then(|| taken.clone());
                    written.or_else(|error| unnoted(&error, taken))
                };
                let taken = taking.take(destination, &encryption, &mut watcher, &mut announce);
                if let (Err(_), Some(noted)) = (&taken, &noted)
                    && let Err(error) = note("backup.failed", noted)
                {
                    tracing::error!(%error, "cannot note in the audit trail that a backup failed");
                }
                taking.look();
                taken
            };
            let taken = in_the_background(work).await;
            backups.remember_outcome(task, &taken);
            taken
        };
        let panicked = |_| Err(BackupError::Failed("the backup panicked".to_owned()));
        tokio::spawn(all).await.unwrap_or_else(panicked)
    }

    /// Keeps how a try ended, for whoever watches. One that was refused because another was in progress, or
    /// that was asked for in a way that makes no sense, says nothing of backups.
    fn remember_outcome(&self, task: BackupTask, taken: &Result<CreatedBackup, BackupError>) {
        match taken {
            Ok(_) => self.domains.metrics.backups.succeeded(task),
            Err(BackupError::InUse(_) | BackupError::Usage(_)) => {}
            Err(error) => self.remember_failure(task, error),
        }
    }

    /// The same of one that failed for any reason but that the appliance is being stopped.
    fn remember_failure(&self, task: BackupTask, error: &BackupError) {
        if !*self.stopping.borrow() {
            let failure = BackupFailure { at: self.domains.clock.now(), code: error.code() };
            self.domains.metrics.backups.failed(task, failure);
        }
    }

    /// The newest backup that can be counted on, as it was seen last: nobody who asks waits for a disk.
    pub(super) fn newest_listed(&self) -> Option<Listed> {
        self.newest.get()
    }

    /// Writes into the audit trail what became of a backup, and who asked for it.
    async fn note(
        &self,
        from: &AuditContext,
        action: &str,
        name: BackupName,
        kept: bool,
    ) -> Result<(), StoreError> {
        let event = event_of(from, self.domains.clock.now(), action, name, kept)?;
        write_event(self.domains.auth.store(), event).await
    }

    /// Writes into the audit trail that a backup was fetched, and by whom.
    async fn note_download(&self, from: AuditContext, name: BackupName) -> Result<(), StoreError> {
        let now = self.domains.clock.now();
        let event = from.event(now, "backup.downloaded", format!("backup:{name}"))?;
        write_event(self.domains.auth.store(), event).await
    }

    /// Where they are kept.
    pub(super) const fn directory(&self) -> &BackupDirectory {
        &self.directory
    }
}

/// What to make of a backup that the audit trail does not know of: one that is kept is needed all the more when
/// the databases fail, and one that is handed over is not given away.
fn unnoted(error: &StoreError, taken: &CreatedBackup) -> Result<(), BackupError> {
    if taken.kept {
        tracing::error!(%error, "cannot note a backup in the audit trail");
        return Ok(());
    }
    Err(BackupError::Failed(format!(
        "the backup was not handed over: it cannot be noted in the audit trail: {error}"
    )))
}

/// Makes this thread, and those it starts, run when nobody else wants the processor (`SCHED_IDLE`,
/// sched(7)). Where the system refuses, the backup is only less polite.
fn step_back() {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
}

/// Works on a thread of its own, which may step back for everybody else, and which nobody needs to wait for.
async fn in_the_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let (reply, taken) = oneshot::channel();
    let thread = std::thread::Builder::new().name("backup".to_owned()).spawn(move || {
        let _ = reply.send(work());
    });
    thread.map_err(|error| BackupError::Failed(format!("no thread for the backup: {error}")))?;
    taken.await.unwrap_or_else(|_| Err(BackupError::Failed("the backup panicked".to_owned())))
}

/// When the accounts were made, as far as the file system knows.
fn born(data: &DataDir) -> Option<Time> {
    let metadata = std::fs::metadata(data.auth_store()).ok()?;
    Time::from_system(metadata.created().or_else(|_| metadata.modified()).ok()?)
}
