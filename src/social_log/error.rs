//! Why the feed or the audit trail says no.

use std::fmt;

use crate::store::StoreError;

/// A refusal, or a failure of the store below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocialLogError {
    /// The idempotency key is not 1 to 128 visible ASCII characters.
    IdempotencyKeyInvalid,
    /// The same caller used the idempotency key for something else, less than a day ago.
    IdempotencyKeyReused,
    /// Whoever sends posts is none of those who may (`social.who_may_post`).
    PostingNotAllowed,
    /// The author has sent as much as they may in a day.
    QuotaExceeded {
        /// What they may send in a day, in bytes.
        quota: u64,
        /// What is left of it, in bytes.
        left: u64,
        /// Seconds until the next day; nothing when the submission is more than a day's.
        retry_after: Option<u64>,
    },
    /// Nothing says which logs are to be removed.
    RemovalUnbounded,
    /// The filter by author names none.
    AuthorUnknown,
    /// The filter by actor names none.
    ActorUnknown,
    /// The store failed.
    Store(StoreError),
}

impl fmt::Display for SocialLogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdempotencyKeyInvalid => f.write_str("the idempotency key is malformed"),
            Self::IdempotencyKeyReused => f.write_str("the idempotency key was used before"),
            Self::PostingNotAllowed => f.write_str("whoever sends posts may not"),
            Self::QuotaExceeded { quota, left, .. } => {
                write!(f, "{left} of {quota} bytes a day are left of the author's quota")
            }
            Self::RemovalUnbounded => f.write_str("nothing says which posts are to be removed"),
            Self::AuthorUnknown => f.write_str("the filter names no author"),
            Self::ActorUnknown => f.write_str("the filter names no actor"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SocialLogError {}

impl From<StoreError> for SocialLogError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
