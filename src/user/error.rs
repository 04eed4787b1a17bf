//! What can go wrong in this domain, in its own words.
//!
//! Nothing here knows HTTP or redb: `problem` gives each of these a status and words for people.

use std::fmt;

use super::codes::Refusal;
use crate::{language::Text, store::StoreError};

/// Why a use case of this domain did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserError {
    /// The store could not read or write.
    Store(StoreError),
    /// The system has no random bytes to make a secret or an id of.
    NoRandomness,
    /// Some fields hold what they must not.
    Invalid(Vec<Fault>),
    /// Nobody is registered under this id.
    UserNotFound,
    /// No event has this id.
    EventNotFound,
    /// An event of this name and date is there already.
    EventExists {
        /// Its public id.
        event_id: String,
    },
    /// The code or the event does not take the scan.
    Refused(Refusal),
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
            Self::Refused(refusal) => write!(f, "refused: {}", refusal.code()),
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

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for UserError {
    fn from(fault: Fault) -> Self {
        Self::Invalid(vec![fault])
    }
}

/// What is wrong with one field of what a person sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field's name.
    pub field: &'static str,
    /// What a person reads beside it: the end of a sentence that the field's name begins.
    pub message: Text,
}

impl Fault {
    pub(crate) const fn new(field: &'static str, en: &'static str, it: &'static str) -> Self {
        Self { field, message: Text::fixed(en, it) }
    }
}

/// Gathers every fault of a body, so that a person can mend them all at once.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Passes on what holds, and keeps the fault of what does not.
    pub(crate) fn sift<T>(&mut self, checked: Result<T, Fault>) -> Option<T> {
        checked.map_err(|fault| self.0.push(fault)).ok()
    }

    pub(crate) fn into_error(self) -> UserError {
        UserError::Invalid(self.0)
    }
}
