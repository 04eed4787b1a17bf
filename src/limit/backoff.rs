//! Waits that grow: whoever goes on failing is looked at ever more seldom.
//!
//! A key may fail a number of times without a wait. From then on each failure makes the next wait twice
//! as long, up to a quarter of an hour; what comes while it waits is not looked at and does not count.
//! Failures are forgiven bit by bit, the free ones within a time of their own.

use std::{hash::Hash, num::NonZeroU32};

use super::{Policy, RateLimitStatus, bounded_store::BoundedStore};
use crate::clock::Time;

/// The first wait.
const FIRST_WAIT_SECONDS: i64 = 10;
/// The longest.
const LONGEST_WAIT_SECONDS: i64 = 900;

/// Counts failures of keys: accounts, networks.
pub struct Backoff<K: Hash + Eq + Clone> {
    policy: Policy,
    free: NonZeroU32,
    failed: BoundedStore<K, Failures>,
}

/// The failures of one key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Failures {
    /// In thousandths of one, as of `waits_until`.
    level: i64,
    /// Until when the key has to wait; from then on failures are forgiven.
    waits_until: Time,
}

impl<K: Hash + Eq + Clone> Backoff<K> {
    /// As many failures as are free, forgiven within the policy's window.
    pub fn new(policy: Policy, free: NonZeroU32) -> Self {
        Self { policy, free, failed: BoundedStore::default() }
    }

    /// Whether the key may try at `now`; counts nothing.
    ///
    /// # Errors
    /// When it has to wait.
    pub fn look(&self, key: &K, now: Time) -> Result<(), RateLimitStatus> {
        self.failed.decide(key, false, |failures| {
            let failures = failures.unwrap_or_default();
            let wait = failures.waits_until.millis_since(now);
            // A longer one than there is comes of a clock that was set back.
            if !(1..=2 * LONGEST_WAIT_SECONDS * 1_000).contains(&wait) {
                return Ok(((), failures));
            }
            let reset_seconds = u64::try_from(wait).unwrap_or(0).div_ceil(1_000);
            Err(RateLimitStatus { policy: self.policy, remaining: 0, reset_seconds })
        })
    }

    /// Counts one failure of a key with so many shares of free ones.
    pub fn fail(&self, key: &K, shares: NonZeroU32, now: Time) {
        let (free, window) = (self.free.saturating_mul(shares), self.policy.window_seconds());
        let count = |failures: Option<Failures>| {
            Ok::<_, ()>(((), failures.unwrap_or_default().and_one(now, free, window)))
        };
        let _ = self.failed.decide(key, true, count);
    }

    /// Forgets the failures of a key, which has shown that it is not guessing.
    pub fn forgive(&self, key: &K) {
        self.failed.forget(key);
    }

    /// Forgets keys whose failures are all forgiven, and gives their memory back.
    pub fn forget_idle(&self, now: Time) {
        let (free, window) = (self.free, self.policy.window_seconds());
        self.failed.retain(|failures| {
            failures.level_at(now, free, window) > 0 || failures.waits_until > now
        });
        self.failed.shrink();
    }
}

impl Failures {
    /// What is not forgiven yet, in thousandths of a failure.
    fn level_at(self, now: Time, free: NonZeroU32, window_seconds: u32) -> i64 {
        let passed = now.millis_since(self.waits_until).max(0);
        let forgiven = passed.saturating_mul(i64::from(free.get())) / i64::from(window_seconds);
        self.level.saturating_sub(forgiven).max(0)
    }

    fn and_one(self, now: Time, free: NonZeroU32, window_seconds: u32) -> Self {
        let level = self.level_at(now, free, window_seconds).saturating_add(1_000);
        let beyond = (level + 999) / 1_000 - i64::from(free.get());
        let wait = match u32::try_from(beyond) {
            Err(_) => 0,
            Ok(doublings) => {
                FIRST_WAIT_SECONDS.saturating_mul(1 << doublings.min(32)).min(LONGEST_WAIT_SECONDS)
            }
        };
        Self { level, waits_until: now.plus_seconds(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NonZeroU32 = NonZeroU32::MIN;
    const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();

    /// Fails as soon as it may, as often; gives each wait in seconds.
    fn waits(backoff: &Backoff<&'static str>, now: &mut Time, times: usize) -> Vec<u64> {
        let mut waits = Vec::new();
        for _ in 0..times {
            assert_eq!(backoff.look(&"ada", *now), Ok(()));
            backoff.fail(&"ada", ONE, *now);
            let wait = backoff.look(&"ada", *now).err().map_or(0, |waits| waits.reset_seconds);
            waits.push(wait);
            *now = now.plus_seconds(wait.try_into().unwrap());
        }
        waits
    }

    #[test]
    fn the_first_failures_are_free_and_each_further_one_doubles_the_wait() {
        let backoff = Backoff::new(Policy::LoginAccount, THREE);
        let mut now = Time::EPOCH;
        assert_eq!(waits(&backoff, &mut now, 7), [0, 0, 10, 20, 40, 80, 160]);
        assert!(backoff.look(&"bob", now).is_ok());
    }

    #[test]
    fn a_wait_never_grows_beyond_a_quarter_of_an_hour() {
        let backoff = Backoff::new(Policy::LoginAccount, NonZeroU32::MIN);
        let mut now = Time::EPOCH;
        assert!(waits(&backoff, &mut now, 100).iter().all(|wait| *wait <= 900));
    }

    #[test]
    fn failures_are_forgiven_with_time_or_at_once() {
        let backoff = Backoff::new(Policy::LoginAccount, THREE);
        let mut now = Time::EPOCH;
        waits(&backoff, &mut now, 4);
        let window = i64::from(Policy::LoginAccount.window_seconds());
        let later = now.plus_seconds(2 * window);
        backoff.fail(&"ada", ONE, later);
        assert!(backoff.look(&"ada", later).is_ok(), "it is the first again");
        waits(&backoff, &mut now, 3);
        backoff.forgive(&"ada");
        assert!(backoff.look(&"ada", now).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_forgives_nothing_and_locks_nobody_out_for_long() {
        let backoff = Backoff::new(Policy::LoginAccount, NonZeroU32::MIN);
        let now = Time::EPOCH.plus_seconds(1_000_000);
        backoff.fail(&"ada", ONE, now);
        let before = now.plus_seconds(-5);
        assert_eq!(backoff.look(&"ada", before).unwrap_err().reset_seconds, 15);
        backoff.forget_idle(before);
        assert!(backoff.look(&"ada", before).is_err());
        assert!(backoff.look(&"ada", Time::EPOCH).is_ok());
    }

    #[test]
    fn a_million_keys_take_the_memory_of_some() {
        let backoff = Backoff::new(Policy::LoginAccount, THREE);
        for key in 0..1_000_000_u32 {
            backoff.fail(&key, ONE, Time::EPOCH);
        }
        assert_eq!(backoff.failed.count(), super::super::bounded_store::MOST);
        backoff.forget_idle(Time::EPOCH.plus_seconds(1_000_000));
        assert_eq!(backoff.failed.count(), 0);
    }
}
