//! What a code is bound to, and why one is not taken.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::events::Mode;

/// The key of an event's codes. Prints as a word, so that no log ever holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A secret of random bytes.
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What every code of an event is bound to: a code passes for no other event, mode or rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeParams {
    /// The event's number.
    pub number: u32,
    /// Whether the code changes.
    pub mode: Mode,
    /// Seconds that a rotating code is shown for.
    pub rotation_seconds: u32,
}

/// Why a scan is not taken. Kept, so it only grows at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScanRefusal {
    /// It is no code of any event.
    CodeInvalid,
    /// It is the code of another window than those accepted now: an old one, or one from the future,
    /// which only a clock that was set back can bring about.
    CodeExpired,
    /// The event has not opened.
    TooEarly,
    /// The event has closed.
    Closed,
    /// Staff deactivated the event.
    EventInactive,
    /// The event has a list of people, and this one is not on it.
    NotExpected,
    /// The hold was given to another browser.
    HoldOfAnotherBrowser,
    /// Somebody else has redeemed the hold.
    HoldSpent,
}

impl ScanRefusal {
    /// The stable code that clients decide by.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CodeInvalid => "CODE_INVALID",
            Self::CodeExpired => "CODE_EXPIRED",
            Self::TooEarly => "TOO_EARLY",
            Self::Closed => "CLOSED",
            Self::EventInactive => "EVENT_INACTIVE",
            Self::NotExpected => "NOT_EXPECTED",
            Self::HoldOfAnotherBrowser => "HOLD_OF_ANOTHER_BROWSER",
            Self::HoldSpent => "HOLD_SPENT",
        }
    }
}
