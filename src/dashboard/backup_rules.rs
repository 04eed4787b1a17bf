//! What there is to say of backups: the newest is old, missing, failed, or of a time that has not come.
//!
//! Pure, as `rules` is.

use super::severity::Severity;
use crate::{clock::Time, telemetry::BackupFacts};

/// What is known of backups, at some moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackupAges {
    /// Hours since the newest that verified; nothing when there is none.
    pub last_hours: Option<i64>,
    /// Hours since the next began to be missing; nothing when none is missing.
    pub overdue_hours: Option<i64>,
    /// Why the last try failed, by the code of the error; nothing when it did not.
    pub failure: Option<&'static str>,
    /// Archives whose names are of a time that has not come.
    pub from_the_future: u32,
}

/// From so many hours on a backup is old, whatever the schedule says.
const OLD_HOURS: i64 = 48;
/// From so many hours on a missing backup is an alarm: a week has no weekend without one.
const OVERDUE_ALARM_HOURS: i64 = 7 * 24;

impl BackupAges {
    /// What is known, at this moment.
    pub(super) fn of(facts: BackupFacts, now: Time) -> Self {
        let hours_since = |time| (now.millis_since(time) / 3_600_000).max(0);
        Self {
            last_hours: facts.last_success.map(hours_since),
            overdue_hours: facts.overdue_from.filter(|from| *from <= now).map(hours_since),
            failure: facts.failure.map(|failure| failure.code),
            from_the_future: facts.from_the_future,
        }
    }
}

/// Finds what there is to find.
pub(super) fn find(
    ages: &BackupAges,
    find: &mut impl FnMut(Severity, &'static str, String, String),
) {
    if let Some(code) = ages.failure {
        let (en, it) = reason(code);
        find(
            Severity::Attention,
            "BACKUP_FAILED",
            format!("The last backup failed: {en} The log says more."),
            format!("L’ultimo backup non è riuscito: {it} Il log dice di più."),
        );
    }
    let level = match ages.overdue_hours {
        Some(hours) if hours >= OVERDUE_ALARM_HOURS => Severity::Alarm,
        _ => Severity::Attention,
    };
    match (ages.last_hours, ages.overdue_hours) {
        (None, Some(_)) => find(
            level,
            "BACKUP_MISSING",
            "There is no backup, although the schedule asks for one.".to_owned(),
            "Non c’è alcun backup, sebbene la pianificazione ne preveda uno.".to_owned(),
        ),
        (Some(hours), overdue) if overdue.is_some() || hours >= OLD_HOURS => find(
            level,
            "BACKUP_OLD",
            format!("The last backup is {hours} hours old."),
            format!("L’ultimo backup risale a {hours} ore fa."),
        ),
        _ => {}
    }
    if ages.from_the_future > 0 {
        let count = ages.from_the_future;
        find(
            Severity::Attention,
            "BACKUP_FROM_THE_FUTURE",
            format!(
                "Backups dated later than now, because a clock was wrong: {count}. They count for nothing; \
                 remove or rename them."
            ),
            format!(
                "Backup con una data futura, perché un orologio era sbagliato: {count}. Non contano; vanno \
                 eliminati o rinominati."
            ),
        );
    }
}

/// Why a backup failed, in English and Italian.
fn reason(code: &str) -> (&'static str, &'static str) {
    match code {
        "NOT_FOUND" => (
            "the backup directory is missing, or is none.",
            "la cartella dei backup manca, o non è una cartella.",
        ),
        "NO_ANSWER" => {
            ("the backup directory does not answer.", "la cartella dei backup non risponde.")
        }
        "IN_USE" => ("another one was in progress.", "ce n’era un altro in corso."),
        "INVALID" => (
            "the keys that it is encrypted with cannot be used.",
            "le chiavi con cui viene cifrato non sono utilizzabili.",
        ),
        "NOT_VERIFIED" => (
            "what was written could not be read back, and was removed.",
            "ciò che era stato scritto non è risultato leggibile ed è stato eliminato.",
        ),
        _ => (
            "a disk failed, is full, or may not be used.",
            "un disco è guasto, è pieno o non è utilizzabile.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::BackupFailure;

    const NOW: Time = Time::from_millis(1_795_417_200_000);

    fn found(facts: BackupFacts) -> Vec<(Severity, &'static str)> {
        let mut all = Vec::new();
        let mut keep = |level, code, en: String, it: String| {
            assert!(!en.is_empty() && en != it);
            all.push((level, code));
        };
        find(&BackupAges::of(facts, NOW), &mut keep);
        all
    }

    fn hours_ago(hours: i64) -> Time {
        NOW.plus_minutes(-60 * hours)
    }

    #[test]
    fn a_backup_that_is_missing_is_found_whether_or_not_there_ever_was_one() {
        let of = |last: Option<i64>, overdue: Option<i64>| {
            found(BackupFacts {
                last_success: last.map(hours_ago),
                overdue_from: overdue.map(hours_ago),
                ..Default::default()
            })
        };
        assert_eq!(of(None, None), []);
        assert_eq!(of(Some(3), Some(-20)), []);
        assert_eq!(of(None, Some(0)), [(Severity::Attention, "BACKUP_MISSING")]);
        assert_eq!(of(None, Some(200)), [(Severity::Alarm, "BACKUP_MISSING")]);
        assert_eq!(of(Some(31), Some(1)), [(Severity::Attention, "BACKUP_OLD")]);
        assert_eq!(of(Some(200), Some(170)), [(Severity::Alarm, "BACKUP_OLD")]);
    }

    #[test]
    fn without_a_schedule_two_days_are_old() {
        let of = |hours| {
            found(BackupFacts { last_success: Some(hours_ago(hours)), ..Default::default() })
        };
        assert_eq!(of(47), []);
        assert_eq!(of(48), [(Severity::Attention, "BACKUP_OLD")]);
        assert_eq!(of(-48), []);
    }

    #[test]
    fn a_failure_and_a_name_from_the_future_are_found() {
        for code in ["NOT_FOUND", "NO_ANSWER", "IN_USE", "INVALID", "NOT_VERIFIED", "FAILED"] {
            let failure = Some(BackupFailure { at: NOW, code });
            let facts = BackupFacts { failure, ..Default::default() };
            assert_eq!(found(facts), [(Severity::Attention, "BACKUP_FAILED")]);
        }
        let facts = BackupFacts { from_the_future: 1, ..Default::default() };
        assert_eq!(found(facts), [(Severity::Attention, "BACKUP_FROM_THE_FUTURE")]);
    }
}
