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
