//! The social feed: what other systems report about posts, kept in the order of arrival.
//!
//! A log comes alone or in a batch that is stored whole or not at all. It is never changed afterwards.
//! A client that does not know whether it was heard sends the same again under the same idempotency
//! key, and gets the answer that it missed.

mod api;
mod dto;
mod ledger;
mod model;
mod personal;
mod policy;
mod removal;
mod retention;
mod room;
mod rules;
mod service;
mod store;

#[cfg(test)]
pub(in crate::social_log) use api::tests as api_tests;

pub use api::FeedApi;
pub(in crate::social_log) use ledger::count_posts;
pub use model::{
    AcceptedBatch, Author, Batch, BatchFault, Content, FeedSize, IdempotencyKey, Label, MAX_BATCH,
    NewPost, Post, PostFilter, Removed, TextFault, WantedAuthor,
};
pub use personal::PostsCursor;
pub use service::Feed;
