//! Which window it is, how long one lasts, and what a person may have typed or scanned.
//!
//! Only the server's clock counts. Time since the Unix epoch is cut into windows as long as the
//! event's rotation; the code of the current window is taken and, for the hand that was just about to
//! scan, that of the one before. A static event has the one window 0, as long as the event is open.

use super::{
    super::events::{Mode, Schedule},
    model::CodeParams,
};
use crate::clock::Time;

/// How long a hold can be redeemed.
const HOLD_MINUTES: i64 = 10;
/// How long after it was made a hold counts as of then.
const HOLD_COUNTS_MINUTES: i64 = 2;
/// The length of a typed code.
const TYPED_DIGITS: usize = 8;

/// The window of a moment.
pub(crate) fn window_at(params: &CodeParams, at: Time) -> u32 {
    match params.mode {
        Mode::Static => 0,
        Mode::Rotating => {
            let window = at.as_seconds().div_euclid(i64::from(params.rotation_seconds.max(1)));
            u32::try_from(window.max(0)).unwrap_or(u32::MAX)
        }
    }
}

/// The windows whose codes are taken at a moment: the current one and the one before.
pub(crate) fn accepted_windows(params: &CodeParams, at: Time) -> impl Iterator<Item = u32> + use<> {
    let current = window_at(params, at);
    [Some(current), current.checked_sub(1)].into_iter().flatten()
}

/// Whether the code of a window is taken at a moment.
pub(crate) fn is_fresh(params: &CodeParams, window: u32, at: Time) -> bool {
    accepted_windows(params, at).any(|accepted| accepted == window)
}

/// From when until when the code of a window is shown.
pub(crate) fn shown_during(params: &CodeParams, window: u32, schedule: &Schedule) -> (Time, Time) {
    match params.mode {
        Mode::Static => (schedule.opens_at, schedule.closes_at),
        Mode::Rotating => {
            let rotation = i64::from(params.rotation_seconds);
            let starts_at = Time::EPOCH.plus_seconds(i64::from(window) * rotation);
            (starts_at, starts_at.plus_seconds(rotation))
        }
    }
}

/// The last moment, exclusive, at which a hold can be redeemed.
pub(crate) fn hold_expires_at(issued_at: Time) -> Time {
    issued_at.plus_minutes(HOLD_MINUTES)
}

/// When the oldest hold was made that can be redeemed now.
pub(crate) fn oldest_live_hold(now: Time) -> Time {
    now.plus_minutes(-HOLD_MINUTES)
}

/// Whether a hold can be redeemed. One from the future cannot: the clock was set back.
pub(crate) fn is_hold_live(issued_at: Time, now: Time) -> bool {
    (issued_at..hold_expires_at(issued_at)).contains(&now)
}

/// The moment as of which a hold counts that is redeemed now: when it was made, for as long as signing in takes,
/// and now after that.
pub(crate) fn hold_counts_as_of(issued_at: Time, now: Time) -> Time {
    if now <= issued_at.plus_minutes(HOLD_COUNTS_MINUTES) { issued_at } else { now }
}

/// The code in what a client sends: the code itself, or the whole link whose last segment it is.
pub(crate) fn code_in(text: &str) -> &str {
    let path = text.trim().split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// The digits of a typed code, without the spaces and hyphens that people put between them.
pub(crate) fn typed_digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let is_typed_code = digits.len() == TYPED_DIGITS && digits.bytes().all(|c| c.is_ascii_digit());
    is_typed_code.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROTATING: CodeParams =
        CodeParams { number: 1, mode: Mode::Rotating, rotation_seconds: 15 };
    const STATIC: CodeParams = CodeParams { mode: Mode::Static, ..ROTATING };

    #[test]
    fn a_window_is_taken_while_it_is_shown_and_during_the_next_one() {
        let at = |seconds| Time::EPOCH.plus_seconds(seconds);
        assert_eq!(window_at(&ROTATING, at(1_499)), 99);
        assert_eq!(window_at(&ROTATING, at(1_500)), 100);
        assert!(is_fresh(&ROTATING, 100, at(1_500)));
        assert!(is_fresh(&ROTATING, 100, at(1_529)));
        assert!(!is_fresh(&ROTATING, 100, at(1_530)), "two windows later");
        assert!(!is_fresh(&ROTATING, 100, at(1_499)), "from the future");
    }

    #[test]
    fn the_first_window_of_all_has_none_before_it() {
        assert_eq!(accepted_windows(&ROTATING, Time::EPOCH).collect::<Vec<_>>(), [0]);
        assert_eq!(window_at(&ROTATING, Time::from_millis(-1)), 0);
    }

    #[test]
    fn a_static_code_has_one_window_as_long_as_its_event_is_open() {
        let schedule = Schedule {
            starts_at: None,
            ends_at: None,
            opens_at: Time::from_millis(5),
            late_after: None,
            closes_at: Time::from_millis(9),
        };
        assert_eq!(accepted_windows(&STATIC, Time::MAX).collect::<Vec<_>>(), [0]);
        assert_eq!(
            shown_during(&STATIC, 0, &schedule),
            (Time::from_millis(5), Time::from_millis(9))
        );
        assert_eq!(
            shown_during(&ROTATING, 2, &schedule),
            (Time::from_millis(30_000), Time::from_millis(45_000))
        );
    }

    #[test]
    fn a_hold_lives_for_ten_minutes_from_when_it_was_made() {
        let issued_at = Time::from_millis(1_000);
        assert!(is_hold_live(issued_at, issued_at));
        assert!(is_hold_live(issued_at, Time::from_millis(600_999)));
        assert!(!is_hold_live(issued_at, Time::from_millis(601_000)));
        assert!(!is_hold_live(issued_at, Time::from_millis(999)));
    }

    #[test]
    fn a_code_is_found_alone_and_at_the_end_of_a_link() {
        for text in ["ABC", " ABC\n", "HTTPS://H:1/S/ABC", "https://h/s/ABC/", "h/S/ABC?a=b/c#d"] {
            assert_eq!(code_in(text), "ABC", "{text:?}");
        }
        assert_eq!(code_in("https://h/s/"), "s");
        assert_eq!(code_in(""), "");
    }

    #[test]
    fn typed_codes_may_be_spaced_out_but_hold_eight_digits() {
        assert_eq!(typed_digits(" 1234 5678"), Some("12345678".to_owned()));
        assert_eq!(typed_digits("1234-5678"), Some("12345678".to_owned()));
        for text in ["1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", ""] {
            assert_eq!(typed_digits(text), None, "{text:?}");
        }
    }
}
