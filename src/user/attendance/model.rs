//! What is held of a person at an event.

use serde::{Deserialize, Serialize};

use super::super::codes::BrowserId;

/// Whether a person was there, or why not. Kept, so it only grows at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AttendanceStatus {
    /// There, in time.
    Present,
    /// There, after the moment from which one is late.
    Late,
    /// Excused: in hospital.
    Hospital,
    /// Excused: family.
    Family,
    /// Excused: an emergency.
    Emergency,
    /// Excused: vacation.
    Vacation,
    /// Excused: personal reasons.
    Personal,
    /// Expected, and nothing is known of them.
    NotRegistered,
}

impl AttendanceStatus {
    /// Every status, in the order in which statistics show them.
    pub const ALL: [Self; 8] = [
        Self::Present,
        Self::Late,
        Self::Hospital,
        Self::Family,
        Self::Emergency,
        Self::Vacation,
        Self::Personal,
        Self::NotRegistered,
    ];

    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Late => "late",
            Self::Hospital => "hospital",
            Self::Family => "family",
            Self::Emergency => "emergency",
            Self::Vacation => "vacancy",
            Self::Personal => "personal",
            Self::NotRegistered => "not_registered",
        }
    }

    /// Whether somebody gave a reason for not being there.
    pub const fn is_excused(self) -> bool {
        matches!(
            self,
            Self::Hospital | Self::Family | Self::Emergency | Self::Vacation | Self::Personal
        )
    }
}

/// How a person's attendance came to be known. Kept, so it only grows at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// They scanned or typed a code.
    Scan,
    /// Staff marked them.
    Manual,
    /// Staff scanned their badge.
    Badge,
    /// It was imported.
    Import,
    /// They scanned a code before they had signed in, and redeemed the hold that they were given.
    Hold,
}

impl Source {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Manual => "manual",
            Self::Badge => "badge",
            Self::Import => "import",
            Self::Hold => "hold",
        }
    }
}

/// What a scan came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanOutcome {
    /// It was recorded by this request, or by an earlier one with the same nonce.
    Recorded,
    /// Another scan had been recorded before.
    AlreadyRecorded,
}

impl ScanOutcome {
    /// The word used in JSON and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::AlreadyRecorded => "already_recorded",
        }
    }
}

/// A scan as a client sends it.
#[derive(Debug, Clone, Default)]
pub struct ScanInput {
    /// A code, or the link that ends in it.
    pub code: Option<String>,
    /// The digits of a typed code.
    pub typed_code: Option<String>,
    /// A hold.
    pub hold: Option<String>,
    /// The browser that it came from, as far as that is known.
    pub browser: Option<BrowserId>,
    /// Chosen by the client, the same for every try of one scan.
    pub nonce: String,
}
