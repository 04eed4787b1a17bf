//! People as administrators see them: found, made, changed, disabled and deleted.
//!
//! A name lives in another file than the account it belongs to. `listing` therefore asks for names of a
//! batch of accounts at a time, and `erasure` deletes the account first and leaves a tombstone until the
//! name is gone as well.

mod api;
mod dto;
mod erasure;
mod listing;
mod model;
mod service;
#[cfg(test)]
mod tests;

pub use api::AccountsApi;
pub use listing::UserSlice;
pub use model::{AccountChange, NewUser, UserChanges, UserFilter, UserForm};
