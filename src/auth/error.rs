//! What can be refused about accounts and sessions, as facts.

use super::model::InvalidField;
use crate::store::StoreError;

/// Why something about an account was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// Some fields do not hold what they must.
    Invalid(Vec<InvalidField>),
    /// The address belongs to an account.
    EmailTaken,
    /// The username belongs to an account.
    UsernameTaken,
    /// Nobody may register here.
    RegistrationClosed,
    /// No such account, or another password. Nobody learns which.
    InvalidCredentials,
    /// The password was right, but the account may not log in.
    AccountDisabled,
    /// Too many failures; seconds to wait.
    TooManyFailures(u64),
    /// As many passwords are being checked as may wait.
    HasherBusy,
    /// The access token is not one of ours, or was changed.
    TokenInvalid,
    /// The access token was good until a while ago.
    TokenExpired,
    /// The session of a token has ended.
    SessionEnded,
    /// The refresh token is not one of ours, or its session has ended.
    RefreshInvalid,
    /// The refresh token was used before: its session has been ended.
    RefreshReused,
    /// The set-up link is not the newest one, or set-up is done.
    SetupInvalid,
    /// No account has this id.
    UserNotFound,
    /// The appliance would have no administrator left.
    LastAdministrator,
    /// Administrators do not change their own role.
    OwnRole,
    /// The store failed.
    Store(StoreError),
    /// Something of ours failed.
    Internal(String),
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<InvalidField> for AuthError {
    fn from(field: InvalidField) -> Self {
        Self::Invalid(vec![field])
    }
}

impl From<Vec<InvalidField>> for AuthError {
    fn from(fields: Vec<InvalidField>) -> Self {
        Self::Invalid(fields)
    }
}

impl From<crate::crypto::NoRandomness> for AuthError {
    fn from(error: crate::crypto::NoRandomness) -> Self {
        Self::Internal(error.to_string())
    }
}

impl std::fmt::Display for AuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invalid(fields) => {
                let fault = |fault: &InvalidField| format!("{} {}", fault.field, fault.message.en);
                f.write_str(&fields.iter().map(fault).collect::<Vec<_>>().join("; "))
            }
            Self::EmailTaken => f.write_str("the e-mail address belongs to another account"),
            Self::UsernameTaken => f.write_str("the username belongs to another account"),
            Self::UserNotFound => f.write_str("no such user"),
            Self::LastAdministrator => f.write_str("the last administrator must stay one"),
            Self::Store(error) => error.fmt(f),
            Self::Internal(cause) => f.write_str(cause),
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::error::Error for AuthError {}
