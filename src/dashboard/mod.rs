//! Watching the appliance without another server: read-only views over the domains and over what the
//! process knows of itself and of the machine below.
//!
//! `sources` says, as narrow traits, what is asked of the domains; `server/watching` answers it. `rules`
//! decides what a figure means (fine, worth a look, an alarm), `health`, `security` and `insights` put
//! figures together, `follow` streams the log, `dto` is their form in JSON and `api` is HTTP.
//!
//! Architecture invariants: every figure is real or null, and none is made up to fill a place. Nothing
//! here writes. No handler waits for an interval to pass: what needs two readings comes from the last
//! sample. Every walk over rows has a bound, and an answer that would need more is null.

mod api;
mod backup_rules;
mod dto;
mod feed_rule;
mod follow;
mod health;
mod insights;
mod problem;
mod remembered;
mod rules;
mod security;
mod service;
mod severity;
mod sources;

pub use api::DashboardApi;
pub use dto::{HealthBody, InsightsBody, LogsBody, SecurityBody, SeriesBody};
pub use rules::{HealthFacts, HealthFinding, SecurityFacts};
pub use service::{Dashboard, SeriesQuery};
pub use severity::Severity;
pub use sources::{
    AccountFacts, AccountStats, ActionCounts, AttendanceStats, AuditStats, EventScans, PostStats,
    ScanFacts, StatsSources, StoreFacts, StoreStats, UserScans,
};
