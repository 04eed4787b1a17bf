//! Security in JSON.

use poem_openapi::Object;

use super::{FindingBody, LevelBody};

/// Who tries what. A figure that is not known, or would take too long to count, is null.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardSecurity")]
pub struct SecurityBody {
    /// The level of the worst finding.
    pub level: LevelBody,
    /// Why the level is what it is; empty when all is well.
    pub findings: Vec<FindingBody>,
    /// How the level comes about, in the asked language.
    pub rule: String,
    /// Logins of the last hour, from the audit trail.
    pub logins_last_hour: Option<LoginsBody>,
    /// Logins of the last 24 hours, from the audit trail.
    pub logins_last_day: Option<LoginsBody>,
    /// Logins and registrations together since the process started, from the metrics.
    pub attempts_since_start: LoginsBody,
    /// Refresh tokens that were used twice, whose sessions were ended.
    pub refresh_reuse: WindowsBody,
    /// Access tokens that were checked since the process started.
    pub token_checks: TokenChecksBody,
    /// Requests refused for asking too often since the process started.
    pub rate_limited_since_start: u64,
    /// Those of about the last five minutes.
    pub rate_limited_recent: u64,
    /// All accounts.
    pub accounts: u64,
    /// Accounts that may not log in.
    pub disabled_accounts: Option<u64>,
    /// Enabled administrators.
    pub administrators: u64,
    /// Sessions that are open.
    pub open_sessions: Option<u64>,
    /// People who have one.
    pub people_signed_in: Option<u64>,
    /// Entries of the audit trail.
    pub audit_entries: Option<u64>,
}

/// Good and failed ones.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardLogins")]
pub struct LoginsBody {
    /// That succeeded.
    pub succeeded: u64,
    /// That failed.
    pub failed: u64,
}

/// A count over two stretches of time.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardWindows")]
pub struct WindowsBody {
    /// In the last hour.
    pub last_hour: Option<u64>,
    /// In the last 24 hours.
    pub last_day: Option<u64>,
}

/// Checks of access tokens by outcome.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardTokenChecks")]
pub struct TokenChecksBody {
    /// Good ones.
    pub valid: u64,
    /// Forged ones, or of a session that has ended.
    pub invalid: u64,
    /// Good ones whose time was over.
    pub expired: u64,
}
