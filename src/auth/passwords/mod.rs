//! Passwords: what may be one, and how one is kept.

mod hasher;
mod model;

pub(super) use hasher::Hasher;
pub use model::NewPassword;
