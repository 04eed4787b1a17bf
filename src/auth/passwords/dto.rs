//! The wire shapes of passwords.

use poem_openapi::{Object, types::Example};

use super::reset::IssuedReset;
use crate::http::Timestamp;

/// A password in the place of another.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct PasswordRequest {
    /// The present password.
    pub(super) current: String,
    /// 8 characters to 1 KiB, any of them, and hard to guess.
    pub(super) new: String,
}

impl Example for PasswordRequest {
    fn example() -> Self {
        Self {
            current: "correct horse battery".to_owned(),
            new: "giraffe behind the radiator".to_owned(),
        }
    }
}

/// Somebody forgot their password.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct ForgotRequest {
    /// The e-mail address of the account; case does not matter.
    pub(super) email: String,
}

impl Example for ForgotRequest {
    fn example() -> Self {
        Self { email: "ada@example.org".to_owned() }
    }
}

/// A token, and the password that it sets.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct ResetRequest {
    /// What is behind the `#` of the link.
    pub(super) token: String,
    /// 8 characters to 1 KiB, any of them, and hard to guess.
    pub(super) new: String,
}

impl Example for ResetRequest {
    fn example() -> Self {
        Self {
            token: "0000000000007Z3W8Q4RBVX5M6N2T9KC1DHYJGPAES0F7Z3W8Q4RBVX5M6N2T9KC".to_owned(),
            new: "giraffe behind the radiator".to_owned(),
        }
    }
}

/// A link with which a person sets a password.
#[derive(Object)]
#[oai(rename = "PasswordReset")]
pub(in crate::auth) struct Reset {
    /// For `POST /auth/password/reset`. It is not shown again.
    token: String,
    /// The page that asks for the new password.
    url: String,
    /// When it is good no more.
    expires_at: Timestamp,
}

impl From<IssuedReset> for Reset {
    fn from(issued: IssuedReset) -> Self {
        let IssuedReset { token, url, ends_at } = issued;
        Self { token, url, expires_at: ends_at.into() }
    }
}
