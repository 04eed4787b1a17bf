//! Guessing and flooding: failures are counted for each account and each network, and so are new accounts
//! of each network. Successful logins never count.
//!
//! Nobody can lock anybody out. Failures of strangers at an account count for their own networks, so
//! somebody who guesses elsewhere does not stop its owner; only very many from all over the world do. A
//! browser that has logged in to the account before proves it with a cookie ([`Device`]), and its attempts
//! are counted apart from those of strangers (OWASP's device cookies). So are the passwords and codes that
//! are asked for within a session. A network from which much was guessed is refused nothing: it is told
//! ever later that it was wrong, and whoever is right is let in at once.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use super::{
    device::{Device, DeviceNumber},
    model::Identifier,
};
use crate::{
    auth::AuthError,
    clock::Time,
    config::RateLimitConfig,
    http::{ClientNetwork, NetworkGroup, Principal},
    ids::{RandomId, UserId},
    limit::{Backoff, Budget, Claimant, Leave, OneAtATime, Policy},
};

/// How many shares of one network's free failures all networks have together, for one account.
const SHARES_OF_THE_WORLD: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// How long whoever asks over a busy connection waits for their turn on it.
const LONGEST_LINE: Duration = Duration::from_secs(12);

/// Counts failed logins, and registrations.
pub(in crate::auth) struct Throttle {
    enabled: bool,
    registrations: Budget<NetworkGroup>,
    refused_registrations: Budget<NetworkGroup>,
    accounts: Backoff<Counted>,
    networks: Budget<NetworkGroup>,
    notes: Budget<NetworkGroup>,
    connections: OneAtATime<SocketAddr>,
}

/// At whose account somebody tries, and who they are as far as that is proven.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::auth) enum ThrottleKey {
    /// A stranger, at this account.
    Account(UserId),
    /// A stranger, at a name that nobody has.
    Nobody(Identifier),
    /// A device from which its owner has logged in before.
    Device(UserId, DeviceNumber),
    /// Somebody within a session of the account.
    Session(RandomId),
}

/// What failures are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    /// Those of strangers on a network.
    Nearby(ThrottleKey, NetworkGroup),
    /// Those of all strangers, or of a device or a session wherever it is.
    Anywhere(ThrottleKey),
}

