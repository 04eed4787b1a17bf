//! What can go wrong in this domain, in its own words.
//!
//! Nothing here knows HTTP or redb: `problem` gives each of these a status and words for people.

use std::fmt;

use super::codes::ScanRefusal;
use crate::{
    field::{FieldError, FieldErrors},
    store::StoreError,
};

/// Why a use case of this domain did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserError {
    /// The store could not read or write.
    Store(StoreError),
    /// The system has no random bytes to make a secret or an id of.
    NoRandomness,
    /// Some fields hold what they must not.
    Invalid(Vec<FieldError>),
    /// Nobody is registered under this id.
    UserNotFound,
    /// No event has this id.
    EventNotFound,
    /// An event of this name and date is there already.
    EventExists {
        /// Its public id.
        event_id: String,
    },
    /// No such display token, or it was revoked, or it has ended with its event. Nobody learns which.
    DisplayInvalid,
    /// The event has no display of this id.
    DisplayNotFound,
    /// The code or the event does not take the scan.
    Refused(ScanRefusal),
    /// Too many typed codes of this person were wrong, or of their network and one of theirs.
    TooManyMisses {
        /// Seconds until another may be tried.
        retry_after: u64,
    },
    /// The code could not be drawn.
    NotDrawn(String),
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::NoRandomness => f.write_str("the system's random number generator failed"),
            Self::Invalid(faults) => write!(f, "{} fields do not hold", faults.len()),
            Self::UserNotFound => f.write_str("no such user"),
            Self::EventNotFound => f.write_str("no such event"),
            Self::EventExists { event_id } => write!(f, "{event_id} has this name and date"),
            Self::DisplayInvalid => f.write_str("the display token is not valid"),
            Self::DisplayNotFound => f.write_str("no such display token"),
            Self::Refused(refusal) => write!(f, "refused: {}", refusal.code()),
            Self::TooManyMisses { .. } => f.write_str("too many typed codes were wrong"),
            Self::NotDrawn(reason) => write!(f, "the code could not be drawn: {reason}"),
        }
    }
}

impl std::error::Error for UserError {}

impl From<StoreError> for UserError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ScanRefusal> for UserError {
    fn from(refusal: ScanRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FieldError> for UserError {
    fn from(fault: FieldError) -> Self {
        Self::Invalid(vec![fault])
    }
}

impl From<FieldErrors> for UserError {
    fn from(faults: FieldErrors) -> Self {
        Self::Invalid(faults.into_vec())
    }
}
