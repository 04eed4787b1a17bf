//! Displays on the wire.

use poem_openapi::{Object, types::Example};

use super::{
    super::{attendance::StatisticsBody, events::ModeBody},
    model::{DisplayView, ShownEvent},
};
use crate::http::Timestamp;

/// A display token to be made.
#[derive(Debug, Object)]
#[oai(rename = "NewDisplayToken", deny_unknown_fields, example)]
pub(super) struct NewDisplayBody {
    /// Which screen it is for: at most 120 characters.
    pub(super) note: Option<String>,
}

impl Example for NewDisplayBody {
    fn example() -> Self {
        Self { note: Some("Aula magna".to_owned()) }
    }
}

/// A display token, without its secret.
#[derive(Debug, Object)]
#[oai(rename = "DisplayToken")]
pub(super) struct DisplayBody {
    /// Names it: 32 hex digits. No secret.
    id: String,
    /// Which screen it is for.
    note: String,
    /// When it was made.
    created_at: Timestamp,
    /// The id of who made it.
    created_by: u64,
}

impl From<DisplayView> for DisplayBody {
    fn from(display: DisplayView) -> Self {
        Self {
            id: display.id.to_string(),
            note: display.note,
            created_at: display.created_at.into(),
            created_by: display.created_by.0,
        }
    }
}

/// A display token that was just made, with its secret.
#[derive(Object)]
#[oai(rename = "NewlyMadeDisplayToken")]
pub(super) struct MadeDisplayBody {
    /// Names it: 32 hex digits. No secret.
    id: String,
    /// Which screen it is for.
    note: String,
    /// When it was made.
    created_at: Timestamp,
    /// The id of who made it.
    created_by: u64,
    /// For `Authorization: Bearer …`. Shown this once.
    token: String,
    /// A link that opens the display, with the token where no server sees it.
    url: String,
}

impl MadeDisplayBody {
    pub(super) fn of(made: DisplayView, token: String, origin: &str) -> Self {
        let made = DisplayBody::from(made);
        Self {
            id: made.id,
            note: made.note,
            created_at: made.created_at,
            created_by: made.created_by,
            url: format!("{origin}/app/display#{token}"),
            token,
        }
    }
}

/// The display tokens of an event.
#[derive(Debug, Object)]
#[oai(rename = "DisplayTokenList")]
pub(super) struct DisplayListBody {
    /// The oldest first.
    pub(super) items: Vec<DisplayBody>,
}

/// What a display sees of its event.
#[derive(Debug, Object)]
#[oai(rename = "DisplayedEvent")]
pub(super) struct ShownEventBody {
    /// What names it in paths.
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
    /// When scanning closes.
    closes_at: Timestamp,
    /// Whether the code changes.
    mode: ModeBody,
    /// Whether it takes scans.
    is_active: bool,
    /// How many came, and how.
    statistics: StatisticsBody,
    /// The server's time of this answer.
    server_time: Timestamp,
}

impl From<ShownEvent> for ShownEventBody {
    fn from(shown: ShownEvent) -> Self {
        Self {
            event_id: shown.event_id,
            name: shown.name,
            date: shown.date,
            timezone: shown.timezone,
            starts_at: shown.schedule.starts_at.map(Timestamp),
            ends_at: shown.schedule.ends_at.map(Timestamp),
            opens_at: shown.schedule.opens_at.into(),
            closes_at: shown.schedule.closes_at.into(),
            mode: shown.mode.into(),
            is_active: shown.is_active,
            statistics: shown.statistics.into(),
            server_time: shown.now.into(),
        }
    }
}
