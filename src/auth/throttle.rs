//! Guessing: failed logins are counted for each account and each network, successes never.

use std::time::Duration;

use super::{AuthError, model::Identifier};
use crate::{config::RateLimitConfig, http::ClientNetwork, limit::FailureLimiter};

/// Counts failed logins.
pub(super) struct Throttle {
    enabled: bool,
    accounts: FailureLimiter<Identifier>,
    networks: FailureLimiter<ClientNetwork>,
}

impl Throttle {
    pub(super) fn new(config: &RateLimitConfig) -> Self {
        Self {
            enabled: config.enabled,
            accounts: FailureLimiter::per_minute(config.login_failures_per_account),
            networks: FailureLimiter::per_minute(config.login_failures_per_network),
        }
    }

    /// Whether somebody on this network may try this account now.
    pub(super) fn check(
        &self,
        account: &Identifier,
        network: ClientNetwork,
    ) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let wait = |wait: Duration| AuthError::TooManyFailures(wait.as_secs() + 1);
        self.networks.check(&network).map_err(wait)?;
        self.accounts.check(account).map_err(wait)
    }

    /// Counts one failure.
    pub(super) fn fail(&self, account: &Identifier, network: ClientNetwork) {
        self.accounts.fail(account);
        self.networks.fail(&network);
    }

    /// Forgets who is back at rest.
    pub(super) fn forget_idle(&self) {
        self.accounts.forget_idle();
        self.networks.forget_idle();
    }
}
