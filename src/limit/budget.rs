//! A number of times within a window, by the clock that the caller hands in, for a client and the
//! networks around it.
//!
//! It is the same leaky bucket as a [`super::Limiter`]'s, with three things more: what was counted can be
//! given back, it can be overdrawn by a little (so that how far says how to answer), and a claimant's wider
//! groups have larger budgets of their own.

use std::{hash::Hash, num::NonZeroU32};

use super::{Claimant, Policy, RateLimitStatus, bounded_store::BoundedStore};
use crate::clock::Time;

/// What one counts in.
const ONE: i64 = 1_000;
/// How far a budget can be overdrawn.
const MOST_BEYOND: i64 = 4;

/// Counts for each group of a claimant, and for each class of things apart.
pub struct Budget<G: Hash + Eq + Clone, C: Hash + Eq + Clone = ()> {
    policy: Policy,
    times: NonZeroU32,
    used: BoundedStore<(G, C), Used>,
}

/// What was used and has not come back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Used {
    /// In thousandths of one, as of `at`.
    level: i64,
    at: Time,
}

impl<G: Hash + Eq + Clone, C: Hash + Eq + Clone> Budget<G, C> {
    /// As many times in the policy's window, all at once if need be. What was used comes back bit by bit.
    pub fn new(policy: Policy, times: NonZeroU32) -> Self {
        Self { policy, times, used: BoundedStore::default() }
    }

    /// Whether one more would be too many for any group; counts nothing.
    ///
    /// # Errors
    /// When it would.
    pub fn look(
        &self,
        claimant: &impl Claimant<Group = G>,
        class: &C,
        now: Time,
    ) -> Result<RateLimitStatus, RateLimitStatus> {
        let standings = claimant.groups().map(|(group, shares)| {
            let level = self.level(group, class, shares, now);
            self.standing(level, shares)
        });
        tightest(standings.collect())
    }

    /// Counts one for each group.
    ///
    /// # Errors
    /// When it is one too many for any of them, which counts for none.
    pub fn count(
        &self,
        claimant: &impl Claimant<Group = G>,
        class: &C,
        now: Time,
    ) -> Result<RateLimitStatus, RateLimitStatus> {
        self.look(claimant, class, now)?;
        let standings = claimant.groups().map(|(group, shares)| {
            let level = self.add(group, class, shares, now, ONE);
            Ok(self.counted(level, shares))
        });
        tightest(standings.collect())
    }

    /// Counts one for each group even when it is too many, and says how far any is overdrawn then: 0 to 4.
    pub fn overdraw(&self, claimant: &impl Claimant<Group = G>, class: &C, now: Time) -> u32 {
        let beyond = claimant.groups().map(|(group, shares)| {
            let level = self.add(group, class, shares, now, ONE);
            (level - self.most(shares) + ONE - 1) / ONE
        });
        let most = beyond.max().unwrap_or(0);
        u32::try_from(most.clamp(0, MOST_BEYOND)).unwrap_or(0)
    }

    /// Gives one back that was counted and came to nothing.
    pub fn give_back(&self, claimant: &impl Claimant<Group = G>, class: &C, now: Time) {
        for (group, shares) in claimant.groups() {
            self.add(group, class, shares, now, -ONE);
        }
    }

    /// Forgets who has used nothing that has not come back, and gives the memory back.
    pub fn forget_idle(&self, now: Time) {
        // The slowest there is: a wider group is kept a little longer than it must.
        self.used.retain(|used| self.level_at(used, 1, now) > 0);
        self.used.shrink();
    }

    fn most(&self, shares: u32) -> i64 {
        i64::from(self.times.get()).saturating_mul(i64::from(shares)).saturating_mul(ONE)
    }

    fn level_at(&self, used: Used, shares: u32, now: Time) -> i64 {
        let window = i64::from(self.policy.window_seconds()) * 1_000;
        let passed = now.millis_since(used.at);
        // Further ahead than a window: the clock was set back.
        if passed < -window {
            return 0;
        }
        let back = i128::from(self.most(shares)) * i128::from(passed.max(0)) / i128::from(window);
        used.level.saturating_sub(i64::try_from(back).unwrap_or(i64::MAX)).max(0)
    }

    fn level(&self, group: G, class: &C, shares: u32, now: Time) -> i64 {
        let read = |used: Option<Used>| {
            let used = used.unwrap_or_default();
            Ok::<_, ()>((self.level_at(used, shares, now), used))
        };
        self.used.decide(&(group, class.clone()), false, read).unwrap_or(0)
    }

    /// Adds to the level, which stays between nothing and a little beyond the most; gives the new one.
    fn add(&self, group: G, class: &C, shares: u32, now: Time, units: i64) -> i64 {
        let most = self.most(shares) + MOST_BEYOND * ONE;
        let change = |used: Option<Used>| {
            let before = self.level_at(used.unwrap_or_default(), shares, now);
            let level = before.saturating_add(units).clamp(0, most);
            Ok::<_, ()>((level, Used { level, at: now }))
        };
        self.used.decide(&(group, class.clone()), true, change).unwrap_or(0)
    }

    /// How a group stands whose level this is; an error when one more would be too many.
    fn standing(&self, level: i64, shares: u32) -> Result<RateLimitStatus, RateLimitStatus> {
        let beyond = level + ONE - self.most(shares);
        if beyond > 0 {
            let reset_seconds = self.seconds_for(beyond, shares).max(1);
            return Err(RateLimitStatus { policy: self.policy, remaining: 0, reset_seconds });
        }
        Ok(self.counted(level, shares))
    }

