//! Limits: who asks too often or fails too often (governor), and who holds too much at once.
//!
//! A [`Limiter`] counts every request of somebody who is signed in. A [`Budget`] counts for a network and
//! those around it: of strangers only what went wrong, so a class of three hundred behind one address logs
//! in and scans within a minute. A [`Backoff`] counts failures alone, and lets whoever goes on failing wait
//! ever longer. [`Shares`] count what is held at this moment, in the unit in which it is scarce; [`Turns`]
//! deal what is scarce to those who wait for it, and [`OneAtATime`] lets one request of somebody go on.
//!
//! Their memory has a bound whatever happens: [`bounded_store`] keeps a number of keys, and newcomers beyond it
//! share places.

mod backoff;
mod bounded_store;
mod budget;
mod one_at_a_time;
mod shares;
mod turns;

use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
};

pub use backoff::Backoff;
use bounded_store::BoundedStore;
pub use budget::Budget;
pub use one_at_a_time::{Leave, OneAtATime};
pub use shares::{Claimant, Exhausted, Share, Shares};
pub use turns::{TooMany, Turn, Turns};

/// How often room is looked for when every place is taken: it means to look at all of them.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);

/// What is limited, each under a name that clients are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Wrong secrets of one kind from one network.
    Anonymous,
    /// Requests of a person.
    SignedIn,
    /// Requests of a person that hand in what a machine collected.
    Ingest,
    /// Requests of a person for whole files, or for answers that read as much.
    Export,
    /// Wrong passwords for one account.
    LoginAccount,
    /// Wrong passwords from one network.
    LoginNetwork,
    /// Accounts made from one network.
    Registration,
    /// Registrations from one network that were refused.
    RefusedRegistration,
    /// Forgotten passwords: asked for on one network, and mailed to one person.
    PasswordReset,
    /// Wrong typed codes of one person, or from one network.
    TypedCode,
}

impl Policy {
    /// The name in `RateLimit` and `RateLimit-Policy`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::SignedIn => "signed-in",
            Self::Ingest => "ingest",
            Self::Export => "export",
            Self::LoginAccount => "login-account",
            Self::LoginNetwork => "login-network",
            Self::Registration => "registration",
            Self::RefusedRegistration => "refused-registration",
            Self::PasswordReset => "password-reset",
            Self::TypedCode => "typed-code",
        }
    }

    /// The time for which a quota is, in seconds.
    pub const fn window_seconds(self) -> u32 {
        match self {
            Self::LoginAccount
            | Self::Registration
            | Self::RefusedRegistration
            | Self::PasswordReset
            | Self::TypedCode => 3_600,
            Self::LoginNetwork => 600,
            _ => 60,
        }
    }

    fn quota(self, times: NonZeroU32) -> Quota {
        let window = Duration::from_secs(self.window_seconds().into());
        // Nothing is as long as no time: of a window that has a second or more there is always some.
        let per_one =
            window.checked_div(times.get()).unwrap_or(window).max(Duration::from_nanos(1));
        Quota::with_period(per_one).unwrap_or(Quota::per_second(times)).allow_burst(times)
    }
}

/// How much of a limit somebody has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// Which limit.
    pub policy: Policy,
    /// How often they may still, at once.
    pub remaining: u32,
    /// Seconds until they may as often as ever; when they may not at all, until they may once.
    pub reset_seconds: u64,
}

/// Counts keys: people, networks, accounts.
pub struct Limiter<K: Hash + Eq + Clone> {
    policy: Policy,
    times: NonZeroU32,
    counted: RateLimiter<K, BoundedStore<K>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    swept: Mutex<Option<Instant>>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// As many times in the policy's window, all at once if need be. What was used comes back bit by
    /// bit, not all at the window's end.
    pub fn new(policy: Policy, times: NonZeroU32) -> Self {
        let clock = DefaultClock::default();
        let counted = RateLimiter::new(policy.quota(times), BoundedStore::default(), clock.clone());
        Self { policy, times, counted, clock, swept: Mutex::new(None) }
    }

