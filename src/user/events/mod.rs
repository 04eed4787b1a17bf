//! Events: what people attend, when scanning opens, is late and closes.
//!
//! `rules` turns what staff typed into a plan, across summer time in any zone; `slug` makes the
//! public id; `store` keeps the tables of an event in step; `service` is what the handlers call.

mod api;
mod dto;
mod model;
mod rules;
mod service;
mod slug;
mod store;
mod view;

pub use api::EventsApi;
pub use model::{EventInput, Mode, Phase, Schedule};
pub use view::EventView;

pub(crate) use dto::ModeBody;
pub(crate) use store::{by_id, open_at};
