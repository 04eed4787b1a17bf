//! Displays: screens that show the code of one event and are nobody.
//!
//! A projector gets a token instead of somebody's session: it sees one event, changes nothing, can be
//! revoked, and ends by itself a day after the event has closed.

mod api;
mod authenticate;
mod cache;
mod dto;
mod model;
mod service;
mod store;

pub use api::DisplaysApi;
pub(super) use cache::DisplayCache;
pub use model::{DisplayView, ShownEvent};
pub(super) use store::remove_all_of;
