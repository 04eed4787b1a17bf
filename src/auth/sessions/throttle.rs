//! Guessing and flooding: failures are counted for each account and each network, and so are new accounts
//! of each network. Successful logins never count.
//!
//! Nobody can lock anybody out: a browser that has logged in to an account before proves it with a cookie
//! ([`Device`]), and its attempts are counted apart from those of strangers (OWASP's device cookies). So
//! are the passwords and codes that are asked for within a session.

use super::{
    device::{Device, DeviceId},
    model::Identifier,
};
use crate::{
    auth::AuthError,
    clock::Time,
    config::RateLimitConfig,
    http::{ClientNetwork, Principal},
    ids::{RandomId, UserId},
    limit::{Backoff, Limiter, Policy},
};

/// Counts failed logins, and registrations.
pub(in crate::auth) struct Throttle {
    enabled: bool,
    registrations: Limiter<ClientNetwork>,
    accounts: Backoff<Guessed>,
    networks: Backoff<ClientNetwork>,
}

/// At whose account somebody tries, and who they are as far as that is proven.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::auth) enum Guessed {
    /// A stranger, at this account.
    Account(UserId),
    /// A stranger, at a name that nobody has.
    Nobody(Identifier),
    /// A device from which its owner has logged in before.
    Device(UserId, DeviceId),
    /// Somebody within a session of the account.
    Session(RandomId),
}

impl Guessed {
    /// What an attempt to log in is counted for.
    pub(in crate::auth) fn new(
        account: Option<UserId>,
        identifier: &Identifier,
        device: Option<Device>,
    ) -> Self {
        match (account, device) {
            (Some(user), Some(device)) if device.user == user => Self::Device(user, device.id),
            (Some(user), _) => Self::Account(user),
            (None, _) => Self::Nobody(identifier.clone()),
        }
    }

    /// What an attempt within a session is counted for.
    fn within(principal: &Principal) -> Self {
        principal.session().map_or(Self::Account(principal.id), Self::Session)
    }

    const fn is_a_stranger(&self) -> bool {
        matches!(self, Self::Account(_) | Self::Nobody(_))
    }
}

impl Throttle {
    pub(in crate::auth) fn new(config: &RateLimitConfig) -> Self {
        Self {
            enabled: config.enabled,
            registrations: Limiter::new(
                Policy::Registration,
                config.registrations_per_network_per_hour,
            ),
            accounts: Backoff::new(Policy::LoginAccount, config.login_failures_per_account),
            networks: Backoff::new(Policy::LoginNetwork, config.login_failures_per_network),
        }
    }

    /// Whether somebody on this network may try now.
    pub(in crate::auth) fn check(
        &self,
        guessed: &Guessed,
        network: ClientNetwork,
        now: Time,
    ) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        if guessed.is_a_stranger() {
            let nearby = self.networks.look(&network, now);
            nearby.map_err(|waits| AuthError::TooManyFailuresNearby(waits.reset_seconds))?;
        }
        let here = self.accounts.look(guessed, now);
        here.map_err(|waits| AuthError::TooManyFailures(waits.reset_seconds))
    }

    /// Counts one failure.
    pub(in crate::auth) fn fail(&self, guessed: &Guessed, network: ClientNetwork, now: Time) {
        self.accounts.fail(guessed, now);
        if guessed.is_a_stranger() {
            self.networks.fail(&network, now);
        }
    }

    /// Whoever has logged in was not guessing. Failures of their network stay: others may have an account
    /// to log in to between their guesses.
    pub(in crate::auth) fn succeed(&self, guessed: &Guessed) {
        self.accounts.forgive(guessed);
    }

    /// Whether somebody may try a password or a code within their session now.
    pub(in crate::auth) fn check_own(
        &self,
        principal: &Principal,
        now: Time,
    ) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let own = self.accounts.look(&Guessed::within(principal), now);
        own.map_err(|waits| AuthError::TooManyFailures(waits.reset_seconds))
    }

    /// Counts one failure within a session.
    pub(in crate::auth) fn fail_own(&self, principal: &Principal, now: Time) {
        self.accounts.fail(&Guessed::within(principal), now);
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

    /// Forgets who is back at rest.
    pub(in crate::auth) fn forget_idle(&self, now: Time) {
        self.registrations.forget_idle();
        self.accounts.forget_idle(now);
        self.networks.forget_idle(now);
    }
}
