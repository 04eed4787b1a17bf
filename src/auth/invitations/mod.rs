//! Invitations: codes with which people register where registration is not open to all.
//!
//! A code is good for a number of accounts until a day. Making the account and spending a use of the code
//! are one commit, so a code never makes more accounts than it says, however many come at once.

mod api;
mod code;
mod dto;
mod model;
mod service;
mod store;

pub use api::InvitationsApi;
pub(super) use code::CodeHash;
pub use model::{InvitationView, NewInvitation};
pub(super) use store::{invited, spend};
