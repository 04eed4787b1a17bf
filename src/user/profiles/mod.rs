//! Profiles: what a person is called and which language they read.
//!
//! An account is made in another file, so a profile can be missing after a crash between the two. It
//! is then made of what the account was registered with, on first use and at start-up.

mod api;
mod dto;
mod model;
mod rules;
mod service;

pub use api::ProfilesApi;
pub use model::{PersonName, ProfileChanges};
