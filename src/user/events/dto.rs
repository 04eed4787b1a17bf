//! Events on the wire.

use poem_openapi::{Enum, Object, types::Example};

use super::{
    super::attendance::StatisticsBody,
    model::{EventInput, Mode},
    view::EventView,
};
use crate::{clock::Time, http::Timestamp, ids::UserId};

/// What to make an event of. What is left out comes from the configuration.
#[derive(Debug, Object)]
#[oai(rename = "NewEvent", deny_unknown_fields, example)]
pub(super) struct NewEventBody {
    /// 1 to 120 characters; unique on its date, whatever the case.
    name: String,
    /// The civil date, `YYYY-MM-DD`, in the event's time zone.
    date: String,
    /// An IANA time zone such as `Europe/Rome`.
    timezone: Option<String>,
    /// The start, on that date. Without it the event is open for the whole local day, nobody is
    /// late, and the minutes below do not count.
    starts_at: Option<Timestamp>,
    /// The end, after the start. Without it the event closes with the local day.
    ends_at: Option<Timestamp>,
    /// Whether the code changes; `rotating` when left out.
    mode: Option<ModeBody>,
    /// Seconds that a rotating code is shown for: 5 to 300.
    rotation_seconds: Option<u32>,
    /// Minutes before the start that scanning opens: 0 to 1440.
    open_early_minutes: Option<u32>,
    /// Minutes after the start that a scan is late: 0 to 1440.
    late_after_minutes: Option<u32>,
    /// Minutes after the end that scanning closes: 0 to 1440; 0 when left out.
    close_after_minutes: Option<u32>,
    /// The ids of those who are expected, at most 5,000; others are then refused. Anyone may come
    /// when left out.
    expected: Option<Vec<u64>>,
}

impl Example for NewEventBody {
    fn example() -> Self {
        Self {
            name: "Corso di Rust".to_owned(),
            date: "2026-11-23".to_owned(),
            timezone: Some("Europe/Rome".to_owned()),
            starts_at: Some(Timestamp(Time::from_millis(1_795_420_800_000))),
            ends_at: Some(Timestamp(Time::from_millis(1_795_428_000_000))),
            mode: Some(ModeBody::Rotating),
            rotation_seconds: Some(15),
            open_early_minutes: Some(15),
            late_after_minutes: Some(10),
            close_after_minutes: Some(0),
            expected: None,
        }
    }
}

impl From<NewEventBody> for EventInput {
    fn from(body: NewEventBody) -> Self {
        Self {
            name: body.name,
            date: body.date,
            timezone: body.timezone,
            starts_at: body.starts_at.map(|Timestamp(time)| time),
            ends_at: body.ends_at.map(|Timestamp(time)| time),
            mode: body.mode.map(Into::into),
            rotation_seconds: body.rotation_seconds,
            open_early_minutes: body.open_early_minutes,
            late_after_minutes: body.late_after_minutes,
            close_after_minutes: body.close_after_minutes,
            expected: body.expected.map(|ids| ids.into_iter().map(UserId).collect()),
        }
    }
}

/// What to change of an event.
#[derive(Debug, Object)]
#[oai(rename = "EventChanges", deny_unknown_fields, example)]
pub(super) struct EventChangesBody {
    /// Whether it takes scans.
    pub(super) is_active: bool,
}

impl Example for EventChangesBody {
    fn example() -> Self {
        Self { is_active: false }
    }
}

/// Whether a code changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "EventMode", rename_all = "snake_case")]
pub(crate) enum ModeBody {
    /// Every few seconds.
    Rotating,
    /// Never, so that it can be printed.
    Static,
}

impl From<ModeBody> for Mode {
    fn from(mode: ModeBody) -> Self {
        match mode {
            ModeBody::Rotating => Self::Rotating,
            ModeBody::Static => Self::Static,
        }
    }
}

impl From<Mode> for ModeBody {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Rotating => Self::Rotating,
            Mode::Static => Self::Static,
        }
    }
}

/// An event.
#[derive(Debug, Object)]
#[oai(rename = "Event")]
pub(super) struct EventBody {
    /// What names it in paths: its name and date in plain letters.
    event_id: String,
    /// Its name, as typed.
    name: String,
    /// The civil date, `YYYY-MM-DD`, in its time zone.
    date: String,
    /// The IANA time zone.
    timezone: String,
    /// The start, when it has one.
    starts_at: Option<Timestamp>,
    /// The end, when it has one.
    ends_at: Option<Timestamp>,
    /// When scanning opens.
    opens_at: Timestamp,
    /// After which moment a scan is late; null when none is.
    late_after: Option<Timestamp>,
    /// When scanning closes.
    closes_at: Timestamp,
    /// Whether the code changes.
    mode: ModeBody,
    /// Seconds that a rotating code is shown for.
    rotation_seconds: u32,
    /// The ids of those who are expected; null when anyone may come, and in lists, where
    /// `statistics.expected` says how many they are.
    expected: Option<Vec<u64>>,
    /// Whether it takes scans.
    is_active: bool,
    /// The id of who made it.
    created_by: u64,
    /// When it was made.
    created_at: Timestamp,
    /// How many came, and how.
    statistics: StatisticsBody,
}

impl From<EventView> for EventBody {
    fn from(EventView { event, expected, statistics, .. }: EventView) -> Self {
        Self {
            event_id: event.event_id,
            name: event.name,
            date: event.date,
            timezone: event.timezone,
            starts_at: event.schedule.starts_at.map(Timestamp),
            ends_at: event.schedule.ends_at.map(Timestamp),
            opens_at: event.schedule.opens_at.into(),
            late_after: event.schedule.late_after.map(Timestamp),
            closes_at: event.schedule.closes_at.into(),
            mode: event.mode.into(),
            rotation_seconds: event.rotation_seconds,
            expected: expected.map(|people| people.into_iter().map(|UserId(id)| id).collect()),
            is_active: event.is_active,
            created_by: event.created_by.0,
            created_at: event.created_at.into(),
            statistics: statistics.into(),
        }
    }
}

/// A page of events.
#[derive(Debug, Object)]
#[oai(rename = "EventPage")]
pub(super) struct EventPageBody {
    /// The newest first.
    pub(super) items: Vec<EventBody>,
    /// Where the next page starts; null on the last.
    pub(super) next_cursor: Option<String>,
}
