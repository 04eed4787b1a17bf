//! The wire shapes of the second factor.

use poem_openapi::{Object, types::Example};

use super::service::TotpStatus;
use crate::http::Timestamp;

/// The password, once more.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct EnrolRequest {
    /// The current password.
    pub(super) password: String,
}

impl Example for EnrolRequest {
    fn example() -> Self {
        Self { password: "correct horse battery".to_owned() }
    }
}

/// A code of the app.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct ConfirmRequest {
    /// Six digits.
    pub(super) code: String,
}

impl Example for ConfirmRequest {
    fn example() -> Self {
        Self { code: "287082".to_owned() }
    }
}

/// Both factors, once more.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct BothFactorsRequest {
    /// The current password.
    pub(super) password: String,
    /// Six digits of the app, or a recovery code.
    pub(super) code: String,
}

impl Example for BothFactorsRequest {
    fn example() -> Self {
        Self { password: "correct horse battery".to_owned(), code: "287082".to_owned() }
    }
}

/// How you stand with your second factor.
#[derive(Object)]
#[oai(rename = "SecondFactor")]
pub(super) struct SecondFactorReply {
    /// Whether you have one.
    enrolled: bool,
    /// Whether your role must have one.
    required: bool,
    /// Since when you have it.
    confirmed_at: Option<Timestamp>,
    /// Recovery codes that were not used.
    recovery_codes_left: u32,
}

impl From<TotpStatus> for SecondFactorReply {
    fn from(standing: TotpStatus) -> Self {
        let TotpStatus { required, confirmed_at, recovery_codes_left } = standing;
        Self {
            enrolled: confirmed_at.is_some(),
            required,
            confirmed_at: confirmed_at.map(Timestamp),
            recovery_codes_left: u32::try_from(recovery_codes_left).unwrap_or(u32::MAX),
        }
    }
}

/// A secret for an authenticator app, which counts once a code of it was confirmed.
#[derive(Object)]
pub(super) struct Enrolment {
    /// To type in, base32 (RFC 4648).
    pub(super) secret: String,
    /// What the picture says: `otpauth://totp/…`.
    pub(super) otpauth_url: String,
    /// The picture, an SVG document.
    pub(super) qr_svg: String,
}

/// Recovery codes. They are shown this once.
#[derive(Object)]
pub(super) struct RecoveryCodes {
    /// Each is good once, in place of a code of the app.
    pub(super) recovery_codes: Vec<String>,
}
