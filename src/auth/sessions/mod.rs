//! Sessions: logging in, going on, being recognised, logging out.

mod api;
mod dto;
mod model;
mod recognise;
mod refresh_token;
mod rules;
mod service;
mod throttle;

pub use api::SessionsApi;
pub(super) use model::{Identifier, Opened};
pub(super) use recognise::Recognised;
pub(super) use rules::SessionLimits;
pub(super) use throttle::Throttle;
