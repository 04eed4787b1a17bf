//! What other systems report, and who did what here: the social feed and the audit trail.
//!
//! Both are append-only lists in `social_log.redb`, read newest first. The feed is an inbox for posts
//! that happened elsewhere (`feed`); the audit trail is a hash chain that shows any later change
//! (`audit`). They share the file, the way a page is read (`store`) and the unambiguous encoding below
//! every hash (`canonical`), and nothing else.
//!
//! Architecture invariant: nothing here has an outbox. The chain is where the events of the other files end
//! up; the few of this one (`removal`) go to its end at once.

mod audit;
mod canonical;
mod error;
mod feed;
mod migrations;
mod personal_data;
mod problem;
mod records;
mod removal;
mod service;
mod store;
mod tables;

pub use audit::{
    AuditApi, AuditFilter, AuditTrail, Broken, ChainFault, Digest, Entry, Head, KeyName,
    RecordedActor, Verification,
};
pub use error::SocialLogError;
pub use feed::{
    AcceptedBatch, Author, Batch, BatchFault, Content, Feed, FeedApi, FeedSize, IdempotencyKey,
    Label, MAX_BATCH, NewPost, Post, PostFilter, PostsCursor, Removed, TextFault, WantedAuthor,
};
pub use migrations::MIGRATIONS;
pub use service::SocialLogService;
pub use store::{MAX_EXAMINED, Page};
pub use tables::TABLES;

use crate::store::{Snapshot, StoreError};

/// Where the audit chain ends in a snapshot.
///
/// # Errors
/// When the file cannot be read.
pub fn audit_head_in(snapshot: &Snapshot) -> Result<Head, StoreError> {
    AuditTrail::head_in(snapshot)
}

/// Walks along the whole audit chain of a snapshot; `go_on` is asked every few hundred entries.
///
/// # Errors
/// [`StoreError::Stopped`] when it was stopped. When the file cannot be read. A broken chain is not an error but what was asked for.
pub fn verify_audit_in(
    snapshot: &Snapshot,
    go_on: &mut dyn FnMut() -> std::ops::ControlFlow<()>,
) -> Result<Verification, StoreError> {
    AuditTrail::verify_in(snapshot, go_on)
}

/// The operations of the domain, for the one OpenAPI service.
pub fn apis(service: &SocialLogService) -> (FeedApi, AuditApi) {
    (FeedApi::new(service.clone()), AuditApi::new(service.audit.clone(), service.cursors.clone()))
}
