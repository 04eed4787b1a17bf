//! What an event is made of.

use serde::{Deserialize, Serialize};

use crate::{clock::Time, ids::UserId};

/// Whether an event's code changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// It changes every few seconds, so that a photo of it is soon worth nothing.
    Rotating,
    /// It stays, so that it can be printed.
    Static,
}

impl Mode {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotating => "rotating",
            Self::Static => "static",
        }
    }
}

/// When an event takes scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The start, when it has one.
    pub starts_at: Option<Time>,
    /// The end, when it has one.
    pub ends_at: Option<Time>,
    /// From this moment on scans are taken.
    pub opens_at: Time,
    /// A scan after this moment is late; nothing when none is.
    pub late_after: Option<Time>,
    /// From this moment on scans are no longer taken.
    pub closes_at: Time,
}

impl Schedule {
    /// Where an event stands at a moment.
    pub fn phase(&self, at: Time) -> Phase {
        if at < self.opens_at {
            Phase::Before
        } else if at < self.closes_at {
            Phase::Open
        } else {
            Phase::Closed
        }
    }

    /// The whole minutes, rounded down, from the start to a scan that is late; nothing for one that
    /// is not.
    pub fn minutes_late(&self, at: Time) -> Option<u32> {
        let starts_at = self.starts_at?;
        if at <= self.late_after? {
            return None;
        }
        Some(u32::try_from(at.millis_since(starts_at) / 60_000).unwrap_or(u32::MAX))
    }
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not open yet.
    Before,
    /// Takes scans.
    Open,
    /// Takes no more scans.
    Closed,
}

/// An event as staff describe it; what they leave out comes from the configuration.
#[derive(Debug, Clone, Default)]
pub struct EventInput {
    /// Its name.
    pub name: String,
    /// The civil date, `YYYY-MM-DD`.
    pub date: String,
    /// An IANA time zone.
    pub timezone: Option<String>,
    /// The start; without it the event is open for the whole local day.
    pub starts_at: Option<Time>,
    /// The end; without it the event closes with the local day.
    pub ends_at: Option<Time>,
    /// Rotating when not given.
    pub mode: Option<Mode>,
    /// Seconds that a rotating code is shown for.
    pub rotation_seconds: Option<u32>,
    /// Minutes before the start that scanning opens.
    pub open_early_minutes: Option<u32>,
    /// Minutes after the start that a scan is late.
    pub late_after_minutes: Option<u32>,
    /// Minutes after the end that scanning closes; none when not given.
    pub close_after_minutes: Option<u32>,
    /// Who is expected; anyone may come when not given.
    pub expected: Option<Vec<UserId>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_millis(1_800_000_000_000);

    fn schedule() -> Schedule {
        Schedule {
            starts_at: Some(START),
            ends_at: None,
            opens_at: START.plus_minutes(-15),
            late_after: Some(START.plus_minutes(10)),
            closes_at: START.plus_minutes(60),
        }
    }

    #[test]
    fn an_event_is_open_from_its_opening_until_just_before_its_closing() {
        let phase = |minutes| schedule().phase(START.plus_minutes(minutes));
        assert_eq!(phase(-16), Phase::Before);
        assert_eq!(phase(-15), Phase::Open);
        assert_eq!(phase(59), Phase::Open);
        assert_eq!(phase(60), Phase::Closed);
    }

    #[test]
    fn the_last_moment_in_time_is_not_late_and_the_next_counts_from_the_start() {
        let late = |seconds| schedule().minutes_late(START.plus_seconds(seconds));
        assert_eq!(late(600), None);
        assert_eq!(late(601), Some(10));
        assert_eq!(late(659), Some(10));
        assert_eq!(late(660), Some(11));
    }

    #[test]
    fn nobody_is_late_where_no_start_is_set() {
        let whole_day = Schedule { starts_at: None, late_after: None, ..schedule() };
        assert_eq!(whole_day.minutes_late(START.plus_minutes(59)), None);
    }
}
