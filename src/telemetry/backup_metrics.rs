//! What became of backups.

use prometheus::{IntGauge, Registry};

use super::metrics::register;
use crate::clock::Time;

/// What became of backups.
#[derive(Clone, Debug)]
pub struct BackupMetrics {
    newest: IntGauge,
    last_result: IntGauge,
}

impl BackupMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let newest = IntGauge::new(
            "appliance_backup_last_success_timestamp_seconds",
            "When the newest backup was taken, in Unix time; 0 when there is none.",
        )?;
        let last_result = IntGauge::new(
            "appliance_backup_last_result",
            "1 when the last backup since the start was taken, 0 when it failed, -1 before.",
        )?;
        last_result.set(-1);
        Ok(Self { newest: register(r, newest)?, last_result: register(r, last_result)? })
    }

    /// Says when the newest backup was taken; nothing when there is none.
    pub fn newest(&self, time: Option<Time>) {
        self.newest.set(time.map_or(0, Time::as_seconds));
    }

    /// When the newest backup was taken, as it was said last; nothing when there is none.
    pub fn last_success(&self) -> Option<Time> {
        let seconds = self.newest.get();
        (seconds > 0).then(|| Time::EPOCH.plus_seconds(seconds))
    }

    /// Says whether the backup that was just tried was taken.
    pub fn tried(&self, taken: bool) {
        self.last_result.set(i64::from(taken));
    }
}
