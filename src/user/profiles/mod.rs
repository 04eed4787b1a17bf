//! Profiles: what a person is called and which language they read.
//!
//! An account is made in another file, so a profile can be missing after a crash between the two. It
//! is then made of what the account was registered with, on first use and at start-up. Whoever was erased gets none
//! any more.

mod api;
mod dto;
mod erasure;
mod model;
mod rules;
mod service;

pub use api::ProfilesApi;
pub use model::{PersonName, ProfileChanges};
