//! How many typed codes may be wrong. Eight digits can be searched by whoever may try often enough; a code that is
//! scanned has 80 bits and needs no limit.
//!
//! A person who has no misses left waits, whatever others do. A network that has none left makes nobody wait who
//! did not miss within the hour: a class behind one address types on while somebody there guesses.

use crate::{
    clock::Time,
    config::RateLimitConfig,
    http::{ClientNetwork, NetworkGroup},
    ids::UserId,
    limit::{Budget, Claimant, Policy, RateLimitStatus},
};

/// Counts wrong typed codes of people and networks, in memory.
pub(in super::super) struct TypedCodeMisses {
    limits: Option<Limits>,
}

struct Limits {
    per_person: u32,
    people: Budget<UserId>,
    networks: Budget<NetworkGroup>,
}

/// Somebody who types a code.
struct Typist(UserId);

impl Claimant for Typist {
    type Group = UserId;

    fn groups(&self) -> impl Iterator<Item = (UserId, u32)> {
        std::iter::once((self.0, 1))
    }
}

/// A try that is under way, and counted as a miss until it is known to be none.
#[must_use]
pub(super) struct Try {
    is_last: bool,
}

impl TypedCodeMisses {
    /// Without any limit.
    pub(in super::super) const fn unlimited() -> Self {
        Self { limits: None }
    }

    /// As configured.
    pub(in super::super) fn new(config: &RateLimitConfig) -> Self {
        let limits = config.enabled.then(|| Limits {
            per_person: config.typed_code_misses_per_person_per_hour.get(),
            people: Budget::new(Policy::TypedCode, config.typed_code_misses_per_person_per_hour),
            networks: Budget::new(Policy::TypedCode, config.typed_code_misses_per_network_per_hour),
        });
        Self { limits }
    }

    /// Counts a try beforehand, so that many at once are no more than one after another.
    ///
    /// # Errors
    /// When the person has to wait.
    pub(super) fn begin(
        &self,
        person: UserId,
        network: ClientNetwork,
        now: Time,
    ) -> Result<Try, RateLimitStatus> {
        let Some(limits) = &self.limits else { return Ok(Try { is_last: false }) };
        let typist = Typist(person);
        let after = limits.people.count(&typist, &(), now)?;
        let has_missed = after.remaining + 1 < limits.per_person;
        if has_missed && let Err(standing) = limits.networks.look(&network, &(), now) {
            limits.people.give_back(&typist, &(), now);
            return Err(standing);
        }
        Ok(Try { is_last: after.remaining == 0 })
    }

    /// The try was no miss.
    pub(super) fn hit(&self, person: UserId, now: Time) {
        if let Some(limits) = &self.limits {
            limits.people.give_back(&Typist(person), &(), now);
        }
    }

    /// The try was a miss; says whether it was the person's last for now.
    pub(super) fn missed(&self, tried: &Try, network: ClientNetwork, now: Time) -> bool {
        if let Some(limits) = &self.limits {
            limits.networks.overdraw(&network, &(), now);
        }
        tried.is_last
    }

    /// Forgets who has all tries again.
    pub(in super::super) fn forget_idle(&self, now: Time) {
        if let Some(limits) = &self.limits {
            limits.people.forget_idle(now);
            limits.networks.forget_idle(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigSources};

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn misses() -> TypedCodeMisses {
        let flags = [("person", "3"), ("network", "5")];
        let flags = flags.map(|(of, times)| {
            (format!("rate_limit.typed_code_misses_per_{of}_per_hour"), times.to_owned())
        });
        let sources = ConfigSources { flags: flags.to_vec(), ..ConfigSources::default() };
        TypedCodeMisses::new(&Config::load(&sources).unwrap().rate_limit)
    }

    fn school() -> ClientNetwork {
        ClientNetwork::of([192, 0, 2, 7].into())
    }

    fn miss(misses: &TypedCodeMisses, person: u64) -> Option<bool> {
        let tried = misses.begin(UserId(person), school(), NOW).ok()?;
        Some(misses.missed(&tried, school(), NOW))
    }

    #[test]
    fn a_person_has_so_many_misses_and_is_told_of_as_they_have_none_left() {
        let misses = misses();
        let said: Vec<_> = (0..4).map(|_| miss(&misses, 1)).collect();
        assert_eq!(said, [Some(false), Some(false), Some(true), None]);
        let later = NOW.plus_seconds(1_201);
        assert!(misses.begin(UserId(1), school(), later).is_ok(), "one comes back in a third");
    }

    #[test]
    fn what_hits_costs_nothing_and_many_at_once_are_no_more() {
        let misses = misses();
        for _ in 0..100 {
            assert!(misses.begin(UserId(1), school(), NOW).is_ok());
            misses.hit(UserId(1), NOW);
        }
        let at_once = (0..10).filter_map(|_| misses.begin(UserId(1), school(), NOW).ok());
        assert_eq!(at_once.count(), 3);
    }

    #[test]
    fn where_somebody_guesses_whoever_did_not_miss_goes_on() {
        let misses = misses();
        for person in 1..=5 {
            assert!(miss(&misses, person).is_some());
        }
        assert_eq!(miss(&misses, 1), None, "the network has none left, and they missed before");
        for person in 10..20 {
            assert!(miss(&misses, person).is_some(), "{person} types for the first time");
            assert_eq!(miss(&misses, person), None);
        }
    }
}
