//! The writer: one thread a file, which turns waiting commands into groups that share one fsync.
//!
//! It adds no delay. While a commit is on its way to the disk the next commands gather in the queue,
//! so the busier the file, the larger its groups: one commit a command when it is calm, hundreds
//! when a class scans at once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
    time::Instant,
};

use redb::{Database, WriteTransaction};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    ReadView, StoreError, WriteTxn,
    disk_monitor::{DiskLevel, DiskMonitor, WriteClass},
    pause::Gate,
    transaction::begin_write,
};
use crate::telemetry::StoreMetrics;

/// The second half of a command: what it writes, run right after it decided.
type Change<T> = Box<dyn FnOnce(&WriteTxn<'_>) -> Result<T, StoreError>>;

/// What a command decided after it looked.
pub enum Outcome<T, E> {
    /// No, and nothing is written.
    Reject(E),
    /// No, and this change leaves a record of it, when there is room for one: the refusal stands without
    /// it. Made with [`Outcome::reject_and_record`].
    RejectAndRecord(E, Change<()>),
    /// Yes, and nothing needs to be written: it is so already.
    NoChange(T),
    /// Yes, by this change. Made with [`Outcome::commit`].
    Commit(Change<T>),
}

impl<T, E> Outcome<T, E> {
    /// Yes, by `change`.
    pub fn commit(change: impl FnOnce(&WriteTxn<'_>) -> Result<T, StoreError> + 'static) -> Self {
        Self::Commit(Box::new(change))
    }

    /// No, and `record` writes that it was asked.
    pub fn reject_and_record(
        refusal: E,
        record: impl FnOnce(&WriteTxn<'_>) -> Result<(), StoreError> + 'static,
    ) -> Self {
        Self::RejectAndRecord(refusal, Box::new(record))
    }
}

/// A queued command, its types forgotten.
pub(super) trait Job: Send {
    /// Looks, decides and, when there is room for it, writes; says whether it wrote. Keeps its verdict
    /// for [`Job::answer`].
    fn attempt(
        &mut self,
        transaction: &WriteTransaction,
        level: DiskLevel,
    ) -> Result<bool, StoreError>;

    /// Which part of the disk's space it may take.
    fn class(&self) -> WriteClass;

    /// Tells whoever waits: the verdict of the last attempt, or why there is none.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// A command with the place to send its answer to.
pub(super) struct Command<T, E, F> {
    decide: F,
    class: WriteClass,
    verdict: Option<Result<Result<T, E>, StoreError>>,
    reply: oneshot::Sender<Result<Result<T, E>, StoreError>>,
}

impl<T, E, F> Command<T, E, F> {
    pub(super) const fn new(
        decide: F,
        class: WriteClass,
        reply: oneshot::Sender<Result<Result<T, E>, StoreError>>,
    ) -> Self {
        Self { decide, class, verdict: None, reply }
    }
}

impl<T, E, F> Job for Command<T, E, F>
where
    T: Send,
    E: Send,
    F: Fn(&ReadView<'_>) -> Result<Outcome<T, E>, StoreError> + Send,
{
    fn attempt(
        &mut self,
        transaction: &WriteTransaction,
        level: DiskLevel,
    ) -> Result<bool, StoreError> {
        let (verdict, wrote) = match (self.decide)(&ReadView::new(transaction))? {
            Outcome::Reject(refusal) => (Ok(Err(refusal)), false),
            Outcome::RejectAndRecord(refusal, _) if !level.is_for(self.class) => {
                (Ok(Err(refusal)), false)
            }
            Outcome::RejectAndRecord(refusal, record) => {
                record(&WriteTxn::new(transaction))?;
                (Ok(Err(refusal)), true)
            }
            Outcome::NoChange(answer) => (Ok(Ok(answer)), false),
            Outcome::Commit(_) if !level.is_for(self.class) => (Err(StoreError::NoSpace), false),
            Outcome::Commit(change) => (Ok(Ok(change(&WriteTxn::new(transaction))?)), true),
        };
        self.verdict = Some(verdict);
        Ok(wrote)
    }

    fn class(&self) -> WriteClass {
        self.class
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { verdict, reply, .. } = *self;
        let answer = outcome.and_then(|()| verdict.unwrap_or(Err(StoreError::Stopped)));
        // Whoever asked may have gone away; what was committed stays committed.
        let _ = reply.send(answer);
    }
}

/// Why a group was undone, and which of its commands is tried alone: the one that failed, or any when none did.
struct Undone {
    at: usize,
    error: StoreError,
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self { at: 0, error }
    }
}

/// The thread's state.
pub(super) struct Writer {
    database: Arc<Database>,
    queue: mpsc::Receiver<Box<dyn Job>>,
    stop: watch::Sender<bool>,
    commits: watch::Sender<u64>,
    gate: Arc<Gate>,
    space: Arc<OnceLock<DiskMonitor>>,
    metrics: StoreMetrics,
}

impl Writer {
    pub(super) const fn new(
        database: Arc<Database>,
        queue: mpsc::Receiver<Box<dyn Job>>,
        stop: watch::Sender<bool>,
        commits: watch::Sender<u64>,
        gate: Arc<Gate>,
        space: Arc<OnceLock<DiskMonitor>>,
        metrics: StoreMetrics,
    ) -> Self {
        Self { database, queue, stop, commits, gate, space, metrics }
    }

    /// Serves the queue until nobody can add to it any more and it is empty.
    pub(super) fn run(mut self, max_batch: usize) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < max_batch
                && let Ok(job) = self.queue.try_recv()
            {
                batch.push(job);
            }
            let _writing = self.gate.enter();
            if *self.stop.borrow() {
                refuse(batch, &StoreError::Stopped);
            } else {
                self.commit(batch);
            }
        }
    }

    /// Commits a group and answers it. A command that fails is taken out of it and tried alone afterwards, so
    /// that one that always fails does not cost the others their group. A commit that fails is fatal.
    fn commit(&self, mut batch: Vec<Box<dyn Job>>) {
        let mut failed = Vec::new();
        let started = Instant::now();
        loop {
            match self.attempt(&mut batch) {
                Ok(()) => {
                    self.metrics.committed(batch.len(), started.elapsed());
                    for job in batch {
                        job.answer(Ok(()));
                    }
                    break;
                }
                Err(Undone { error, .. }) if error.is_fatal() => {
                    tracing::error!(%error, "the disk failed; no more writes until a restart");
                    self.stop.send_replace(true);
                    refuse(batch.into_iter().chain(failed), &error);
                    return;
                }
                Err(Undone { error, .. }) if batch.len() == 1 => {
                    refuse(batch, &error);
                    break;
                }
                Err(Undone { at, .. }) => failed.push(batch.remove(at)),
            }
        }
        for job in failed {
            if *self.stop.borrow() {
                refuse([job], &StoreError::Stopped);
            } else {
                self.commit(vec![job]);
            }
        }
    }

    /// Runs every command of a group in one transaction. A group that wrote nothing rests on what
    /// is already on the disk, so it needs no fsync.
    fn attempt(&self, batch: &mut [Box<dyn Job>]) -> Result<(), Undone> {
        let level = self.level(batch);
        let transaction = begin_write(&self.database)?;
        let mut wrote = false;
        for (at, job) in batch.iter_mut().enumerate() {
            wrote |= catch_unwind(AssertUnwindSafe(|| job.attempt(&transaction, level)))
                .unwrap_or(Err(StoreError::Panicked))
                .map_err(|error| Undone { at, error })?;
        }
        if wrote {
            transaction.commit().map_err(StoreError::from)?;
            self.commits.send_modify(|commits| *commits += 1);
        } else {
            transaction.abort().map_err(StoreError::from)?;
        }
        Ok(())
    }

    /// What room there is for a group. Asked for every group, here, so that no way of writing can
    /// forget it: the question costs a microsecond or two, the fsync after it hundreds.
    fn level(&self, batch: &[Box<dyn Job>]) -> DiskLevel {
        let Some(space) = self.space.get() else { return DiskLevel::Ample };
        match space.level() {
            // Only for what may use it, and only when nothing else is left.
            DiskLevel::None if batch.iter().any(|job| job.class() == WriteClass::Reserve) => {
                space.release_ballast()
            }
            level => level,
        }
    }
}

/// A writer that panics outside of a command leaves a file that takes nothing more, as after an I/O
/// error, and whoever runs the process must hear of it.
impl Drop for Writer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.stop.send_replace(true);
        }
    }
}

fn refuse(jobs: impl IntoIterator<Item = Box<dyn Job>>, error: &StoreError) {
    jobs.into_iter().for_each(|job| job.answer(Err(error.clone())));
}
