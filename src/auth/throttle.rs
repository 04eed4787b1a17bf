//! Guessing and flooding: failed logins are counted for each account and each network, and so are new
//! accounts of each network. Successful logins never count.

use std::time::Duration;

use super::{AuthError, model::Identifier};
use crate::{config::RateLimitConfig, http::ClientNetwork, limit::StopLimiter};

/// Counts failed logins, and registrations.
pub(super) struct Throttle {
    enabled: bool,
    registrations: StopLimiter<ClientNetwork>,
    accounts: StopLimiter<Identifier>,
    networks: StopLimiter<ClientNetwork>,
}

impl Throttle {
    pub(super) fn new(config: &RateLimitConfig) -> Self {
        Self {
            enabled: config.enabled,
            registrations: StopLimiter::per_hour(config.registrations_per_network_per_hour),
            accounts: StopLimiter::per_minute(config.login_failures_per_account),
            networks: StopLimiter::per_minute(config.login_failures_per_network),
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

    /// Whether somebody on this network may make another account now.
    pub(super) fn may_register(&self, network: ClientNetwork) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let wait = |wait: Duration| AuthError::TooManyRegistrations(wait.as_secs() + 1);
        self.registrations.check(&network).map_err(wait)
    }

    /// Counts one account that was made.
    pub(super) fn registered(&self, network: ClientNetwork) {
        self.registrations.count(&network);
    }

    /// Counts one failure.
    pub(super) fn fail(&self, account: &Identifier, network: ClientNetwork) {
        self.accounts.count(account);
        self.networks.count(&network);
    }

    /// Forgets who is back at rest.
    pub(super) fn forget_idle(&self) {
        self.registrations.forget_idle();
        self.accounts.forget_idle();
        self.networks.forget_idle();
    }
}
