//! The user domain: profiles, events, their codes, displays and attendance, all in `user.redb`.
//!
//! Each use case is a method of [`UserService`], written in the folder that it belongs to, and each
//! folder has the same few files: `model` and `rules` are pure, `service` (or `scans`, `reads`) reads,
//! asks the rule and submits, `store` keeps tables in step, `api` and `dto` are HTTP. `tables`,
//! `records` and `migrations` belong to the file and stand here.
//!
//! Architecture invariant: no other domain is named here. What is needed of the accounts comes in
//! through [`Accounts`], composed in `server/wire`.

mod attendance;
mod codes;
mod displays;
mod error;
mod events;
mod migrations;
mod personal_data;
mod problem;
mod profiles;
mod records;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use attendance::TypedCodeMisses;
use displays::DisplayCache;
use futures_util::future::BoxFuture;

use crate::{
    audit_event::AuditContext,
    clock::{Clock, Time},
    config::{AttendanceConfig, RateLimitConfig},
    http::{Cursors, Principal, Problem},
    ids::UserId,
    language::Language,
    store::{CommitCache, Snapshot, Store, StoreError},
    telemetry::Metrics,
};

pub use attendance::{
    ActiveEvent, ActivePerson, Activity, AttendanceApi, AttendanceRow, AttendanceStatus, Hold,
    QUARTER_SECONDS, RATE_FORMULA, ScanAnswer, ScanInput, ScanOutcome, Source, Statistics,
};
pub use codes::{BrowserId, CodeParams, CodesApi, ScanRefusal, Secret, ShownCode};
pub use displays::{DisplayView, DisplaysApi, ShownEvent};
pub use error::UserError;
pub use events::{EventInput, EventView, EventsApi, Mode, Phase, Schedule};
pub use migrations::MIGRATIONS;
pub use personal_data::{AttendanceCursor, PersonalDataList};
pub use profiles::{PersonName, ProfileChanges, ProfilesApi};
pub use records::{Attendance, Event, Profile};
pub use tables::TABLES;

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
    store: Store,
    config: Arc<AttendanceConfig>,
    public_origin: Arc<str>,
    clock: Clock,
    metrics: Metrics,
    accounts: Arc<dyn Accounts>,
    cursors: Cursors,
    profiles: Arc<CommitCache<u64, Profile>>,
    displays: Arc<DisplayCache>,
    misses: Arc<TypedCodeMisses>,
}

impl UserService {
    /// The domain over its file, which was opened with [`MIGRATIONS`]. Codes lead to `public_origin`
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

/// What a person is called in a snapshot.
///
/// # Errors
/// When the file cannot be read.
pub fn profile_in(snapshot: &Snapshot, id: UserId) -> Result<Option<Profile>, StoreError> {
    tables::PROFILES.get(snapshot, id.0)
}

/// The routes of the domain, relative to `/api/v1`.
pub fn apis(
    service: UserService,
) -> (ProfilesApi, EventsApi, CodesApi, DisplaysApi, AttendanceApi) {
    (
        ProfilesApi(service.clone()),
        EventsApi(service.clone()),
        CodesApi(service.clone()),
        DisplaysApi(service.clone()),
        AttendanceApi(service),
    )
}
