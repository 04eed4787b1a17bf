//! When the next backup is due. Pure: the time and the zone come in.

use jiff::tz::TimeZone;

use crate::{clock::Time, config::BackupSchedule};

/// How long after it was due a backup may be missing before somebody is told, in minutes: a machine that is
/// switched on in the morning takes the one of the night, and a large one takes its time.
pub const MARGIN_MINUTES: i64 = 6 * 60;

/// From when on the backup after that of `last` is missing; nothing when none is due.
pub fn overdue_from(schedule: BackupSchedule, last: Time, zone: &TimeZone) -> Option<Time> {
    Some(next_after(schedule, last, zone)?.plus_minutes(MARGIN_MINUTES))
}

/// The first moment after `time` that a backup is due at; nothing when it never is. A day on which the
/// clock jumps over the time has its backup right after the jump, and a day that has the time twice has
/// one at the first.
pub fn next_after(schedule: BackupSchedule, time: Time, zone: &TimeZone) -> Option<Time> {
    let BackupSchedule::Daily(at) = schedule else { return None };
    let mut date = time.date_in(zone);
    loop {
        let due = Time::from(date.to_datetime(at).to_zoned(zone.clone()).ok()?.timestamp());
        if due > time {
            return Some(due);
        }
        date = date.tomorrow().ok()?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    fn daily(text: &str) -> BackupSchedule {
        BackupSchedule::try_from(format!("daily {text}")).unwrap()
    }

    fn rome() -> TimeZone {
        TimeZone::get("Europe/Rome").unwrap()
    }

    #[test]
    fn the_next_is_today_or_tomorrow_by_the_clock_of_the_zone() {
        for (after, due) in [
            ("2026-11-23T00:59:59.999Z", "2026-11-23T01:00:00Z"),
            ("2026-11-23T01:00:00Z", "2026-11-24T01:00:00Z"),
            ("2026-12-31T23:30:00Z", "2027-01-01T01:00:00Z"),
            ("2026-07-01T12:00:00Z", "2026-07-02T00:00:00Z"),
        ] {
            assert_eq!(
                next_after(daily("02:00"), time(after), &rome()),
                Some(time(due)),
                "{after}"
            );
        }
    }

    #[test]
    fn a_time_that_summer_time_skips_or_repeats_comes_once() {
        // Rome: 2026-03-29 has no 02:30, 2026-10-25 has two.
        let (schedule, rome) = (daily("02:30"), rome());
        let next = |after| next_after(schedule, time(after), &rome);
        assert_eq!(next("2026-03-28T12:00:00Z"), Some(time("2026-03-29T01:30:00Z")));
        assert_eq!(next("2026-03-29T01:30:00Z"), Some(time("2026-03-30T00:30:00Z")));
        assert_eq!(next("2026-10-24T12:00:00Z"), Some(time("2026-10-25T00:30:00Z")));
        assert_eq!(next("2026-10-25T00:30:00Z"), Some(time("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn a_backup_is_missing_some_hours_after_it_was_due() {
        let missing = |last| overdue_from(daily("02:00"), time(last), &rome());
        assert_eq!(missing("2026-11-23T01:00:00Z"), Some(time("2026-11-24T07:00:00Z")));
        assert_eq!(missing("2026-11-23T14:00:00Z"), Some(time("2026-11-24T07:00:00Z")));
    }

    #[test]
    fn what_is_off_is_never_due() {
        let off = BackupSchedule::try_from("off".to_owned()).unwrap();
        assert_eq!(next_after(off, Time::EPOCH, &rome()), None);
        assert_eq!(overdue_from(off, Time::EPOCH, &rome()), None);
    }

    #[test]
    fn only_a_time_of_day_is_a_schedule() {
        for text in
            ["", "daily", "daily 2:00", "daily 24:00", "daily 02:60", "daily +2:00", "weekly 02:00"]
        {
            assert!(BackupSchedule::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_next_is_later_and_at_most_25_hours_away(seconds in 0_i64..4_000_000_000) {
            let after = Time::EPOCH.plus_seconds(seconds);
            let due = next_after(daily("02:30"), after, &rome()).unwrap();
            prop_assert!(due > after);
            prop_assert!(due <= after.plus_minutes(25 * 60));
        }
    }
}
