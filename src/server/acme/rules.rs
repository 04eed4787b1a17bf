//! When to ask a directory for a certificate: decisions, without a clock and without the directory.
//!
//! Let's Encrypt counts five failures an hour for each name of an account, and a client that meets that
//! limit is refused for the rest of the hour. We stop at three, and long before that a pause that doubles
//! sees to it that nobody gets there without asking by hand.

use crate::clock::Time;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// How many failures an hour may have.
pub(super) const FAILURES_AN_HOUR: usize = 3;
/// After the first failure; it doubles with every further one.
const FIRST_PAUSE_SECONDS: i64 = 10 * MINUTE;
/// A name that leads here again is noticed within this.
const LONGEST_PAUSE_SECONDS: i64 = 6 * HOUR;
/// No certificate is replaced younger than this for a suggestion's sake.
const LEAST_AGE_SECONDS: i64 = 24 * HOUR;

/// When a certificate is to be renewed: when a third of its life is left, and then some, up to a thirtieth of
/// its life, as its jitter says, so that not everybody comes at once. Reckoning of a life rather than of days
/// goes for certificates of ninety days and of six alike.
pub(super) fn renewal(begins: Time, ends: Time, jitter: u16) -> Time {
    let life = ends.millis_since(begins).max(0);
    before(ends, life / 3 - share(life / 30, jitter))
}

/// The same when the directory has suggested a window (RFC 9773 §4.2): at the jitter's place in it. A window that
/// leaves too little time to fail in is not followed, nor one that would have every certificate replaced as soon
/// as it is there, over and over.
pub(super) fn renewal_as_suggested(
    (opens, closes): (Time, Time),
    begins: Time,
    ends: Time,
    jitter: u16,
) -> Time {
    let life = ends.millis_since(begins).max(0);
    let earliest = begins.plus_seconds((life / 6_000).min(LEAST_AGE_SECONDS));
    let latest = before(ends, life / 6);
    let width = closes.millis_since(opens).max(0);
    Time::from_millis(opens.as_millis().saturating_add(share(width, jitter)))
        .max(earliest)
        .min(latest)
}

/// How long to wait after so many failures in a row, in seconds, and a tenth of it more as the jitter says.
pub(super) fn pause(failures: usize, is_over_a_limit: bool, jitter: u16) -> i64 {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = (FIRST_PAUSE_SECONDS << doublings).min(LONGEST_PAUSE_SECONDS);
    let pause = if is_over_a_limit { LONGEST_PAUSE_SECONDS } else { pause };
    pause + share(pause / 10, jitter)
}

/// The longest that [`pause`] gives, in seconds.
pub(super) const LONGEST_PAUSE_WITH_LOT_SECONDS: i64 = LONGEST_PAUSE_SECONDS * 11 / 10;

/// How long to wait after a success, in seconds, whatever the directory gave: one that gives other names than
/// were asked for, or a life that is over by our clock, would be asked again at once and without end.
pub(super) fn rest(begins: Time, ends: Time) -> i64 {
    (ends.millis_since(begins).max(0) / 2_000).min(HOUR)
}

/// The moment from which one more failure fits into the budget of an hour. `failures` are in the order in
/// which they happened.
pub(super) fn within_budget(failures: &[Time]) -> Time {
    let counts = failures.len().checked_sub(FAILURES_AN_HOUR).and_then(|nth| failures.get(nth));
    counts.map_or(Time::EPOCH, |time| time.plus_seconds(HOUR))
}

fn before(time: Time, millis: i64) -> Time {
    Time::from_millis(time.as_millis().saturating_sub(millis))
}

/// The part of a span that a jitter stands for.
fn share(span: i64, jitter: u16) -> i64 {
    let part = i128::from(span) * i128::from(jitter) / i128::from(u16::MAX);
    i64::try_from(part).unwrap_or(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * HOUR;
    const BEGINS: Time = Time::from_millis(1_800_000_000_000);

    fn days(count: i64) -> Time {
        BEGINS.plus_seconds(count * DAY)
    }

    #[test]
    fn a_certificate_is_renewed_when_a_third_of_its_life_is_left_and_not_all_at_once() {
        assert_eq!(renewal(BEGINS, days(90), 0), days(60));
        assert_eq!(renewal(BEGINS, days(90), u16::MAX), days(63));
        let between = renewal(BEGINS, days(90), 20_000);
        assert!(days(60) < between && between < days(63));
        assert_eq!(renewal(BEGINS, days(6), 0), days(4));
        assert_eq!(renewal(days(1), BEGINS, 0), BEGINS, "a life of nothing is over");
    }

    #[test]
    fn a_suggested_window_is_followed_while_there_is_time_left_to_fail_in() {
        let suggested = |opens, closes, jitter| {
            renewal_as_suggested((days(opens), days(closes)), BEGINS, days(90), jitter)
        };
        assert_eq!(suggested(50, 52, 0), days(50));
        assert_eq!(suggested(50, 52, u16::MAX), days(52));
        assert_eq!(suggested(-9, -8, 0), days(1), "no endless round of renewals");
        assert_eq!(suggested(88, 89, 0), days(75));
    }

    #[test]
    fn pauses_double_up_to_six_hours() {
        let minutes = |failures| pause(failures, false, 0) / MINUTE;
        assert_eq!([1, 2, 3, 6, 7, 1_000].map(minutes), [10, 20, 40, 320, 360, 360]);
        assert_eq!(pause(1, true, 0), LONGEST_PAUSE_SECONDS, "a limit of the directory");
        assert_eq!(pause(1, false, u16::MAX) / MINUTE, 11);
    }

    #[test]
    fn pauses_alone_keep_every_hour_within_the_budget() {
        let (mut now, mut failures) = (BEGINS, Vec::new());
        while now < days(3) {
            assert!(within_budget(&failures) <= now, "{failures:?}");
            failures.push(now);
            now = now.plus_seconds(pause(failures.len(), false, 0));
        }
    }

    #[test]
    fn whoever_asks_by_hand_waits_once_an_hour_has_had_three_failures() {
        let minutes = |list: &[i64]| -> Vec<Time> {
            list.iter().map(|minutes| BEGINS.plus_minutes(*minutes)).collect()
        };
        assert_eq!(within_budget(&[]), Time::EPOCH);
        assert_eq!(within_budget(&minutes(&[0, 1])), Time::EPOCH);
        assert_eq!(within_budget(&minutes(&[0, 1, 2])), BEGINS.plus_minutes(60));
        assert_eq!(within_budget(&minutes(&[0, 1, 2, 70])), BEGINS.plus_minutes(61));
    }
}
