//! What is stored in `social_log.redb`, by version.
//!
//! Logs and audit entries are stored as the model has them. When one changes, its old form is frozen
//! here beside an upgrade; for an audit entry that upgrade must keep every hashed field.

use serde::{Deserialize, Serialize};

use super::{
    audit::{Entry, Head},
    feed::{AcceptedBatch, Post},
};
use crate::{clock::Time, store::first_version};

/// A submission under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Submission {
    /// SHA-256 over what was sent.
    pub fingerprint: [u8; 32],
    /// What was answered.
    pub accepted: AcceptedBatch,
    /// When.
    pub time: Time,
}

/// Where a submission is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SubmissionName {
    /// Who sent it, as [`super::Author`] prints.
    pub author: String,
    /// The idempotency key.
    pub key: String,
    /// When it was sent.
    pub time: Time,
}

/// What there is of an author, and what they sent in a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AuthorUsage {
    /// How many logs of theirs are kept.
    pub posts: u64,
    /// What these take, in bytes.
    pub bytes: u64,
    /// The day that they sent something last, from the epoch.
    pub day: i64,
    /// What they sent in it, in bytes.
    pub day_bytes: u64,
}

impl AuthorUsage {
    /// What they sent on a day, in bytes.
    pub(super) const fn spent_on(&self, day: i64) -> u64 {
        if self.day == day { self.day_bytes } else { 0 }
    }
}

/// What there is in the feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FeedUsage {
    /// How many logs are kept.
    pub posts: u64,
    /// What they take, in bytes.
    pub bytes: u64,
    /// What those of them take that people sent without an API key.
    pub people_bytes: u64,
    /// The first log of which it is known whether an API key sent it.
    pub keys_known_from: u64,
    /// How many logs made room for others since that was told in the audit trail.
    pub displaced_posts: u64,
    /// What they took, in bytes.
    pub displaced_bytes: u64,
}

first_version!(Post, Submission, SubmissionName, AuthorUsage, FeedUsage, Entry, Head);
