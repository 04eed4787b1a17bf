//! API keys: what machines use to act for a person, within scopes, without a password.
//!
//! A key is a token of [`crate::token::opaque`]: an id that is no secret, and a secret that is stored
//! hashed and shown once. Whoever holds it acts for its owner, and for the owner as they are now: a
//! disabled, deleted or demoted owner takes the key along at once.

mod api;
mod authenticate;
mod cache;
mod dto;
mod model;
mod service;
mod store;

pub use api::ApiKeysApi;
pub(super) use cache::ApiKeyCache;
pub use model::{KeyView, NewKey};
pub(super) use store::{keys_of, remove_keys_of};
