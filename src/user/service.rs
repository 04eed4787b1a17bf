//! The service of the domain: what its use cases share, and what it needs of the accounts.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{attendance::TypedCodeMisses, displays::DisplayCache, records::Profile};
use crate::{
    audit_event::AuditContext,
    clock::{Clock, Time},
    config::{AttendanceConfig, RateLimitConfig},
    http::{Cursors, Principal, Problem},
    ids::UserId,
    language::Language,
    store::{CommitCache, Store, StoreError},
    telemetry::Metrics,
};

/// Profiles that are remembered between two commits, some 200 bytes each.
const REMEMBERED_PROFILES: usize = 8_192;

/// What this domain needs of the accounts.
pub trait Accounts: Send + Sync {
    /// What an account was registered with; nothing when there is no such account.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    fn registered(&self, id: UserId) -> Result<Option<NewProfile>, StoreError>;

    /// Changes a username; answers with it as it is kept.
    ///
    /// # Errors
    /// What the accounts say of a username that cannot be had.
    fn change_username<'a>(
        &'a self,
        principal: &'a Principal,
        username: &'a str,
        from: AuditContext,
    ) -> BoxFuture<'a, Result<String, Problem>>;
}

/// What an account was registered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// The language that they read.
    pub language: Language,
    /// When.
    pub created_at: Time,
}

/// Every use case of the domain. Clones share everything.
#[derive(Clone)]
pub struct UserService {
    pub(super) store: Store,
    pub(super) config: Arc<AttendanceConfig>,
    pub(super) public_origin: Arc<str>,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) accounts: Arc<dyn Accounts>,
    pub(super) cursors: Cursors,
    pub(super) profiles: Arc<CommitCache<u64, Profile>>,
    pub(super) displays: Arc<DisplayCache>,
    pub(super) misses: Arc<TypedCodeMisses>,
}

impl UserService {
    /// The domain over its file, which was opened with [`super::MIGRATIONS`]. Codes lead to `public_origin`
    /// (`https://host[:port]`).
    pub fn open(
        store: Store,
        config: AttendanceConfig,
        public_origin: String,
        clock: Clock,
        metrics: Metrics,
        accounts: Arc<dyn Accounts>,
        cursors: Cursors,
    ) -> Self {
        let (config, public_origin) = (Arc::new(config), public_origin.into());
        let profiles = Arc::new(CommitCache::new(REMEMBERED_PROFILES));
        let displays = Arc::default();
        let misses = Arc::new(TypedCodeMisses::unlimited());
        Self {
            store,
            config,
            public_origin,
            clock,
            metrics,
            accounts,
            cursors,
            profiles,
            displays,
            misses,
        }
    }

    /// With a limit on how many typed codes may be wrong.
    #[must_use]
    pub fn limited(self, config: &RateLimitConfig) -> Self {
        Self { misses: Arc::new(TypedCodeMisses::new(config)), ..self }
    }

    /// Forgets limits that nobody is near.
    pub fn forget_idle(&self) {
        self.misses.forget_idle(self.clock.now());
    }

    /// The file, for the relay of its outbox, backups and readiness.
    pub const fn store(&self) -> &Store {
        &self.store
    }
}
