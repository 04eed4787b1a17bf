//! What can be refused about accounts and sessions, as facts.

use crate::{field::FieldError, store::StoreError};

/// Why something about an account was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// Some fields do not hold what they must.
    Invalid(Vec<FieldError>),
    /// The address belongs to an account.
    EmailTaken,
    /// The username belongs to an account.
    UsernameTaken,
    /// Nobody may register here.
    RegistrationClosed,
    /// Only whoever has an invitation may register here.
    InviteRequired,
    /// No such invitation, or it was used up, or it has ended. Nobody learns which.
    InviteInvalid,
    /// No invitation has this id.
    InvitationNotFound,
    /// As many have registered from one network as may in an hour; seconds to wait.
    TooManyRegistrations(u64),
    /// As many registrations of one network were refused as may be in an hour; seconds to wait. It is said
    /// in the place of what one more would be refused for.
    TooManyRefused(u64),
    /// No such account, or another password. Nobody learns which.
    InvalidCredentials,
    /// The password is not the one of the account that is signed in.
    PasswordWrong,
    /// The password was right, and a second factor must be shown too.
    SecondFactorMissing,
    /// The code is not one of the second factor, or was used before.
    SecondFactorInvalid,
    /// There is a second factor already.
    SecondFactorEnrolled,
    /// There is no second factor, or none that waits to be confirmed.
    SecondFactorNotStarted,
    /// The role must have a second factor.
    SecondFactorRequired,
    /// Administrators do not take their own password or second factor away.
    OwnFactors,
    /// The person has no such session.
    SessionNotFound,
    /// The password was right, but the account may not log in.
    AccountDisabled,
    /// Too many failures for one account; seconds to wait.
    TooManyFailures(u64),
    /// As many passwords are being checked as may wait.
    HasherBusy,
    /// The token that sets another password is unknown, used or past its end. Nobody learns which.
    ResetInvalid,
    /// As many have forgotten their password on one network as may in an hour; seconds to wait.
    TooManyResets(u64),
    /// No mail server is configured.
    MailOff,
    /// The account of somebody else is disabled, so this is of no use to it.
    UserDisabled,
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
    /// No such API key, or it was revoked, or its owner may not log in. Nobody learns which.
    KeyInvalid,
    /// The API key was good until a while ago.
    KeyExpired,
    /// No API key has this id.
    KeyNotFound,
    /// The set-up link is not the newest one, or set-up is done.
    SetupInvalid,
    /// No account has this id.
    UserNotFound,
    /// The appliance would have no administrator left.
    LastAdministrator,
    /// Administrators do not change their own role.
    OwnRole,
    /// Administrators do not disable themselves.
    OwnStatus,
    /// Administrators do not delete themselves.
    OwnAccount,
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

impl From<FieldError> for AuthError {
    fn from(fault: FieldError) -> Self {
        Self::Invalid(vec![fault])
    }
}

impl From<Vec<FieldError>> for AuthError {
    fn from(faults: Vec<FieldError>) -> Self {
        Self::Invalid(faults)
    }
}

impl From<crate::crypto::NoRandomness> for AuthError {
    fn from(error: crate::crypto::NoRandomness) -> Self {
        Self::Internal(error.to_string())
    }
}

impl std::fmt::Display for AuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Invalid(faults) => return write_faults(f, faults),
            Self::EmailTaken => "the e-mail address belongs to another account",
            Self::UsernameTaken => "the username belongs to another account",
            Self::RegistrationClosed => "registration is closed",
            Self::InviteRequired => "registration needs an invitation",
            Self::InviteInvalid => "the invitation is not valid",
            Self::InvitationNotFound => "no such invitation",
            Self::TooManyRegistrations(_) => "too many registrations from one network",
            Self::TooManyRefused(_) => "too many refused registrations from one network",
            Self::InvalidCredentials => "no such account, or another password",
            Self::PasswordWrong => "the password is another one",
            Self::SecondFactorMissing => "a second factor must be shown too",
            Self::SecondFactorInvalid => "the code is not valid, or was used before",
            Self::SecondFactorEnrolled => "there is a second factor already",
            Self::SecondFactorNotStarted => "there is no second factor that it could be about",
            Self::SecondFactorRequired => "the role must have a second factor",
            Self::OwnFactors => "administrators do not reset their own password or second factor",
            Self::SessionNotFound => "no such session",
            Self::AccountDisabled => "the account is disabled",
            Self::TooManyFailures(_) => "too many failed attempts for one account",
            Self::HasherBusy => "as many passwords are being checked as may wait",
            Self::ResetInvalid => "the link is not valid any more",
            Self::TooManyResets(_) => "too many forgotten passwords on one network",
            Self::MailOff => "no mail server is configured",
            Self::UserDisabled => "the account is disabled; enable it first",
            Self::TokenInvalid => "the access token is not valid",
            Self::TokenExpired => "the access token has expired",
            Self::SessionEnded => "the session has ended",
            Self::RefreshInvalid => "the refresh token is not valid",
            Self::RefreshReused => "the refresh token was used before",
            Self::KeyInvalid => "the API key is not valid",
            Self::KeyExpired => "the API key has expired",
            Self::KeyNotFound => "no such API key",
            Self::SetupInvalid => "the set-up link is not valid any more",
            Self::UserNotFound => "no such user",
            Self::LastAdministrator => "the last administrator must stay one",
            Self::OwnRole => "administrators do not change their own role",
            Self::OwnStatus => "administrators do not disable themselves",
            Self::OwnAccount => "administrators do not delete themselves",
            Self::Store(error) => return error.fmt(f),
            Self::Internal(cause) => cause,
        })
    }
}

impl std::error::Error for AuthError {}

fn write_faults(f: &mut std::fmt::Formatter<'_>, faults: &[FieldError]) -> std::fmt::Result {
    for (number, FieldError { field, message }) in faults.iter().enumerate() {
        let separator = if number == 0 { "" } else { "; " };
        write!(f, "{separator}{field} {}", message.en)?;
    }
    Ok(())
}
