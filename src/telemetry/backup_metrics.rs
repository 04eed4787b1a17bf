//! What became of backups.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{IntGauge, Registry};

use super::metrics::register;
use crate::clock::Time;

/// What became of backups. Clones share everything.
#[derive(Clone, Debug)]
pub struct BackupMetrics {
    newest: IntGauge,
    last_result: IntGauge,
    overdue: IntGauge,
    from_the_future: IntGauge,
    facts: Arc<Mutex<BackupFacts>>,
}

/// What is known of backups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupFacts {
    /// When the newest that verified was taken; nothing when there is none.
    pub last_success: Option<Time>,
    /// From when on the next is missing; nothing when none is due.
    pub overdue_from: Option<Time>,
    /// How the last try ended, when it failed.
    pub failure: Option<BackupFailure>,
    /// Archives whose names are of a time that has not come.
    pub from_the_future: u32,
}

/// A backup that was not taken.
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
            "1 when the last backup since the start was taken, 0 when it failed, -1 before.",
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
            facts: Arc::default(),
        })
    }

    /// What is known, as it was said last.
    pub fn facts(&self) -> BackupFacts {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what was found in the backup directory.
    pub fn found(
        &self,
        last_success: Option<Time>,
        overdue_from: Option<Time>,
        from_the_future: u32,
    ) {
        self.change(|facts| {
            *facts = BackupFacts { last_success, overdue_from, from_the_future, ..*facts };
        });
        self.newest.set(last_success.map_or(0, Time::as_seconds));
        self.from_the_future.set(i64::from(from_the_future));
    }

    /// Says that a backup was taken.
    pub fn taken(&self) {
        self.change(|facts| facts.failure = None);
        self.last_result.set(1);
    }

    /// Says that a backup was not taken.
    pub fn failed(&self, failure: BackupFailure) {
        self.change(|facts| facts.failure = Some(failure));
        self.last_result.set(0);
    }

    /// Looks whether one is missing at this moment.
    pub fn measure(&self, now: Time) {
        self.overdue.set(i64::from(self.facts().is_overdue(now)));
    }

    fn change(&self, change: impl FnOnce(&mut BackupFacts)) {
        change(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