impl ThrottleKey {
    /// What an attempt to log in is counted for.
    pub(in crate::auth) fn new(
        account: Option<UserId>,
        identifier: &Identifier,
        device: Option<Device>,
    ) -> Self {
        match (account, device) {
            (Some(user), Some(device)) if device.user == user => Self::Device(user, device.number),
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

    /// What it is counted by for somebody on this network, each with its shares of free failures.
    fn counted(&self, network: ClientNetwork) -> Vec<(Counted, NonZeroU32)> {
        let anywhere = Counted::Anywhere(self.clone());
        if !self.is_a_stranger() {
            return vec![(anywhere, NonZeroU32::MIN)];
        }
        let nearby = network.groups().map(|(group, shares)| {
            let shares = NonZeroU32::new(shares).unwrap_or(NonZeroU32::MIN);
            (Counted::Nearby(self.clone(), group), shares)
        });
        nearby.chain([(anywhere, SHARES_OF_THE_WORLD)]).collect()
    }
}

impl Throttle {
    pub(in crate::auth) fn new(config: &RateLimitConfig) -> Self {
        Self {
            enabled: config.enabled,
            registrations: Budget::new(
                Policy::Registration,
                config.registrations_per_network_per_hour,
            ),
            refused_registrations: Budget::new(
                Policy::RefusedRegistration,
                config.refused_registrations_per_network_per_hour,
            ),
            accounts: Backoff::new(Policy::LoginAccount, config.login_failures_per_account),
            networks: Budget::new(Policy::LoginNetwork, config.login_failures_per_network),
            notes: Budget::new(Policy::LoginNetwork, config.login_failures_per_network),
            connections: OneAtATime::new(),
        }
    }

    /// Waits until no other login of this connection goes on, so that a guess that is answered late holds
    /// up the next one. Where the connection is a proxy's, nobody waits for anybody.
    ///
    /// # Errors
    /// [`AuthError::HasherBusy`] after too long.
    pub(in crate::auth) async fn one_at_a_time(
        &self,
        connection: Option<SocketAddr>,
    ) -> Result<Option<Leave<SocketAddr>>, AuthError> {
        let Some(connection) = connection.filter(|_| self.enabled) else { return Ok(None) };
        let leave = tokio::time::timeout(LONGEST_LINE, self.connections.enter(connection)).await;
        leave.map(Some).map_err(|_| AuthError::HasherBusy)
    }

    /// Whether somebody on this network may try now.
    pub(in crate::auth) fn check(
        &self,
        key: &ThrottleKey,
        network: ClientNetwork,
        now: Time,
    ) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let looked = key.counted(network).into_iter().map(|(counted, _)| counted);
        let waits = looked.filter_map(|counted| self.accounts.look(&counted, now).err());
        let longest = waits.map(|waits| waits.reset_seconds).max();
        longest.map_or(Ok(()), |seconds| Err(AuthError::TooManyFailures(seconds)))
    }

    /// Counts one failure. Says how much later than now it may be told that it was one.
    pub(in crate::auth) fn fail(
        &self,
        key: &ThrottleKey,
        network: ClientNetwork,
        now: Time,
    ) -> Duration {
        for (counted, shares) in key.counted(network) {
            self.accounts.fail(&counted, shares, now);
        }
        delay(if self.enabled { self.networks.overdraw(&network, &(), now) } else { 0 })
    }

    /// Whoever has logged in was not guessing. Failures of their network at other accounts stay: others may
    /// have an account to log in to between their guesses.
    pub(in crate::auth) fn succeed(&self, key: &ThrottleKey, network: ClientNetwork) {
        for (counted, _) in key.counted(network) {
            self.accounts.forgive(&counted);
        }
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
        let own = self.accounts.look(&Counted::Anywhere(ThrottleKey::within(principal)), now);
        own.map_err(|waits| AuthError::TooManyFailures(waits.reset_seconds))
    }

    /// Counts one failure within a session.
    pub(in crate::auth) fn fail_own(&self, principal: &Principal, now: Time) {
        let own = Counted::Anywhere(ThrottleKey::within(principal));
        self.accounts.fail(&own, NonZeroU32::MIN, now);
    }

    /// Whether the audit trail takes another failure or refusal from this network. Each of a few is in it;
    /// of a flood as many as come back with time, so that nobody fills it.
    pub(in crate::auth) fn may_note(&self, network: ClientNetwork, now: Time) -> bool {
        !self.enabled || self.notes.count(&network, &(), now).is_ok()
    }

    /// Counts an account that is about to be made.
    pub(in crate::auth) fn register(
        &self,
        network: ClientNetwork,
        now: Time,
    ) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let counted = self.registrations.count(&network, &(), now);
        counted.map_err(|stopped| AuthError::TooManyRegistrations(stopped.reset_seconds))?;
        Ok(())
    }

    /// No account came of it.
    pub(in crate::auth) fn not_registered(&self, network: ClientNetwork, now: Time) {
        self.registrations.give_back(&network, &(), now);
    }

    /// Counts a registration that is refused for what somebody else has, or for an invitation.
    ///
    /// # Errors
    /// After too many of them, which are told nothing but that.
    pub(in crate::auth) fn refuse_registration(
        &self,
        network: ClientNetwork,
        now: Time,
    ) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let counted = self.refused_registrations.count(&network, &(), now);
        counted.map_err(|stopped| AuthError::TooManyRefused(stopped.reset_seconds))?;
        Ok(())
    }

    /// Forgets who is back at rest.
    pub(in crate::auth) fn forget_idle(&self, now: Time) {
        for budget in
            [&self.registrations, &self.refused_registrations, &self.networks, &self.notes]
        {
            budget.forget_idle(now);
        }
        self.accounts.forget_idle(now);
    }
}

