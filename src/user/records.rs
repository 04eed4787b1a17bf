//! What `user.redb` holds.
//!
//! The enums and structs of the models that appear here are part of the records: an enum only grows
//! at its end, and a change of a struct is a new version of the records that hold it.

use serde::{Deserialize, Serialize};

use super::{
    attendance::{AttendanceStatus, Source},
    codes::{BROWSER_LENGTH, CodeParams, ScanRefusal, Secret},
    events::{Mode, Schedule},
};
use crate::{
    clock::Time,
    ids::{RandomId, UserId},
    language::Language,
    store::first_version,
};

first_version!(
    Profile,
    Event,
    OpenFrom,
    Attendance,
    AttendanceChange,
    Tally,
    RefusalCount,
    DisplayToken
);

/// A person, as they call themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// The language that they read.
    pub language: Language,
    /// When the account was made.
    pub created_at: Time,
}

/// A screen that shows the codes of an event.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DisplayToken {
    /// SHA-256 of the secret.
    pub(crate) hash: [u8; 32],
    /// The event's number.
    pub(crate) event: u32,
    /// Which screen, in the words of whoever made it.
    pub(crate) note: String,
    /// When it was made.
    pub(crate) created_at: Time,
    /// By whom.
    pub(crate) created_by: UserId,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What names it to the world: a slug of name and date.
    pub event_id: String,
    /// Its name, as typed.
    pub name: String,
    /// The civil date, `YYYY-MM-DD`, in its own zone.
    pub date: String,
    /// The IANA time zone.
    pub timezone: String,
    /// When it takes scans.
    pub schedule: Schedule,
    /// Whether its code changes.
    pub mode: Mode,
    /// Seconds that a rotating code is shown for; kept for a static one too, which ignores it.
    pub rotation_seconds: u32,
    /// How many people are expected; nothing when anyone may come.
    pub expected: Option<u32>,
    /// Whether staff let it take scans.
    pub is_active: bool,
    /// The key of the MACs of its codes. Never leaves the process.
    pub secret: Secret,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Time,
}

impl Event {
    /// What the codes of this event are bound to.
    pub(crate) const fn code_params(&self, number: u32) -> CodeParams {
        CodeParams { number, mode: self.mode, rotation_seconds: self.rotation_seconds }
    }
}

/// Since when an event is open, beside the key that says until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenFrom(pub(crate) Time);

/// One person at one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendance {
    /// What is held of them now.
    pub status: AttendanceStatus,
    /// The moment that counted: of the scan, or of the hold that it was made with.
    pub scanned_at: Time,
    /// Whole minutes after the start; nothing when not late.
    pub minutes_late: Option<u32>,
    /// How it came here.
    pub source: Source,
    /// The client's nonce, so that a repeated request gets the same answer; only scans have one.
    pub nonce: Option<String>,
    /// When staff corrected it last.
    pub updated_at: Option<Time>,
    /// Who corrected it last.
    pub updated_by: Option<UserId>,
    /// Why it was corrected.
    pub reason: Option<String>,
}

/// One change of what an event holds of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttendanceChange {
    /// When it was made.
    pub(crate) at: Time,
    /// Whose attendance it changed.
    pub(crate) user: UserId,
    /// What the event holds of them since, without the nonce; nothing when the change took it away.
    pub(crate) after: Option<Attendance>,
    /// Who made it: the user by a scan, or a member of staff.
    pub(crate) by: UserId,
    /// Where it came from; nothing of a change from before there was a log of them.
    pub(crate) origin: Option<ChangeOrigin>,
}

/// The request that a change came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeOrigin {
    /// The network of the client, as the audit trail writes it.
    pub(crate) network: String,
    /// The browser, when it had a cookie of ours: as many bytes of the hash of its key as a hold has.
    pub(crate) device: Option<[u8; BROWSER_LENGTH]>,
    /// The id of the request, which is in the log and in the answer.
    pub(crate) request_id: RandomId,
}

/// How many people of an event have which status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Counts above zero, in no order.
    pub(crate) by_status: Vec<(AttendanceStatus, u32)>,
    /// How many of those people were expected.
    pub(crate) of_expected: u32,
}

impl Tally {
    /// Counts one more person.
    pub(crate) fn add(&mut self, status: AttendanceStatus, is_expected: bool) {
        match self.by_status.iter_mut().find(|(counted, _)| *counted == status) {
            Some((_, count)) => *count += 1,
            None => self.by_status.push((status, 1)),
        }
        self.of_expected += u32::from(is_expected);
    }
}

/// How often an event refused a person's scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefusalCount {
    /// Why, the last time.
    pub(crate) last: ScanRefusal,
    /// How many times, for whatever reason.
    pub(crate) count: u32,
    /// The first time.
    pub(crate) first_at: Time,
    /// The last time.
    pub(crate) last_at: Time,
}
