//! Which backups are kept. Pure: what is there comes in, names come out.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};

use super::{BackupName, Listed};
use crate::clock::Time;

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
///
/// Only those that verified are counted, and so none that did not takes the place of one that did. One of which
/// nobody knows whether it is good goes by the same rules, and only when a newer one is. A name from the future
/// is neither counted nor removed.
pub fn expired(
    backups: impl IntoIterator<Item = Listed>,
    rule: Retention,
    zone: &TimeZone,
    now: Time,
) -> Vec<BackupName> {
    let mut all: Vec<_> =
        backups.into_iter().filter(|listed| !listed.name.is_from_the_future(now)).collect();
    all.sort_unstable_by_key(|listed| listed.name);
    let verified = all.iter().filter(|listed| listed.verified).map(|listed| listed.name);
    let verified: Vec<_> = verified.collect();
    let Some(newest) = verified.last().copied() else { return Vec::new() };
    let names: Vec<_> = all.iter().map(|listed| listed.name).collect();
    let (good, any) = (kept(&verified, rule, zone), kept(&names, rule, zone));
    let may_go = |listed: &&Listed| {
        let Listed { name, verified, .. } = listed;
        if *verified { !good.contains(name) } else { *name < newest && !any.contains(name) }
    };
    all.iter().filter(may_go).map(|listed| listed.name).collect()
}

/// Those that the rules keep.
fn kept(oldest_first: &[BackupName], rule: Retention, zone: &TimeZone) -> BTreeSet<BackupName> {
    let newest_first: Vec<_> = oldest_first.iter().rev().copied().collect();
    let date = |name: &BackupName| name.time.date_in(zone);
    let last = newest_first.iter().take(count(rule.last.max(1)));
    let mut kept: BTreeSet<_> = last.copied().collect();
    kept.extend(newest_of_each(&newest_first, rule.daily, date));
    kept.extend(newest_of_each(&newest_first, rule.weekly, |name| monday_of(date(name))));
    kept.extend(newest_of_each(&newest_first, rule.monthly, |name| date(name).first_of_month()));
    kept
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

    const LATER: Time = Time::MAX;

    fn expired_of(names: &[BackupName], rule: Retention) -> Vec<BackupName> {
        let verified = names.iter().map(|name| listed(*name, true));
        expired(verified, rule, &TimeZone::UTC, LATER)
    }

    fn listed(name: BackupName, verified: bool) -> Listed {
        Listed { name, bytes: 1, verified }
    }

    fn name(text: &str) -> BackupName {
        BackupName { time: Time::parse_rfc3339(text).unwrap(), encrypted: false }
    }

    fn kept(backups: &[&str], rule: Retention) -> Vec<String> {
        let names: Vec<_> = backups.iter().map(|text| name(text)).collect();
        let gone = expired_of(&names, rule);
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
        assert_eq!(expired_of(&names, Retention { daily: 2, ..NONE }), [names[0]]);
    }

    #[test]
    fn the_newest_that_verified_stays_whatever_lies_beside_it() {
        let now = Time::parse_rfc3339("2026-11-25T12:00:00Z").unwrap();
        let [bad, good, unknown, newer, future] = [
            "2026-11-20T02:00:00Z",
            "2026-11-21T02:00:00Z",
            "2026-11-22T02:00:00Z",
            "2026-11-25T02:00:00Z",
            "2029-01-01T00:00:00Z",
        ]
        .map(name);
        let rule = Retention { last: 1, ..NONE };
        let gone = |all: &[(BackupName, bool)]| {
            let all = all.iter().map(|(name, verified)| listed(*name, *verified));
            expired(all, rule, &TimeZone::UTC, now)
        };
        assert_eq!(gone(&[(bad, false), (unknown, false), (newer, false)]), []);
        assert_eq!(gone(&[(bad, false), (good, true), (unknown, false), (newer, false)]), [bad]);
        assert_eq!(gone(&[(good, true), (unknown, false), (newer, true)]), [good, unknown]);
        assert_eq!(gone(&[(good, true), (future, true)]), []);
        assert_eq!(gone(&[(good, true), (newer, true), (future, false)]), [good]);
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
            let names: Vec<_> = names.into_iter().collect();
            let gone = expired_of(&names, rule);
            prop_assert!(gone.is_sorted());
            let safe: Vec<_> = names.iter().rev().take(last.max(1) as usize).collect();
            prop_assert!(safe.iter().all(|name| !gone.contains(name)));
            // What was kept once is kept when asked again, and more rules keep more.
            let left: Vec<_> = names.iter().filter(|name| !gone.contains(name)).copied().collect();
            prop_assert_eq!(expired_of(&left, rule), Vec::<BackupName>::new());
            let only_last = Retention { daily: 0, weekly: 0, monthly: 0, ..rule };
            let gone_then = expired_of(&names, only_last);
            prop_assert!(gone.iter().all(|name| gone_then.contains(name)));
        }
    }
}
