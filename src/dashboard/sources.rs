//! What watching needs of the rest of the appliance; answered in `server/watching`.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;

use crate::{
    clock::Time,
    http::{Principal, Problem},
    telemetry::BackupFacts,
};

/// Everything that is asked of the domains.
#[derive(Clone)]
pub struct StatsSources {
    /// The databases, and what else lies on the disk.
    pub stores: Arc<dyn StoreStats>,
    /// The accounts.
    pub accounts: Arc<dyn AccountStats>,
    /// The audit trail.
    pub trail: Arc<dyn AuditStats>,
    /// Attendance.
    pub attendance: Arc<dyn AttendanceStats>,
    /// The social feed.
    pub social_logs: Arc<dyn PostStats>,
}

/// The databases, and what else lies on the disk. Answers at once.
pub trait StoreStats: Send + Sync {
    /// Each database.
    fn stores(&self) -> Vec<StoreFacts>;
    /// How many entries the audit trail has.
    fn audit_entries(&self) -> Option<u64>;
    /// When the certificate begins and ends to be good.
    fn certificate(&self) -> Option<(Time, Time)>;
    /// What is known of backups.
    fn backups(&self) -> BackupFacts;
}

/// One database.
#[derive(Debug, Clone)]
pub struct StoreFacts {
    /// Its name, which is also that of the part that it belongs to.
    pub name: &'static str,
    /// Whether it takes writes.
    pub is_healthy: bool,
    /// The length of its file.
    pub file_bytes: Option<u64>,
    /// Commits since the start.
    pub commits: u64,
    /// Writes that wait.
    pub queued: u64,
    /// Audit events of it that wait for the chain; nothing for the file that has the chain.
    pub outbox_events: Option<u64>,
}

/// The accounts.
pub trait AccountStats: Send + Sync {
    /// Counts them.
    fn figures(&self) -> BoxFuture<'_, Result<AccountFacts, Problem>>;
    /// Whether somebody is still an administrator, and their session still open.
    fn is_still_admin(&self, principal: &Principal) -> bool;
}

/// How many accounts and sessions there are.
#[derive(Debug, Clone, Copy)]
pub struct AccountFacts {
    /// All accounts.
    pub accounts: u64,
    /// Enabled administrators.
    pub administrators: u64,
    /// Accounts that may not log in.
    pub disabled: Option<u64>,
    /// Sessions that are open.
    pub open_sessions: Option<u64>,
    /// People who have one.
    pub people_signed_in: Option<u64>,
}

/// The audit trail.
pub trait AuditStats: Send + Sync {
    /// What happened since each of these moments; nothing for those that are too far back to count.
    fn actions(
        &self,
        since: Vec<Time>,
    ) -> BoxFuture<'_, Result<Vec<Option<ActionCounts>>, Problem>>;
}

/// How often it happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActionCounts {
    /// Logins.
    pub logins: u64,
    /// Wrong names or passwords.
    pub login_failures: u64,
    /// Refresh tokens that were used a second time.
    pub refresh_reuse: u64,
}

/// Attendance.
pub trait AttendanceStats: Send + Sync {
    /// The scans since a moment, with at most `top` people and events; nothing when they are too many
    /// to count.
    fn scans(&self, since: Time, top: usize) -> BoxFuture<'_, Result<Option<ScanFacts>, Problem>>;
    /// How many events take scans now.
    fn open_events(&self) -> BoxFuture<'_, Result<u64, Problem>>;
}

/// Scans of some time.
#[derive(Debug, Clone, Default)]
pub struct ScanFacts {
    /// How many, by the quarter of an hour since the epoch.
    pub by_quarter: BTreeMap<i64, u64>,
    /// How many different people.
    pub people: u64,
    /// How many events there are in all.
    pub events: u64,
    /// Who scanned most.
    pub most_active: Vec<UserScans>,
    /// Where most was scanned.
    pub top_events: Vec<EventScans>,
}

/// Scans of a person.
#[derive(Debug, Clone)]
pub struct UserScans {
    /// Who.
    pub user_id: u64,
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// How many.
    pub scans: u64,
}

/// Scans of an event.
#[derive(Debug, Clone)]
pub struct EventScans {
    /// Its public id.
    pub event_id: String,
    /// Its name.
    pub name: String,
    /// Its date, `YYYY-MM-DD`.
    pub date: String,
    /// How many.
    pub scans: u64,
}

/// The social feed.
pub trait PostStats: Send + Sync {
    /// How many bytes the logs take, and how many they may. Answers at once.
    fn bytes_and_bound(&self) -> Option<(u64, u64)>;
    /// How many logs of each status came in since a moment; nothing when they are too many to count.
    fn by_status(
        &self,
        since: Time,
    ) -> BoxFuture<'_, Result<Option<BTreeMap<String, u64>>, Problem>>;
}
