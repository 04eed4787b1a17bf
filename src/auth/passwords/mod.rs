//! Passwords: what may be one, how one is kept, and how one is replaced.
//!
//! `model` and `strength` say what may be one, `hasher` (by `argon`) is how it is kept. A person changes it
//! who knows the one before (`service`), or who holds a token that an administrator, the command line or an
//! e-mail gave them (`reset`, `forgot`).

mod api;
mod argon;
mod dto;
mod forgot;
mod hasher;
mod imported;
mod limits;
mod model;
mod reset;
mod reset_message;
mod service;
mod strength;
#[cfg(test)]
mod tests;

pub use api::PasswordsApi;
pub(super) use dto::Reset;
pub use hasher::NO_PASSWORD;
pub(super) use hasher::{Hasher, Verdict};
pub(super) use imported::imported_hash;
pub(super) use limits::PasswordLimits;
pub use model::NewPassword;
pub use reset::IssuedReset;
pub(super) use strength::UserInputs;
