//! Guessing and flooding: failed logins are counted for each account and each network, and so are new
//! accounts of each network. Successful logins never count.

use super::model::Identifier;
use crate::{
    auth::AuthError,
    config::RateLimitConfig,
    http::ClientNetwork,
    limit::{Limiter, Policy},
};

/// Counts failed logins, and registrations.
pub(in crate::auth) struct Throttle {
    enabled: bool,
    registrations: Limiter<ClientNetwork>,
    accounts: Limiter<Identifier>,
    networks: Limiter<ClientNetwork>,
}

impl Throttle {
    pub(in crate::auth) fn new(config: &RateLimitConfig) -> Self {
        Self {
            enabled: config.enabled,
            registrations: Limiter::new(
                Policy::Registration,
                config.registrations_per_network_per_hour,
            ),
            accounts: Limiter::new(Policy::LoginAccount, config.login_failures_per_account),
            networks: Limiter::new(Policy::LoginNetwork, config.login_failures_per_network),
        }
    }

    /// Whether somebody on this network may try this account now.
    pub(in crate::auth) fn check(
        &self,
        account: &Identifier,
        network: ClientNetwork,
    ) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let nearby = self.networks.look(&network);
        nearby.map_err(|stopped| AuthError::TooManyFailuresNearby(stopped.reset_seconds))?;
        let here = self.accounts.look(account);
        here.map_err(|stopped| AuthError::TooManyFailures(stopped.reset_seconds))?;
        Ok(())
    }

    /// Whether somebody on this network may make another account now.
    pub(in crate::auth) fn may_register(&self, network: ClientNetwork) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let nearby = self.registrations.look(&network);
        nearby.map_err(|stopped| AuthError::TooManyRegistrations(stopped.reset_seconds))?;
        Ok(())
    }

    /// Counts one account that was made.
    pub(in crate::auth) fn registered(&self, network: ClientNetwork) {
        let _ = self.registrations.count(&network);
    }

    /// Counts one failure.
    pub(in crate::auth) fn fail(&self, account: &Identifier, network: ClientNetwork) {
        let _ = self.accounts.count(account);
        let _ = self.networks.count(&network);
    }

    /// Forgets who is back at rest.
    pub(in crate::auth) fn forget_idle(&self) {
        self.registrations.forget_idle();
        self.accounts.forget_idle();
        self.networks.forget_idle();
    }
}
