//! Backups by the schedule, and what is known of backups: whether one is good, failed or missing.

use std::{collections::BTreeSet, time::Duration};

use jiff::tz::TimeZone;

use super::{Backups, prune};
use crate::{
    backup::{BackupName, Listed, Taken, next_after, overdue_from},
    clock::Time,
    control::{BackupRequest, SealRequest},
    event::Provenance,
};

/// The longest wait for a schedule: after it the clock is looked at again, which may have been set.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What was found in the backup directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// When the newest was taken that verified.
    newest: Option<Time>,
    /// The moment after which the next is due.
    last: Time,
    /// Those whose names are of a time that has not come.
    from_the_future: BTreeSet<BackupName>,
}

/// What to make of the archives in a directory, of an appliance that there is `since` then.
///
/// An archive that did not verify is no backup, and yet it says that the appliance was there when it was taken.
/// No clock that was wrong at some time, here or in a name, puts a backup off.
fn found(listed: &[Listed], since: Time, now: Time) -> Found {
    let (future, present): (Vec<&Listed>, Vec<_>) =
        listed.iter().partition(|listed| listed.name.is_from_the_future(now));
    let newest = present.iter().filter(|listed| listed.verified).map(|good| good.name.time).max();
    let seen = present.iter().map(|listed| listed.name.time).max();
    let last = newest.unwrap_or_else(|| seen.map_or(since, |seen| seen.min(since)));
    Found {
        newest: newest.map(|newest| newest.min(now)),
        last: last.min(now),
        from_the_future: future.iter().map(|listed| listed.name).collect(),
    }
}

impl Backups {
    /// Looks into the backup directory, and says what is there to whoever watches.
    pub(super) fn look(&self) -> Found {
        let now = self.domains.clock.now();
        // Why it cannot be read is told when the next backup is taken.
        let listed = self.directory.list().unwrap_or_default();
        let found = found(&listed, self.since, now);
        let overdue_from = overdue_from(self.config.schedule, found.last, &self.config.zone());
        let from_the_future = u32::try_from(found.from_the_future.len()).unwrap_or(u32::MAX);
        let metrics = &self.domains.metrics.backups;
        metrics.found(found.newest, overdue_from, from_the_future);
        metrics.measure(now);
        found
    }

    /// Takes backups by the schedule until told to stop. One that was missed, because nothing ran at its
    /// time, is taken at once. One that failed is tried again when the next is due. Administrators hear of what
    /// fails or is missing.
    pub(in crate::server) async fn run_schedule(self) {
        let mut stopping = self.stopping.clone();
        let zone = self.config.zone();
        let mut warned = BTreeSet::new();
        let mut tried = Time::EPOCH;
        loop {
            let backups = self.clone();
            let Ok(found) = tokio::task::spawn_blocking(move || backups.look()).await else {
                return tracing::error!("the backup directory cannot be looked at");
            };
            for name in found.from_the_future.difference(&warned) {
                tracing::warn!(%name, "a backup is of a time that has not come: it counts for nothing");
            }
            warned = found.from_the_future;
            let now = self.domains.clock.now();
            tried = tried.min(now);
            let due = next_after(self.config.schedule, found.last.max(tried), &zone);
            if due.is_some_and(|due| due <= now) {
                self.take_scheduled(&zone).await;
                tried = now;
                continue;
            }
            self.tell_administrators(now).await;
            let wait = due.and_then(|due| u64::try_from(due.millis_since(now)).ok());
            let wait = wait.map_or(LONGEST_WAIT, Duration::from_millis).min(LONGEST_WAIT);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }

    async fn take_scheduled(&self, zone: &TimeZone) {
        let request = BackupRequest { keep: true, seal: SealRequest::AsConfigured };
        match self.take_as_asked(request, Provenance::SYSTEM, |_| {}).await {
            Ok(taken) => {
                let Taken { path, bytes, manifest, held, took, .. } = taken;
                tracing::info!(
                    path = %path.display(),
                    bytes,
                    rows = manifest.rows(),
                    held_ms = held.as_millis(),
                    took_ms = took.as_millis(),
                    "took a backup"
                );
                match prune(&self.directory, &self.config, zone, self.domains.clock.now()) {
                    Ok(gone) => {
                        for name in gone {
                            tracing::info!(%name, "removed a backup");
                        }
                    }
                    Err(error) => tracing::error!(%error, "cannot remove old backups"),
                }
            }
            Err(error) => {
                self.remember_failure(&error);
                tracing::error!(%error, "no backup was taken");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    fn listed(text: &str, verified: bool) -> Listed {
        Listed { name: BackupName { time: time(text), encrypted: false }, bytes: 1, verified }
    }

    #[test]
    fn only_what_verified_and_is_of_the_past_counts() {
        let (since, now) = (time("2026-11-01T00:00:00Z"), time("2026-11-25T12:00:00Z"));
        let none = found(&[], since, now);
        assert_eq!((none.newest, none.last), (None, since));
        let good = time("2026-11-20T01:00:00Z");
        let all = [
            listed("2026-11-20T01:00:00Z", true),
            listed("2026-11-24T01:00:00Z", false),
            listed("2029-01-01T00:00:00Z", true),
        ];
        let all = found(&all, since, now);
        assert_eq!((all.newest, all.last, all.from_the_future.len()), (Some(good), good, 1));
        let only_future = found(&[listed("2029-01-01T00:00:00Z", true)], since, now);
        assert_eq!((only_future.newest, only_future.last), (None, since));
    }

    #[test]
    fn a_clock_that_was_wrong_once_puts_no_backup_off() {
        let now = time("2026-11-25T12:00:00Z");
        assert_eq!(found(&[], time("2031-01-01T00:00:00Z"), now).last, now);
        // A moment ahead is now, and no age is negative.
        let ahead = found(&[listed("2026-11-25T12:04:00Z", true)], now, now);
        assert_eq!((ahead.newest, ahead.last), (Some(now), now));
        // What an older appliance left says since when there is something to back up.
        let old = found(&[listed("2020-01-01T02:00:00Z", false)], now, now);
        assert_eq!((old.newest, old.last), (None, time("2020-01-01T02:00:00Z")));
    }
}
