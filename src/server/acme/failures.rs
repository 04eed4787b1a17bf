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

    /// Before when nothing is tried by itself.
    pub(super) fn pause_until(&self) -> Time {
        self.kept.pause_until.unwrap_or(Time::EPOCH).max(self.within_budget())
    }

    /// Before when nothing is tried, whoever asks.
    pub(super) fn within_budget(&self) -> Time {
        rules::within_budget(&self.kept.counted)
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
        let lot = crypto::random::<2>().map_or(0, u16::from_be_bytes);
        let pause = rules::pause(kept.in_a_row, is_over_a_limit, lot);
        kept.pause_until = Some(now.plus_seconds(pause));
        self.write();
    }

    /// It worked: those that the directory counts still count, the pause does not.
    pub(super) fn end(&mut self) {
        self.kept.in_a_row = 0;
        self.kept.pause_until = None;
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
        assert_eq!(kept().pause_until(), Time::EPOCH);
        for minute in 0..3 {
            kept().add(NOW.plus_minutes(minute), true, false);
        }
        assert_eq!(kept().within_budget(), NOW.plus_minutes(60));
        assert!(kept().pause_until() >= NOW.plus_minutes(60));
        kept().end();
        assert_eq!(kept().pause_until(), NOW.plus_minutes(60), "the hour's budget stays spent");
    }

    #[test]
    fn a_directory_that_could_not_be_asked_has_counted_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let mut failures = Failures::kept_at(directory.path().join("failures.json"));
        for _ in 0..5 {
            failures.add(NOW, false, false);
        }
        assert_eq!(failures.within_budget(), Time::EPOCH);
        assert!(failures.pause_until() > NOW);
    }

    #[test]
    fn a_file_that_makes_no_sense_is_as_good_as_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("failures.json");
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Failures::kept_at(path).pause_until(), Time::EPOCH);
    }
}