    /// Counts one.
    ///
    /// # Errors
    /// When it is one too many, which does not count.
    pub fn count(&self, key: &K) -> Result<RateLimitStatus, RateLimitStatus> {
        if self.counted.len() >= bounded_store::MOST {
            self.sweep();
        }
        let after: Result<StateSnapshot, NotUntil<_>> = self.counted.check_key(key);
        match after {
            Ok(after) => Ok(self.standing(after.remaining_burst_capacity())),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                let reset_seconds = in_seconds(wait).max(1);
                Err(RateLimitStatus { policy: self.policy, remaining: 0, reset_seconds })
            }
        }
    }

    /// Forgets keys that are back at rest, and gives their memory back.
    pub fn forget_idle(&self) {
        self.counted.retain_recent();
        self.counted.shrink_to_fit();
    }

    fn standing(&self, remaining: u32) -> RateLimitStatus {
        let used = u64::from(self.times.get().saturating_sub(remaining));
        let window = u64::from(self.policy.window_seconds());
        let reset_seconds = (used * window).div_ceil(self.times.get().into());
        RateLimitStatus { policy: self.policy, remaining, reset_seconds }
    }

    /// Looks for places of keys that are back at rest, now and then.
    fn sweep(&self) {
        let now = Instant::now();
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.is_none_or(|swept| now.duration_since(swept) >= BETWEEN_SWEEPS) {
            *swept = Some(now);
            self.counted.retain_recent();
        }
    }
}

fn in_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();

    #[test]
    fn a_key_is_stopped_after_too_many_and_others_are_not() {
        let limiter = Limiter::new(Policy::SignedIn, THREE);
        let remaining: Vec<_> = (0..3).map(|_| limiter.count(&"a").unwrap().remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        let stopped = limiter.count(&"a").unwrap_err();
        assert_eq!((stopped.policy, stopped.remaining), (Policy::SignedIn, 0));
        assert!((1..=20).contains(&stopped.reset_seconds), "a third of a minute: {stopped:?}");
        assert!(limiter.count(&"b").is_ok());
    }

    #[test]
    fn what_was_used_comes_back_over_the_window_of_its_policy() {
        for (policy, times, seconds) in [
            (Policy::SignedIn, 6, 10),
            (Policy::LoginNetwork, 6, 100),
            (Policy::Registration, 36, 100),
        ] {
            let limiter = Limiter::new(policy, NonZeroU32::new(times).unwrap());
            assert_eq!(limiter.count(&"a").unwrap().reset_seconds, seconds, "{policy:?}");
            assert_eq!(limiter.count(&"a").unwrap().reset_seconds, 2 * seconds, "{policy:?}");
            let stopped = (0..times).find_map(|_| limiter.count(&"a").err()).unwrap();
            let wait = stopped.reset_seconds;
            assert!((seconds - 1..=seconds).contains(&wait), "{policy:?}: {wait}");
        }
    }

    #[test]
    fn idle_keys_are_forgotten() {
        let limiter = Limiter::new(Policy::Anonymous, NonZeroU32::MAX);
        for key in 0..10_000 {
            let _ = limiter.count(&key);
        }
        std::thread::sleep(Duration::from_millis(5));
        limiter.forget_idle();
        assert!(limiter.counted.len() < 10_000);
    }

    #[test]
    fn a_million_addresses_take_the_memory_of_some_and_go_free_no_more_for_it() {
        let limiter = Limiter::new(Policy::Registration, THREE);
        for key in 0..1_000_000_u32 {
            let _ = limiter.count(&key);
        }
        assert_eq!(limiter.counted.len(), bounded_store::MOST);
        // Whoever has a place is counted as ever, and whoever has none is counted, too.
        assert_eq!(limiter.count(&7).unwrap().remaining, 1);
        let newcomer = u32::MAX;
        for _ in 0..4 {
            let _ = limiter.count(&newcomer);
        }
        assert!(limiter.count(&newcomer).is_err());
        assert_eq!(limiter.counted.len(), bounded_store::MOST);
    }

    #[test]
    fn places_are_given_to_newcomers_again_once_their_keys_are_at_rest() {
        let limiter = Limiter::new(Policy::Anonymous, NonZeroU32::MAX);
        for key in 0..200_000_u32 {
            let _ = limiter.count(&key);
        }
        *limiter.swept.lock().unwrap() = None;
        let _ = limiter.count(&u32::MAX);
        assert!(limiter.counted.len() < bounded_store::MOST);
    }
}
