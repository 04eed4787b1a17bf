//! What a display is made of.

use super::super::{
    attendance::Statistics,
    events::{Mode, Schedule},
};
use crate::{
    clock::Time,
    field::{FieldError, line},
    ids::{RandomId, UserId},
};

/// The longest note, in characters.
const NOTE_LENGTH: usize = 120;
/// How long a display outlives its event: nobody has to run to the projector when the lesson ends.
const GRACE_MINUTES: i64 = 24 * 60;

/// The moment from which on the displays of an event show nothing.
pub(super) const fn ends_at(schedule: &Schedule) -> Time {
    schedule.closes_at.plus_minutes(GRACE_MINUTES)
}

/// Reads a note, which may be empty.
pub(super) fn note(text: &str) -> Result<String, FieldError> {
    if text.trim().is_empty() { Ok(String::new()) } else { line("note", text, NOTE_LENGTH) }
}

/// A display token as staff see it: all but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayView {
    /// Names it. No secret.
    pub id: RandomId,
    /// Which screen it is for.
    pub note: String,
    /// When it was made.
    pub created_at: Time,
    /// Who made it.
    pub created_by: UserId,
}

/// What a display may know of its event.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownEvent {
    /// Its public id.
    pub event_id: String,
    /// Its name.
    pub name: String,
    /// The civil date.
    pub date: String,
    /// The IANA time zone.
    pub timezone: String,
    /// When it takes scans.
    pub schedule: Schedule,
    /// Whether its code changes.
    pub mode: Mode,
    /// Whether staff let it take scans.
    pub is_active: bool,
    /// How many came.
    pub statistics: Statistics,
    /// The server's time of this answer.
    pub now: Time,
}
