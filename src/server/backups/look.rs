//! Looking into the backup directory, which may be on a disk that does not answer: on a thread that nobody needs
//! to wait for, and no second time before the first has returned.

use std::{collections::BTreeSet, time::Duration};

use tokio::sync::oneshot;

use super::Backups;
use crate::{
    backup::{BackupName, Listed, overdue_from},
    clock::Time,
};

/// What was found in the backup directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// When the newest was taken that verified.
    newest: Option<Time>,
    /// The moment after which the next is due.
    pub(super) last: Time,
    /// Those whose names are of a time that has not come.
    pub(super) from_the_future: BTreeSet<BackupName>,
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

/// A look on its way, of which there is one at most.
#[derive(Default)]
pub(super) struct Looking(Option<oneshot::Receiver<Found>>);

impl Looking {
    /// Looks, unless an earlier look has not returned, and waits for it; nothing when it takes longer than
    /// `patience`.
    pub(super) async fn wait(
        &mut self,
        look: impl FnOnce() -> Found + Send + 'static,
        patience: Duration,
    ) -> Option<Found> {
        let underway = match &mut self.0 {
            Some(underway) => underway,
            none => {
                let (reply, found) = oneshot::channel();
                let thread = std::thread::Builder::new().name("backup-look".to_owned());
                thread.spawn(move || drop(reply.send(look()))).ok()?;
                none.insert(found)
            }
        };
        let found = tokio::time::timeout(patience, underway).await.ok()?;
        self.0 = None;
        found.ok()
    }
}

impl Backups {
    /// Looks into the backup directory, and says what is there to whoever watches.
    pub(super) fn look(&self) -> Found {
        let now = self.domains.clock.now();
        // Why it cannot be read is told when the next backup is taken.
        let listed = self.directory.list().unwrap_or_default();
        self.newest.set(listed.iter().rev().find(|listed| listed.is_good(now)).cloned());
        let found = found(&listed, self.since, now);
        let overdue_from = overdue_from(self.config.schedule, found.last, &self.config.zone());
        let from_the_future = u32::try_from(found.from_the_future.len()).unwrap_or(u32::MAX);
        let metrics = &self.domains.metrics.backups;
        metrics.found(found.newest, overdue_from, from_the_future);
        metrics.measure(now);
        found
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

    #[tokio::test]
    async fn a_look_that_does_not_return_is_waited_for_and_no_second_one_is_begun() {
        let now = time("2026-11-25T12:00:00Z");
        let (release, hung) = std::sync::mpsc::channel::<()>();
        let mut looking = Looking::default();
        let first = move || {
            let _ = hung.recv();
            found(&[], now, now)
        };
        assert_eq!(looking.wait(first, Duration::ZERO).await, None);
        for _ in 0..3 {
            let second = || unreachable!("the first has not returned");
            assert_eq!(looking.wait(second, Duration::ZERO).await, None);
        }
        drop(release);
        let long = Duration::from_mins(1);
        let second = || unreachable!("the first is there");
        assert_eq!(looking.wait(second, long).await, Some(found(&[], now, now)));
        // One that panicked is looked for anew.
        assert_eq!(looking.wait(|| panic!("in a look"), long).await, None);
        let again = looking.wait(move || found(&[], now, now), long).await;
        assert!(again.is_some());
    }
}
