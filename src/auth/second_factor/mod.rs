//! The second factor: time-based codes of an authenticator app (TOTP, RFC 6238), and recovery codes for
//! the day on which the telephone is lost.
//!
//! Enrolment takes two steps: a secret is made and shown, and counts only once a code of it came back.
//! A step is good once: the number of the last one is kept, and only later ones are taken.

mod api;
mod dto;
mod otpauth;
mod recovery;
mod service;
mod totp;

pub use api::SecondFactorApi;
pub(super) use service::accept;
