//! The audit trail: who did what, in a chain that shows any later change.
//!
//! Every entry holds the hash of the one before it (`chain`), and the end of the chain is kept beside
//! it. Whoever can write the file can still forge a whole new chain; noting down the `head_hash` of a
//! verification elsewhere, now and then, shows that too.
//!
//! Events come from the other files' outboxes, through a relay that may repeat itself after a crash.
//! The chain knows each by its id and takes it once.

mod api;
mod chain;
mod dto;
mod model;
mod rules;
mod service;
mod store;

pub use api::AuditApi;
pub use model::{
    AuditFilter, Broken, ChainFault, Digest, Entry, Head, KeyName, RecordedActor, Verification,
};
pub use service::AuditTrail;
