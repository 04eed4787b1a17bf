//! Backups by the schedule, and who hears when one failed, is missing, or the directory does not answer.

use std::{collections::BTreeSet, future::Future, time::Duration};

use super::{Backups, before_upgrade::BeforeUpgrade, in_the_background, look::Looking, prune};
use crate::{
    audit_event::AuditContext,
    backup::{BackupError, CreatedBackup, MARGIN_MINUTES, next_after},
    clock::Time,
    control::{BackupRequest, EncryptionRequest},
    telemetry::{BackupFailure, BackupTask},
};

/// The longest wait for a schedule: after it the clock is looked at again, which may have been set.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The wait for another backup that is in progress.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// A look into the backup directory that takes longer has failed.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a stop waits for a backup that is given up to remove what it wrote.
const TIDYING: Duration = Duration::from_secs(10);

impl Backups {
    /// Takes backups by the schedule until told to stop, also while a disk does not answer. One that was missed,
    /// because nothing ran at its time, is taken at once. One that finds another in progress waits for it; one
    /// that failed is tried again when the next is due. Administrators hear of what fails or is missing.
    pub(in crate::server) async fn run_schedule(self) {
        // Whoever gets here serves.
        BeforeUpgrade::forget(&self.data);
        let zone = self.config.zone();
        let mut looking = Looking::default();
        let mut warned = BTreeSet::new();
        let mut tried = Time::EPOCH;
        let mut busy_since = None;
        loop {
            let backups = self.clone();
            let look = looking.wait(move || backups.look(), PATIENCE);
            let Some(looked) = self.unless_stopped(look, Duration::ZERO).await else { return };
            let now = self.domains.clock.now();
            let mut wait = LONGEST_WAIT;
            if let Some(found) = looked {
                self.domains.metrics.backups.succeeded(BackupTask::Look);
                for name in found.from_the_future.difference(&warned) {
                    tracing::warn!(%name, "a backup is of a time that has not come: it counts for nothing");
                }
                warned = found.from_the_future;
                tried = tried.min(now);
                let due = next_after(self.config.schedule, found.last.max(tried), &zone);
                let until_due = due.and_then(|due| u64::try_from(due.millis_since(now)).ok());
                wait = until_due.map_or(LONGEST_WAIT, Duration::from_millis).min(LONGEST_WAIT);
                if due.is_some_and(|due| due <= now) {
                    let taking = self.take_scheduled();
                    let Some(taken) = self.unless_stopped(taking, TIDYING).await else { return };
                    let is_first = busy_since.is_none();
                    match taken {
                        Err(error @ BackupError::InUse(_)) if waits(&mut busy_since, now) => {
                            if is_first {
                                tracing::info!(%error, "the backup that is due waits");
                            }
                            wait = BUSY_WAIT;
                        }
                        taken => {
                            self.remember_scheduled(&taken);
                            (tried, busy_since) = (now, None);
                            continue;
                        }
                    }
                }
            } else {
                self.remember_silence(now);
            }
            self.tell_administrators(now).await;
            if self.unless_stopped(tokio::time::sleep(wait), Duration::ZERO).await.is_none() {
                return;
            }
        }
    }

    /// What the work comes to; nothing when it has not so long after a stop was asked for.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>, grace: Duration) -> Option<T> {
        let mut stopping = self.stopping.clone();
        let stopped = async move {
            let _ = stopping.wait_for(|stopping| *stopping).await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            done = work => Some(done),
            () = stopped => None,
        }
    }

    async fn take_scheduled(&self) -> Result<(), BackupError> {
        let request = BackupRequest { keep: true, encryption: EncryptionRequest::AsConfigured };
        let taken = self.take_as_asked(request, AuditContext::SYSTEM, |_| {}).await?;
        let CreatedBackup { path, bytes, manifest, paused, took, .. } = taken;
        tracing::info!(
            path = %path.display(),
            bytes,
            rows = manifest.rows(),
            held_ms = paused.as_millis(),
            took_ms = took.as_millis(),
            "took a backup"
        );
        let backups = self.clone();
        let remove = move || {
            let Self { directory, data, config, .. } = &backups;
            prune(directory, data, config, backups.domains.clock.now())
        };
        match in_the_background(remove).await {
            Ok(gone) => {
                for name in gone {
                    tracing::info!(%name, "removed a backup");
                }
            }
            Err(error) => tracing::error!(%error, "cannot remove old backups"),
        }
        Ok(())
    }

    /// Keeps how a try of the schedule ended, which whoever watches hears of whatever the reason.
    fn remember_scheduled(&self, taken: &Result<(), BackupError>) {
        if let Err(error) = taken {
            self.remember_failure(BackupTask::Keep, error);
            tracing::error!(%error, "no backup was taken");
        }
    }

    /// Keeps that the directory does not answer.
    fn remember_silence(&self, now: Time) {
        let code = "NO_ANSWER";
        if self.domains.metrics.backups.facts().failure.is_none_or(|known| known.code != code) {
            let path = self.directory.path().display();
            tracing::error!(%path, "the backup directory does not answer");
            self.domains.metrics.backups.failed(BackupTask::Look, BackupFailure { at: now, code });
        }
    }
}

/// Whether a backup that finds another in progress goes on waiting, which it began at `since` at the latest.
fn waits(since: &mut Option<Time>, now: Time) -> bool {
    let since = since.get_or_insert(now);
    *since = now.min(*since);
    now < since.plus_minutes(MARGIN_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_waits_for_another_until_its_margin_is_over() {
        let (now, mut since) = (Time::from_millis(1_795_395_600_000), None);
        assert!(waits(&mut since, now));
        assert!(waits(&mut since, now.plus_minutes(MARGIN_MINUTES - 1)));
        assert!(!waits(&mut since, now.plus_minutes(MARGIN_MINUTES)));
        // A clock that was set back does not make it wait for ever.
        assert!(waits(&mut since, now.plus_minutes(-10_000)));
        assert!(!waits(&mut since, now));
    }
}
