//! What is stored in `social_log.redb`, by version.
//!
//! Logs and audit entries are stored as the model has them. When one changes, its old form is frozen
//! here beside an upgrade; for an audit entry that upgrade must keep every hashed field.

use serde::{Deserialize, Serialize};

use super::{
    audit::{Entry, Head},
    feed::{Accepted, Log},
};
use crate::{clock::Time, store::first_version};

/// A submission under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Submission {
    /// SHA-256 over what was sent.
    pub fingerprint: [u8; 32],
    /// What was answered.
    pub accepted: Accepted,
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

first_version!(Log, Submission, SubmissionName, Entry, Head);
