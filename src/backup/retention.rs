//! Which backups are kept. Pure: names in, names out.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};

use super::BackupName;

/// How many backups are kept, by four rules of which each keeps its own; what none keeps is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// So many of the newest; at least one is kept whatever this says.
    pub last: u32,
    /// The newest of each of so many days that have one.
    pub daily: u32,
    /// The newest of each of so many weeks that have one; weeks begin on Monday.
    pub weekly: u32,
    /// The newest of each of so many months that have one.
    pub monthly: u32,
}

/// The backups that may be removed, oldest first. Days, weeks and months are those of `zone`.
pub fn expired(
    backups: impl IntoIterator<Item = BackupName>,
    rule: Retention,
    zone: &TimeZone,
) -> Vec<BackupName> {
    let mut newest_first: Vec<_> = backups.into_iter().collect();
    newest_first.sort_unstable_by(|a, b| b.cmp(a));
    let date = |name: &BackupName| name.time.date_in(zone);
    let mut kept: BTreeSet<_> =
        newest_first.iter().take(count(rule.last.max(1))).copied().collect();
    kept.extend(newest_of_each(&newest_first, rule.daily, date));
    kept.extend(newest_of_each(&newest_first, rule.weekly, |name| monday_of(date(name))));
    kept.extend(newest_of_each(&newest_first, rule.monthly, |name| date(name).first_of_month()));
    newest_first.into_iter().rev().filter(|name| !kept.contains(name)).collect()
}

/// The newest backup of each of the `count` newest periods.
fn newest_of_each(
    newest_first: &[BackupName],
    periods: u32,
    period_of: impl Fn(&BackupName) -> Date,
) -> Vec<BackupName> {
    let mut seen = BTreeSet::new();
    let newest = newest_first.iter().filter(|name| seen.insert(period_of(name)));
    newest.take(count(periods)).copied().collect()
}

fn monday_of(date: Date) -> Date {
    let since_monday = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(jiff::Span::new().days(since_monday)).unwrap_or(date)
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::clock::Time;

    fn name(text: &str) -> BackupName {
        BackupName { time: Time::parse_rfc3339(text).unwrap(), encrypted: false }
    }

    fn kept(backups: &[&str], rule: Retention) -> Vec<String> {
        let names: Vec<_> = backups.iter().map(|text| name(text)).collect();
        let gone = expired(names.clone(), rule, &TimeZone::UTC);
        let kept = names.iter().filter(|name| !gone.contains(name));
        kept.map(|name| name.time.to_string()[..10].to_owned()).collect()
    }

    const NONE: Retention = Retention { last: 0, daily: 0, weekly: 0, monthly: 0 };

    #[test]
    fn each_rule_keeps_the_newest_of_its_periods() {
        // 2026-11-23 is a Monday.
        let backups = [
            "2026-09-30T02:00:00Z",
            "2026-10-15T02:00:00Z",
            "2026-11-20T02:00:00Z",
            "2026-11-22T02:00:00Z",
            "2026-11-23T02:00:00Z",
            "2026-11-24T02:00:00Z",
        ];
        let kept = |rule| kept(&backups, rule);
        assert_eq!(kept(Retention { last: 2, ..NONE }), ["2026-11-23", "2026-11-24"]);
        assert_eq!(
            kept(Retention { daily: 3, ..NONE }),
            ["2026-11-22", "2026-11-23", "2026-11-24"]
        );
        assert_eq!(kept(Retention { weekly: 2, ..NONE }), ["2026-11-22", "2026-11-24"]);
        assert_eq!(kept(Retention { monthly: 2, ..NONE }), ["2026-10-15", "2026-11-24"]);
        let all = Retention { last: 1, daily: 2, weekly: 2, monthly: 3 };
        assert_eq!(
            kept(all),
            ["2026-09-30", "2026-10-15", "2026-11-22", "2026-11-23", "2026-11-24"]
        );
    }

    #[test]
    fn of_several_on_one_day_the_newest_stands_for_it() {
        let backups = ["2026-11-23T02:00:00Z", "2026-11-23T12:00:00Z", "2026-11-24T02:00:00Z"];
        let names = backups.map(name);
        let gone = expired(names, Retention { daily: 2, ..NONE }, &TimeZone::UTC);
        assert_eq!(gone, [names[0]]);
    }

    proptest! {
        #[test]
        fn the_newest_and_the_last_so_many_are_never_removed(
            seconds in vec(1_700_000_000_i64..1_800_000_000, 0..40),
            (last, daily, weekly, monthly) in (0_u32..8, 0_u32..8, 0_u32..8, 0_u32..8),
        ) {
            let names: BTreeSet<_> = seconds
                .iter()
                .map(|seconds| BackupName {
                    time: Time::EPOCH.plus_seconds(*seconds),
                    encrypted: seconds % 2 == 0,
                })
                .collect();
            let rule = Retention { last, daily, weekly, monthly };
            let gone = expired(names.iter().copied(), rule, &TimeZone::UTC);
            prop_assert!(gone.is_sorted());
            let safe: Vec<_> = names.iter().rev().take(last.max(1) as usize).collect();
            prop_assert!(safe.iter().all(|name| !gone.contains(name)));
            // What was kept once is kept when asked again, and more rules keep more.
            let left: Vec<_> = names.iter().filter(|name| !gone.contains(name)).copied().collect();
            prop_assert_eq!(expired(left, rule, &TimeZone::UTC), Vec::<BackupName>::new());
            let only_last = Retention { daily: 0, weekly: 0, monthly: 0, ..rule };
            let gone_then = expired(names.iter().copied(), only_last, &TimeZone::UTC);
            prop_assert!(gone.iter().all(|name| gone_then.contains(name)));
        }
    }
}
