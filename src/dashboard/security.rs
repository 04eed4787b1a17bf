//! The view of security.

use super::{
    dto::{FindingBody, LoginsBody, SecurityBody, TokenChecksBody, WindowsBody},
    rules::{self, SecurityFacts},
    service::Dashboard,
    sources::ActionCounts,
};
use crate::{http::Problem, language::Language};

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;

impl Dashboard {
    /// Who tries what. Counts rows, and remembers them for some seconds.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub async fn security(&self, language: Language) -> Result<SecurityBody, Problem> {
        let (parts, now) = (&self.parts, self.parts.clock.now());
        let accounts = parts.accounts.get_or_make(now, parts.sources.accounts.figures()).await?;
        let since = vec![now.plus_seconds(-HOUR_SECONDS), now.plus_seconds(-DAY_SECONDS)];
        let actions = parts.actions.get_or_make(now, parts.sources.trail.actions(since)).await?;
        let window = |nth: usize| actions.get(nth).copied().flatten();
        let (hour, day) = (window(0), window(1));
        let routes = parts.sampler.routes();
        let rate_limited_recent = routes.recent.total().rate_limited;
        let findings = rules::security(&SecurityFacts {
            logins_and_failures_last_hour: hour.map(|hour| (hour.logins, hour.login_failures)),
            refresh_reuse_last_day: day.map(|day| day.refresh_reuse),
            recent_rate_limited: rate_limited_recent,
            administrators: Some(accounts.administrators),
        });
        let (checks, attempts) =
            (parts.sampler.metrics().token_checks(), parts.sampler.metrics().auth_attempts());
        let checked = |outcome: &str| checks.get(outcome).copied().unwrap_or(0);
        let attempted = |outcome: &str| attempts.get(outcome).copied().unwrap_or(0);
        Ok(SecurityBody {
            level: rules::worst(&findings).into(),
            findings: FindingBody::all(&findings, language),
            rule: rules::security_rule().in_language(language).to_owned(),
            logins_last_hour: hour.map(logins),
            logins_last_day: day.map(logins),
            attempts_since_start: LoginsBody {
                succeeded: attempted("success"),
                failed: attempted("failure"),
            },
            refresh_reuse: WindowsBody {
                last_hour: hour.map(|hour| hour.refresh_reuse),
                last_day: day.map(|day| day.refresh_reuse),
            },
            token_checks: TokenChecksBody {
                valid: checked("valid"),
                invalid: checked("invalid"),
                expired: checked("expired"),
            },
            rate_limited_since_start: routes.since_start.total().rate_limited,
            rate_limited_recent,
            accounts: accounts.accounts,
            disabled_accounts: accounts.disabled,
            administrators: accounts.administrators,
            open_sessions: accounts.open_sessions,
            people_signed_in: accounts.people_signed_in,
            audit_entries: parts.sources.stores.audit_entries(),
        })
    }
}

const fn logins(counts: ActionCounts) -> LoginsBody {
    LoginsBody { succeeded: counts.logins, failed: counts.login_failures }
}
