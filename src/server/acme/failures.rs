//! When a certificate was asked for in vain, kept on disk: a restart does not forget it, so a supervisor that
//! starts the appliance again and again does not wear out what the directory allows.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::rules;
use crate::{clock::Time, crypto, paths::write_atomically};

/// How many are kept: more than the budget looks at.
const KEPT: usize = 16;

/// Failures since the last success.
#[derive(Debug)]
pub(super) struct Failures {
    path: PathBuf,
    kept: Kept,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// How many in a row.
    in_a_row: usize,
    /// When those were that a directory counts, in the order in which they happened.
    counted: Vec<Time>,
    /// Before this, nothing is tried again by itself.
    pause_until: Option<Time>,
}

impl Failures {
    /// Those that are kept at `path`. A file that makes no sense is as good as none.
    pub(super) fn kept_at(path: PathBuf) -> Self {
        let kept = std::fs::read(&path).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { path, kept }
    }

    /// Before when nothing is tried by itself. A pause longer than any is of a clock that was wrong.
    pub(super) fn pause_until(&self, now: Time) -> Time {
        let longest = now.plus_seconds(rules::LONGEST_PAUSE_WITH_LOT_SECONDS);
        let pause = self.kept.pause_until.filter(|until| *until <= longest);
        pause.unwrap_or(Time::EPOCH).max(self.within_budget(now))
    }

    /// Before when nothing is tried, whoever asks. What has yet to happen counts for nothing.
    pub(super) fn within_budget(&self, now: Time) -> Time {
        let counted = self.kept.counted.iter().copied().filter(|time| *time <= now);
        rules::within_budget(&counted.collect::<Vec<_>>())
    }

    /// One more. `is_counted` by the directory, when it got to know of it.
    pub(super) fn add(&mut self, now: Time, is_counted: bool, is_over_a_limit: bool) {
        let kept = &mut self.kept;
        kept.in_a_row = kept.in_a_row.saturating_add(1);
        if is_counted {
            kept.counted.push(now);
            let surplus = kept.counted.len().saturating_sub(KEPT);
            kept.counted.drain(..surplus);
        }
        let jitter = crypto::random::<2>().map_or(0, u16::from_be_bytes);
        let pause = rules::pause(kept.in_a_row, is_over_a_limit, jitter);
        kept.pause_until = Some(now.plus_seconds(pause));
        self.write();
    }

    /// It worked: those that the directory counts still count, and there is a rest until then.
    pub(super) fn end(&mut self, rest_until: Time) {
        self.kept.in_a_row = 0;
        self.kept.pause_until = Some(rest_until);
        self.write();
    }

    fn write(&self) {
        if let Err(error) = write(&self.path, &self.kept) {
            tracing::warn!(%error, file = %self.path.display(), "cannot keep when the directory refused");
        }
    }
}

fn write(path: &Path, kept: &Kept) -> std::io::Result<()> {
    write_atomically(path, &serde_json::to_vec(kept)?, 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    #[test]
    fn a_restart_forgets_no_failure() {
        let directory = tempfile::tempdir().unwrap();
        let kept = || Failures::kept_at(directory.path().join("failures.json"));
        assert_eq!(kept().pause_until(NOW), Time::EPOCH);
        for minute in 0..3 {
            kept().add(NOW.plus_minutes(minute), true, false);
        }
        let later = NOW.plus_minutes(5);
        assert_eq!(kept().within_budget(later), NOW.plus_minutes(60));
        assert!(kept().pause_until(later) >= NOW.plus_minutes(60));
        kept().end(later);
        assert_eq!(
            kept().pause_until(later),
            NOW.plus_minutes(60),
            "the hour's budget stays spent"
        );
    }

    #[test]
    fn a_clock_that_was_years_ahead_keeps_nobody_waiting_for_years() {
        let directory = tempfile::tempdir().unwrap();
        let mut failures = Failures::kept_at(directory.path().join("failures.json"));
        for _ in 0..3 {
            failures.add(NOW.plus_seconds(10 * 365 * 86_400), true, true);
        }
        assert_eq!(failures.pause_until(NOW), Time::EPOCH);
    }

    #[test]
    fn a_directory_that_could_not_be_asked_has_counted_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let mut failures = Failures::kept_at(directory.path().join("failures.json"));
        for _ in 0..5 {
            failures.add(NOW, false, false);
        }
        assert_eq!(failures.within_budget(NOW), Time::EPOCH);
        assert!(failures.pause_until(NOW) > NOW);
    }

    #[test]
    fn a_file_that_makes_no_sense_is_as_good_as_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("failures.json");
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Failures::kept_at(path).pause_until(NOW), Time::EPOCH);
    }
}
