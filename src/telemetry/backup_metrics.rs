//! What became of backups.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use prometheus::{IntGauge, Registry};

use super::registry::register;
use crate::clock::Time;

/// What became of backups. Clones share everything.
#[derive(Clone, Debug)]
pub struct BackupMetrics {
    newest: IntGauge,
    last_result: IntGauge,
    overdue: IntGauge,
    from_the_future: IntGauge,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    facts: BackupFacts,
    failures: BTreeMap<BackupTask, BackupFailure>,
    /// Whether one was taken since the start.
    taken: bool,
}

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackupTask {
    /// Looking into the backup directory.
    Look,
    /// Taking a backup that is kept there.
    Keep,
    /// Taking one for somebody who takes it away.
    HandOver,
}

/// What is known of backups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupFacts {
    /// When the newest that verified was taken; nothing when there is none.
    pub last_success: Option<Time>,
    /// From when on the next is missing; nothing when none is due.
    pub overdue_from: Option<Time>,
    /// The newest failure after which the same has not succeeded.
    pub failure: Option<BackupFailure>,
    /// Archives whose names are of a time that has not come.
    pub from_the_future: u32,
}

/// A backup that was not taken, or a directory that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupFailure {
    /// When.
    pub at: Time,
    /// Why, for programs: the code of the error.
    pub code: &'static str,
}

impl BackupFacts {
    /// Whether a backup is missing that should be there.
    pub fn is_overdue(&self, now: Time) -> bool {
        self.overdue_from.is_some_and(|from| from <= now)
    }
}

impl BackupMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let newest = IntGauge::new(
            "appliance_backup_last_success_timestamp_seconds",
            "When the newest backup that verified was taken, in Unix time; 0 when there is none.",
        )?;
        let last_result = IntGauge::new(
            "appliance_backup_last_result",
            "1 when the last backup since the start was taken, 0 when it failed or its directory does not answer, -1 before.",
        )?;
        last_result.set(-1);
        let overdue = IntGauge::new(
            "appliance_backup_overdue",
            "1 when there is no backup that the schedule should have brought, 0 otherwise.",
        )?;
        let from_the_future = IntGauge::new(
            "appliance_backup_from_the_future",
            "Backups whose names are of a time that has not come: they count for nothing.",
        )?;
        Ok(Self {
            newest: register(r, newest)?,
            last_result: register(r, last_result)?,
            overdue: register(r, overdue)?,
            from_the_future: register(r, from_the_future)?,
            known: Arc::default(),
        })
    }

    /// What is known, as it was said last.
    pub fn facts(&self) -> BackupFacts {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).facts
    }

    /// Says what was found in the backup directory.
    pub fn found(
        &self,
        last_success: Option<Time>,
        overdue_from: Option<Time>,
        from_the_future: u32,
    ) {
        self.change(|Known { facts, .. }| {
            *facts = BackupFacts { last_success, overdue_from, from_the_future, ..*facts };
        });
        self.newest.set(last_success.map_or(0, Time::as_seconds));
        self.from_the_future.set(i64::from(from_the_future));
    }

    /// Says that something succeeded. A backup that is kept makes good for one that was to be handed over, and
    /// not the other way.
    pub fn succeeded(&self, task: BackupTask) {
        self.change(|known| {
            known.failures.remove(&task);
            if task == BackupTask::Keep {
                known.failures.remove(&BackupTask::HandOver);
            }
            known.taken |= task != BackupTask::Look;
        });
    }

    /// Says that something failed.
    pub fn failed(&self, task: BackupTask, failure: BackupFailure) {
        self.change(|known| {
            known.failures.insert(task, failure);
        });
    }

    /// Looks whether one is missing at this moment.
    pub fn measure(&self, now: Time) {
        self.overdue.set(i64::from(self.facts().is_overdue(now)));
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut known);
        known.facts.failure = known.failures.values().max_by_key(|failure| failure.at).copied();
        self.last_result.set(match known.facts.failure {
            Some(_) => 0,
            None if known.taken => 1,
            None => -1,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_stands_until_the_same_succeeds_and_no_hand_over_hides_a_missing_backup() {
        let metrics = BackupMetrics::new(&Registry::new()).unwrap();
        let state = || (metrics.facts().failure.map(|it| it.code), metrics.last_result.get());
        let failed = |task, code| {
            metrics.failed(task, BackupFailure { at: Time::EPOCH, code });
        };
        assert_eq!(state(), (None, -1));
        failed(BackupTask::HandOver, "INVALID");
        assert_eq!(state(), (Some("INVALID"), 0));
        metrics.succeeded(BackupTask::HandOver);
        assert_eq!(state(), (None, 1));
        failed(BackupTask::Keep, "FAILED");
        metrics.succeeded(BackupTask::HandOver);
        metrics.succeeded(BackupTask::Look);
        assert_eq!(state(), (Some("FAILED"), 0));
        failed(BackupTask::HandOver, "INVALID");
        metrics.succeeded(BackupTask::Keep);
        assert_eq!(state(), (None, 1));
        failed(BackupTask::Look, "NO_ANSWER");
        metrics.succeeded(BackupTask::Keep);
        assert_eq!(state(), (Some("NO_ANSWER"), 0));
        metrics.succeeded(BackupTask::Look);
        assert_eq!(state(), (None, 1));
    }
}
