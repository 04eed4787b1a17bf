//! The service of the domain: its two parts over one file.

use super::{
    audit::{AuditTrail, Head},
    feed::Feed,
};
use crate::{
    audit_event::AuditEvent,
    clock::Clock,
    config::SocialConfig,
    http::Cursors,
    store::{DiskMonitor, Store, StoreError},
};

/// The whole domain over its one file; clones share it.
#[derive(Clone)]
pub struct SocialLogService {
    pub(super) store: Store,
    pub(super) feed: Feed,
    pub(super) audit: AuditTrail,
    pub(super) cursors: Cursors,
}

impl SocialLogService {
    /// The domain over a store that was opened with [`super::MIGRATIONS`].
    pub fn open(store: Store, clock: Clock, cursors: Cursors) -> Self {
        Self {
            feed: Feed::new(store.clone(), clock),
            audit: AuditTrail::new(store.clone()),
            store,
            cursors,
        }
    }

    /// The same with the bounds of the feed that are configured, on a disk that is watched.
    #[must_use]
    pub fn bounded(self, config: &SocialConfig, space: Option<DiskMonitor>) -> Self {
        Self { feed: self.feed.bounded(config, space), ..self }
    }

    /// The file below, for whoever looks after it: backups, readiness, drain.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The social feed.
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The audit trail.
    pub const fn audit(&self) -> &AuditTrail {
        &self.audit
    }

    /// Takes events over into the audit chain: in order, each exactly once by its id, and all of them
    /// or none. When it returns they are on the disk, and their outbox may forget them.
    ///
    /// # Errors
    /// When the store could not take them; handing them over again is always safe.
    pub async fn append_audit(&self, events: Vec<AuditEvent>) -> Result<(), StoreError> {
        self.audit.append(events).await
    }

    /// Where the audit chain ends.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn audit_head(&self) -> Result<Head, StoreError> {
        self.audit.head()
    }
}
