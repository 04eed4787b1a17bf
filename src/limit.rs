//! Rate limits (governor): who asks too often, or fails too often.
//!
//! [`Limiter`] counts every request. [`StopLimiter`] counts only what it is told to, what went wrong as a
//! rule: a success does not count, so a class of three hundred behind one address logs in and scans
//! within a minute while somebody who guesses is stopped after a handful.

use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

/// Counts every request of a key.
pub struct Limiter<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// As many a minute, all at once if need be.
    pub fn per_minute(requests: NonZeroU32) -> Self {
        Self::of(Quota::per_minute(requests))
    }

    fn of(quota: Quota) -> Self {
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// The time to wait, when it was one too many.
    pub fn count(&self, key: &K) -> Result<(), Duration> {
        self.limiter.check_key(key).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Forgets keys that are back at rest, so that memory is bounded by who is active.
    pub fn forget_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// Counts what a key did, failures as a rule, and stops it for a while after too many.
pub struct StopLimiter<K: Hash + Eq + Clone> {
    counted: Limiter<K>,
    stopped: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq + Clone> StopLimiter<K> {
    /// As many failures a minute, all at once if need be.
    pub fn per_minute(failures: NonZeroU32) -> Self {
        Self::of(Quota::per_minute(failures))
    }

    /// As many an hour, all at once if need be.
    pub fn per_hour(times: NonZeroU32) -> Self {
        Self::of(Quota::per_hour(times))
    }

    fn of(quota: Quota) -> Self {
        Self { counted: Limiter::of(quota), stopped: Mutex::new(HashMap::new()) }
    }

    /// Whether a key may try; asks without counting.
    ///
    /// # Errors
    /// The time to wait, when it was counted too often.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = stopped.get(key) else { return Ok(()) };
        let wait = until.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            stopped.remove(key);
            return Ok(());
        }
        Err(wait)
    }

    /// Counts one failure, or whatever else it was.
    pub fn count(&self, key: &K) {
        if let Err(wait) = self.counted.count(key) {
            let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            stopped.insert(key.clone(), Instant::now() + wait);
        }
    }

    /// Forgets keys that are back at rest.
    pub fn forget_idle(&self) {
        self.counted.forget_idle();
        let now = Instant::now();
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.retain(|_, until| *until > now);
        stopped.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();

    #[test]
    fn a_key_is_stopped_after_too_many_and_others_are_not() {
        let limiter = Limiter::per_minute(THREE);
        assert!((0..3).all(|_| limiter.count(&"a").is_ok()));
        assert!(limiter.count(&"a").is_err());
        assert!(limiter.count(&"b").is_ok());
    }

    #[test]
    fn asking_never_counts_and_failures_do() {
        let limiter = StopLimiter::per_minute(THREE);
        assert!((0..1_000).all(|_| limiter.check(&"a").is_ok()));
        (0..3).for_each(|_| limiter.count(&"a"));
        assert!(limiter.check(&"a").is_ok(), "three are allowed");
        limiter.count(&"a");
        let wait = limiter.check(&"a").unwrap_err();
        assert!(wait <= Duration::from_secs(20), "a third of a minute a failure: {wait:?}");
        assert!(limiter.check(&"b").is_ok());
    }

    #[test]
    fn idle_keys_are_forgotten() {
        let limiter = Limiter::per_minute(NonZeroU32::MAX);
        for key in 0..10_000 {
            let _ = limiter.count(&key);
        }
        std::thread::sleep(Duration::from_millis(5));
        limiter.forget_idle();
        assert!(limiter.limiter.len() < 10_000);
    }
}