    /// How a group stands that was counted, to this level.
    fn counted(&self, level: i64, shares: u32) -> RateLimitStatus {
        let remaining = u32::try_from((self.most(shares) - level).max(0) / ONE).unwrap_or(u32::MAX);
        let reset_seconds = self.seconds_for(level, shares);
        RateLimitStatus { policy: self.policy, remaining, reset_seconds }
    }

    /// In how many seconds so much comes back.
    fn seconds_for(&self, units: i64, shares: u32) -> u64 {
        let (most, window) = (self.most(shares), i64::from(self.policy.window_seconds()));
        u64::try_from((units.saturating_mul(window) + most - 1) / most).unwrap_or(0)
    }
}

/// The first that is exceeded, or else the one of which least is left.
fn tightest(
    standings: Vec<Result<RateLimitStatus, RateLimitStatus>>,
) -> Result<RateLimitStatus, RateLimitStatus> {
    let mut tightest: Option<RateLimitStatus> = None;
    for standing in standings {
        let standing = standing?;
        if tightest.is_none_or(|least| standing.remaining < least.remaining) {
            tightest = Some(standing);
        }
    }
    let nobody = RateLimitStatus { policy: Policy::Anonymous, remaining: 0, reset_seconds: 1 };
    tightest.ok_or(nobody)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{ClientNetwork, NetworkGroup};

    const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();

    fn budget() -> Budget<NetworkGroup> {
        Budget::new(Policy::Registration, THREE)
    }

    fn network(address: &str) -> ClientNetwork {
        ClientNetwork::of(address.parse().unwrap())
    }

    #[test]
    fn what_was_counted_comes_back_over_the_window_or_at_once_when_given_back() {
        let (budget, here) = (budget(), network("192.0.2.1"));
        let now = Time::EPOCH.plus_seconds(1_000_000);
        let left: Vec<_> = (0..3).map(|_| budget.count(&here, &(), now).unwrap()).collect();
        let left: Vec<_> = left.iter().map(|it| (it.remaining, it.reset_seconds)).collect();
        assert_eq!(left, [(2, 1_200), (1, 2_400), (0, 3_600)]);
        let full = budget.count(&here, &(), now).unwrap_err();
        assert_eq!((full.remaining, full.reset_seconds), (0, 1_200));
        budget.give_back(&here, &(), now);
        assert!(budget.count(&here, &(), now).is_ok());
        assert!(budget.look(&here, &(), now.plus_seconds(1_199)).is_err());
        assert!(budget.look(&here, &(), now.plus_seconds(1_200)).is_ok());
        assert!(budget.look(&network("192.0.2.2"), &(), now).is_ok());
    }

    #[test]
    fn classes_are_counted_apart() {
        let budget = Budget::<NetworkGroup, u8>::new(Policy::Anonymous, NonZeroU32::MIN);
        let here = network("192.0.2.1");
        assert!(budget.count(&here, &1, Time::EPOCH).is_ok());
        assert!(budget.count(&here, &1, Time::EPOCH).is_err());
        assert!(budget.count(&here, &2, Time::EPOCH).is_ok());
    }

    #[test]
    fn a_site_of_many_networks_has_four_budgets_and_not_sixty_thousand() {
        let budget = budget();
        let counted = (0..1_000_u32).filter(|number| {
            let (high, low) = (number / 256, number % 256);
            let here = network(&format!("2001:db8:1:{high:x}{low:02x}::1"));
            (0..5).filter(|_| budget.count(&here, &(), Time::EPOCH).is_ok()).count() > 0
        });
        assert_eq!(counted.count(), 4, "three a network, six a /56, twelve a /48");
        assert!(budget.look(&network("2001:db8:2::1"), &(), Time::EPOCH).is_ok());
    }

    #[test]
    fn how_far_it_is_overdrawn_is_said_and_comes_back_while_it_goes_on() {
        let (budget, here) = (budget(), network("192.0.2.1"));
        let beyond: Vec<_> = (0..9).map(|_| budget.overdraw(&here, &(), Time::EPOCH)).collect();
        assert_eq!(beyond, [0, 0, 0, 1, 2, 3, 4, 4, 4]);
        let later = Time::EPOCH.plus_seconds(4 * 1_200);
        assert_eq!(budget.overdraw(&here, &(), later), 1, "four came back, and one was used");
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let (budget, here) = (budget(), network("192.0.2.1"));
        let now = Time::EPOCH.plus_seconds(1_000_000);
        while budget.count(&here, &(), now).is_ok() {}
        assert!(budget.look(&here, &(), now.plus_seconds(-10)).is_err());
        assert!(budget.look(&here, &(), Time::EPOCH).is_ok());
    }

    #[test]
    fn who_is_at_rest_is_forgotten() {
        let (budget, here) = (budget(), network("2001:db8::1"));
        assert!(budget.count(&here, &(), Time::EPOCH).is_ok());
        budget.forget_idle(Time::EPOCH);
        assert_eq!(budget.used.count(), 3);
        budget.forget_idle(Time::EPOCH.plus_seconds(3_600));
        assert_eq!(budget.used.count(), 0);
    }
}
