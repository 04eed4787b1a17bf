//! The only place that asks the machine what time it is.
//!
//! Everything else is handed a [`Clock`] or a [`Time`], so rules stay pure and tests move time by
//! hand. `clippy.toml` bans the other ways of asking.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A moment in milliseconds since the Unix epoch, UTC.
///
/// The resolution that is stored, compared and shown: sub-millisecond digits would not survive a
/// round trip through JavaScript clients.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(i64);

/// One second in the milliseconds of [`Time`].
const SECOND: i64 = 1_000;

impl Time {
    /// The Unix epoch: the lower end of ranges over time.
    pub const EPOCH: Self = Self(0);
    /// Later than any moment that a rule can produce: the upper end of ranges over time.
    pub const MAX: Self = Self(i64::MAX);

    /// A moment from milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// This moment moved by `seconds`, which may be negative; stops at the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND)))
    }

    /// This moment moved by `minutes`, which may be negative; stops at the ends of the range.
    #[must_use]
    pub const fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_seconds(minutes.saturating_mul(60))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The calendar date of this moment in `zone`.
    pub fn date_in(self, zone: &TimeZone) -> Date {
        zone.to_datetime(self.to_jiff()).date()
    }

    /// Reads an RFC 3339 date and time; digits beyond the millisecond are dropped.
    ///
    /// # Errors
    /// When the text is not RFC 3339 or names a date that does not exist.
    pub fn parse_rfc3339(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<Timestamp>().map(Self::from)
    }

    /// This moment in UTC in a form of its own, by `strftime`'s letters.
    pub fn format_utc(self, form: &str) -> String {
        self.to_jiff().strftime(form).to_string()
    }

    /// Reads a moment in UTC in such a form; nothing when it does not fit.
    pub fn parse_utc(form: &str, text: &str) -> Option<Self> {
        let read = jiff::civil::DateTime::strptime(form, text).ok()?;
        Some(read.to_zoned(TimeZone::UTC).ok()?.timestamp().into())
    }

    /// A moment of the file system; nothing outside of the range.
    pub fn from_system(time: std::time::SystemTime) -> Option<Self> {
        Timestamp::try_from(time).ok().map(Self::from)
    }

    /// Writes it as HTTP's `Date` has it (RFC 9110 §5.6.7), without taking memory.
    ///
    /// # Errors
    /// When it cannot be written to, or the year is none of HTTP's.
    pub fn write_http_date(self, to: &mut impl fmt::Write) -> fmt::Result {
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        let written = printer.print_timestamp_rfc9110(&self.to_jiff(), jiff::fmt::StdFmtWrite(to));
        written.map_err(|_| fmt::Error)
    }

    fn to_jiff(self) -> Timestamp {
        // Outside of jiff's range (years -9999 to 9999) only the saturated ends exist.
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}

impl From<Timestamp> for Time {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

/// RFC 3339 in UTC with milliseconds, the form that the HTTP API uses.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}

/// Where the current time comes from: the machine, or a hand that a test moves.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Manual(Arc<AtomicI64>),
}

/// How long the machine has run (`CLOCK_MONOTONIC`), for those who compare it with their own reading of
/// the same clock.
pub fn monotonic() -> std::time::Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    std::time::Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until [`Clock::set`] moves it. Clones share the hand.
    pub fn manual(start: Time) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.as_millis()))))
    }

    /// The current time.
    pub fn now(&self) -> Time {
        match &self.0 {
            #[allow(clippy::disallowed_methods, reason = "this is the one place that may")]
            Source::System => Time::from(Timestamp::now()),
            Source::Manual(millis) => Time(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock, backwards too; the machine's clock cannot be moved and stays.
    pub fn set(&self, time: Time) {
        if let Source::Manual(millis) = &self.0 {
            millis.store(time.as_millis(), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_and_print_as_rfc_3339_with_milliseconds() {
        let time = Time::parse_rfc3339("2026-11-23T08:30:00.1239+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-23T07:30:00.123Z");
        assert!(Time::parse_rfc3339("2026-02-30T00:00:00Z").is_err());
    }

    #[test]
    fn a_time_is_written_as_http_has_it() {
        let mut date = String::new();
        Time::from_millis(784_111_777_000).write_http_date(&mut date).unwrap();
        assert_eq!(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_moved_clock_is_seen_by_its_clones() {
        let clock = Clock::manual(Time::from_millis(5));
        let clone = clock.clone();
        clock.set(Time::from_millis(3));
        assert_eq!(clone.now(), Time::from_millis(3));
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Time::MAX.plus_minutes(1), Time::MAX);
        assert!(!Time::MAX.to_string().is_empty());
    }
}