/// How late a wrong answer comes, by how far the network's free failures are overdrawn.
const fn delay(beyond: u32) -> Duration {
    match beyond {
        0 => Duration::ZERO,
        // 1, 2, 4 and at most 8 seconds.
        beyond => Duration::from_secs(1 << (if beyond > 4 { 3 } else { beyond - 1 })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigSources};

    fn throttle(free_for_account: &str, free_for_network: &str) -> Throttle {
        let flags = vec![
            ("rate_limit.login_failures_per_account".to_owned(), free_for_account.to_owned()),
            ("rate_limit.login_failures_per_network".to_owned(), free_for_network.to_owned()),
        ];
        let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
        Throttle::new(&config.rate_limit)
    }

    fn network(address: &str) -> ClientNetwork {
        ClientNetwork::of(address.parse().unwrap())
    }

    #[test]
    fn whoever_guesses_elsewhere_does_not_stop_the_owner_at_home() {
        let throttle = throttle("3", "1000");
        for target in [ThrottleKey::Account(UserId(1)), ThrottleKey::Nobody(Identifier::parse("x"))]
        {
            // A whole site of 65,536 networks is one guesser.
            for number in 0..200 {
                let there = network(&format!("2001:db8:1:{number:x}00::1"));
                if throttle.check(&target, there, Time::EPOCH).is_ok() {
                    throttle.fail(&target, there, Time::EPOCH);
                }
            }
            let there = throttle.check(&target, network("2001:db8:1:ffff::1"), Time::EPOCH);
            assert!(there.is_err());
            let home = network("192.0.2.1");
            assert_eq!(throttle.check(&target, home, Time::EPOCH), Ok(()));
        }
    }

    #[test]
    fn guesses_from_all_over_the_world_at_one_account_are_stopped_too() {
        let throttle = throttle("3", "1000");
        let target = ThrottleKey::Account(UserId(1));
        let looked_at = (0..200_u8).filter(|number| {
            let there = network(&format!("198.51.100.{number}"));
            let may = throttle.check(&target, there, Time::EPOCH).is_ok();
            if may {
                throttle.fail(&target, there, Time::EPOCH);
            }
            may
        });
        assert_eq!(looked_at.count(), 30);
        let device = ThrottleKey::Device(UserId(1), DeviceNumber::default());
        assert_eq!(throttle.check(&device, network("192.0.2.1"), Time::EPOCH), Ok(()));
    }

    #[test]
    fn a_network_that_guesses_much_is_answered_ever_later_and_refused_nothing() {
        let throttle = throttle("3", "5");
        let here = network("192.0.2.1");
        let delays: Vec<_> = (0..12_u64)
            .map(|number| {
                let target = ThrottleKey::Account(UserId(number));
                assert_eq!(throttle.check(&target, here, Time::EPOCH), Ok(()));
                throttle.fail(&target, here, Time::EPOCH).as_secs()
            })
            .collect();
        assert_eq!(delays, [0, 0, 0, 0, 0, 1, 2, 4, 8, 8, 8, 8]);
        let later = Time::EPOCH.plus_seconds(600);
        let target = ThrottleKey::Account(UserId(1));
        assert_eq!(throttle.fail(&target, here, later), Duration::ZERO, "forgiven by then");
    }

    #[test]
    fn failures_with_a_cookie_slow_their_network_too() {
        let throttle = throttle("3", "5");
        let here = network("192.0.2.1");
        let delays = (0..6).map(|number| {
            let device = ThrottleKey::Device(UserId(1), DeviceNumber::of(number));
            throttle.fail(&device, here, Time::EPOCH)
        });
        assert_eq!(delays.last(), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_flood_of_failures_is_not_a_flood_of_notes() {
        let throttle = throttle("3", "5");
        let here = network("192.0.2.1");
        let noted = (0..1_000).filter(|_| throttle.may_note(here, Time::EPOCH));
        assert_eq!(noted.count(), 5);
        assert!(throttle.may_note(here, Time::EPOCH.plus_seconds(120)));
        assert!(throttle.may_note(network("192.0.2.2"), Time::EPOCH));
    }
}
