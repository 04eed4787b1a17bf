//! Password hashing behind a bound.
//!
//! A hash costs 19 MiB and two passes over them, on purpose. So only as many run at once as there are
//! processors, on the blocking pool, and only a limited number may wait: the rest is told to come
//! back, and neither memory nor other requests suffer from a thousand logins at once. A new password is
//! judged there too, which takes as long.
//!
//! An import brings bcrypt hashes. They verify here and count as outdated, so that the login that they
//! are good for replaces them. bcrypt sees 72 bytes of a password; what replaces it takes all of it.

use std::sync::Arc;

use argon2::{Algorithm, Params, password_hash::phc::PasswordHash};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{argon::Argon, model::NewPassword, strength::Guesses};
use crate::{auth::AuthError, config::AuthConfig};

const WAITING_PER_WORKER: usize = 64;
/// What is stored for an account that has no password yet: no hash of anything.
pub const NO_PASSWORD: &str = "!";
/// The forms of bcrypt hashes that are good: as it was, and as two others mended it.
const BCRYPT: [&str; 3] = ["$2a$", "$2b$", "$2y$"];
/// Each step doubles the time. Who could store a hash of 31 steps would stop the hasher for days with it.
const MOST_BCRYPT_STEPS: u32 = 16;

/// Hashes and checks passwords, a few at a time.
#[derive(Clone)]
pub(in crate::auth) struct Hasher {
    argon: Arc<Argon>,
    workers: usize,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Hasher {
    /// A hasher with the configured cost.
    pub(in crate::auth) fn new(config: &AuthConfig) -> Result<Self, AuthError> {
        let params =
            Params::new(config.argon2_memory_kib, config.argon2_passes, config.argon2_lanes, None);
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let workers = match config.hash_concurrency {
            0 => processors(),
            configured => configured,
        };
        let params = params.map_err(|error| AuthError::Internal(error.to_string()))?;
        Ok(Self {
            argon: Arc::new(Argon::new(params)),
            workers,
            running: Arc::new(Semaphore::new(workers)),
            admitted: Arc::new(Semaphore::new(workers + workers * WAITING_PER_WORKER)),
        })
    }

    /// The PHC string of a new password, once it is judged to be none of `guesses`.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for one that is easy to guess, and [`AuthError::HasherBusy`].
    pub(in crate::auth) async fn hash_new(
        &self,
        password: NewPassword,
        guesses: Guesses,
    ) -> Result<String, AuthError> {
        let work = move |argon: &Argon| {
            guesses.judge(&password)?;
            argon.hash(password.reveal())
        };
        self.run(|| Ok(()), work).await?
    }

    /// The PHC string of a password, with a fresh salt.
    pub(in crate::auth) async fn hash(&self, password: String) -> Result<String, AuthError> {
        self.run(|| Ok(()), move |argon| argon.hash(&password)).await?
    }

    /// Whether `password` is the one of `stored`. Without one, or when it is no hash at all, it costs the
    /// same and is never.
    ///
    /// `may_still` is asked when the turn comes: what happened while this one waited may speak against it.
    /// `wrong` is called for another password before the next in the queue is asked whether it may still.
    pub(in crate::auth) async fn verify(
        &self,
        password: String,
        stored: Option<String>,
        may_still: impl FnOnce() -> Result<(), AuthError>,
        wrong: impl FnOnce(),
    ) -> Result<bool, AuthError> {
        let check =
            move |argon: &Argon| match Stored::read(stored.as_deref().unwrap_or(NO_PASSWORD)) {
                Stored::Phc(stored) => Ok(argon.verify(&password, &stored)),
                Stored::Bcrypt(text) => Ok(bcrypt::verify(&password, text).unwrap_or(false)),
                Stored::Nothing => argon.hash(&password).map(|_| false),
            };
        let (verified, _turn) = self.take_turn(may_still, check).await?;
        let verified = verified?;
        if !verified {
            wrong();
        }
        Ok(verified)
    }

    /// Whether a hash was made with less, or other, than what is configured now.
    pub(in crate::auth) fn is_outdated(&self, stored: &str) -> bool {
        let current = PasswordHash::new(stored).ok().and_then(|hash| {
            let params = Params::try_from(&hash).ok()?;
            (hash.algorithm == Algorithm::Argon2id.ident()).then_some(params)
        });
        current.is_none_or(|params| {
            let wanted = self.argon.params();
            params.m_cost() != wanted.m_cost()
                || params.t_cost() != wanted.t_cost()
                || params.p_cost() != wanted.p_cost()
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        may_still: impl FnOnce() -> Result<(), AuthError>,
        work: impl FnOnce(&Argon) -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        self.take_turn(may_still, work).await.map(|(done, _)| done)
    }

    /// What came of the work, and the turn, which ends when it is dropped.
    async fn take_turn<T: Send + 'static>(
        &self,
        may_still: impl FnOnce() -> Result<(), AuthError>,
        work: impl FnOnce(&Argon) -> T + Send + 'static,
    ) -> Result<(T, OwnedSemaphorePermit), AuthError> {
        let _admitted = self.admitted.try_acquire().map_err(|_| AuthError::HasherBusy)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|error| AuthError::Internal(error.to_string()))?;
        may_still()?;
        let hasher = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let done = work(&hasher.argon);
            if !hasher.is_awaited() {
                hasher.argon.rest();
            }
            // The permit goes with the work: a request that is given up still counts until it ends.
            (done, running)
        });
        task.await.map_err(|error| AuthError::Internal(error.to_string()))
    }

    /// Whether more were admitted than can run.
    fn is_awaited(&self) -> bool {
        self.admitted.available_permits() < self.workers * WAITING_PER_WORKER
    }
}

/// What an account has for a password.
enum Stored<'s> {
    Phc(Box<PasswordHash>),
    Bcrypt(&'s str),
    Nothing,
}

impl<'s> Stored<'s> {
    fn read(text: &'s str) -> Self {
        if BCRYPT.iter().any(|form| text.starts_with(form)) {
            let parts = text.parse::<bcrypt::HashParts>();
            let is_bearable = parts.is_ok_and(|parts| parts.get_cost() <= MOST_BCRYPT_STEPS);
            return if is_bearable { Self::Bcrypt(text) } else { Self::Nothing };
        }
        PasswordHash::new(text).map_or(Self::Nothing, |hash| Self::Phc(Box::new(hash)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn hasher(memory: &str) -> Hasher {
        let flags = vec![
            ("auth.argon2_memory_kib".to_owned(), memory.to_owned()),
            ("auth.hash_concurrency".to_owned(), "1".to_owned()),
        ];
        let config = Config::load(&Sources { flags, ..Sources::default() }).unwrap();
        Hasher::new(&config.auth).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_alone_is_right() {
        let hasher = hasher("64");
        let stored = hasher.hash("corretto cavallo".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{stored}");
        let verify =
            |password: &str, stored| hasher.verify(password.to_owned(), stored, || Ok(()), || {});
        assert!(verify("corretto cavallo", Some(stored.clone())).await.unwrap());
        assert!(!verify("corretto cavalla", Some(stored)).await.unwrap());
        assert!(!verify("corretto cavallo", None).await.unwrap());
        for password in ["corretto cavallo", ""] {
            assert!(!verify(password, Some(NO_PASSWORD.to_owned())).await.unwrap());
        }
    }

    #[tokio::test]
    async fn whoever_waited_is_asked_again_whether_they_may() {
        let hasher = hasher("64");
        let (release, held) = std::sync::mpsc::channel::<()>();
        let first = hasher.run(|| Ok(()), move |_| held.recv().is_ok());
        tokio::pin!(first);
        assert!(futures_util::poll!(&mut first).is_pending());
        let is_stopped = std::cell::Cell::new(false);
        let may_still = || {
            if is_stopped.get() { Err(AuthError::TooManyFailures(1)) } else { Ok(()) }
        };
        let waiting = hasher.verify("corretto cavallo".to_owned(), None, may_still, || {});
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        is_stopped.set(true);
        release.send(()).unwrap();
        assert_eq!(first.await, Ok(true));
        assert_eq!(waiting.await, Err(AuthError::TooManyFailures(1)));
    }

    #[tokio::test]
    async fn memory_is_kept_for_whoever_waits_and_for_nobody_else() {
        let hasher = hasher("64");
        let (release, held) = std::sync::mpsc::channel::<()>();
        let work = move |argon: &Argon| {
            assert!(argon.hash("corretto cavallo").is_ok());
            held.recv().is_ok()
        };
        let first = hasher.run(|| Ok(()), work);
        tokio::pin!(first);
        assert!(futures_util::poll!(&mut first).is_pending());
        let second = hasher.run(|| Ok(()), Argon::kept);
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        release.send(()).unwrap();
        assert_eq!(first.await, Ok(true));
        assert_eq!(second.await, Ok(1));
        assert_eq!(hasher.argon.kept(), 0);
    }

    #[tokio::test]
    async fn a_hash_of_other_cost_is_outdated() {
        let stored = hasher("64").hash("corretto cavallo".to_owned()).await.unwrap();
        assert!(!hasher("64").is_outdated(&stored));
        assert!(hasher("128").is_outdated(&stored));
        assert!(hasher("64").is_outdated(&bcrypted("corretto cavallo", "2b")));
    }

    /// A bcrypt hash of few steps.
    fn bcrypted(password: &str, version: &str) -> String {
        let parts = bcrypt::hash_with_salt(password, 4, *b"sixteen of bytes").unwrap();
        parts.to_string().replacen("$2b$", &format!("${version}$"), 1)
    }

    #[tokio::test]
    async fn a_bcrypt_hash_of_any_good_version_verifies() {
        let hasher = hasher("64");
        // The test vector of the reference implementation for "U*U".
        let known = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        let verify = |password: &str, stored: &str| {
            hasher.verify(password.to_owned(), Some(stored.to_owned()), || Ok(()), || {})
        };
        assert!(verify("U*U", known).await.unwrap());
        for version in ["2a", "2b", "2y"] {
            let stored = bcrypted("corretto cavallo", version);
            assert!(verify("corretto cavallo", &stored).await.unwrap(), "{version}");
            assert!(!verify("corretto cavalla", &stored).await.unwrap(), "{version}");
        }
        let broken = bcrypted("corretto cavallo", "2x");
        assert!(!verify("corretto cavallo", &broken).await.unwrap(), "a version that was a fault");
    }

    #[tokio::test]
    async fn what_is_no_hash_never_verifies_and_costs_as_much() {
        // Enough memory for the time of one hash to be seen.
        let hasher = hasher("8192");
        let stored = hasher.hash("corretto cavallo".to_owned()).await.unwrap();
        let quickest = async |password: &str, stored: &str| {
            let mut quickest = std::time::Duration::MAX;
            for _ in 0..5 {
                let start = std::time::Instant::now();
                let stored = Some(stored.to_owned());
                assert!(
                    !hasher.verify(password.to_owned(), stored, || Ok(()), || {}).await.unwrap()
                );
                quickest = quickest.min(start.elapsed());
            }
            quickest
        };
        let wrong = quickest("corretto cavalla", &stored).await;
        let costly = bcrypted("x", "2b").replacen("$04$", "$31$", 1);
        for nothing in [NO_PASSWORD, "", "corretto cavallo", "$argon2id$", "$2b$12$abc", &costly] {
            let took = quickest(nothing, nothing).await;
            assert!(took * 3 > wrong && took < wrong * 3, "{nothing}: {took:?}, not {wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_new_password_is_judged_before_it_is_hashed() {
        let hash_new = |text: &str| {
            let password = NewPassword::parse("new", text.to_owned(), &[]).ok().unwrap();
            let hasher = hasher("64");
            async move { hasher.hash_new(password, Guesses::new(["ada"], [])).await }
        };
        assert!(hash_new("corretto cavallo batteria").await.unwrap().starts_with("$argon2id$"));
        let Err(AuthError::Invalid(faults)) = hash_new("qwertyuiop").await else {
            panic!("it is a row of keys")
        };
        assert_eq!(faults[0].field, "new");
    }

    #[tokio::test]
    async fn more_than_may_wait_are_told_so() {
        let hasher = hasher("64");
        let (release, held) = std::sync::mpsc::channel::<()>();
        let blocked = hasher.run(|| Ok(()), move |_| held.recv().is_ok());
        let mut waiting = vec![tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.run(|| Ok(()), |_| true).await }
        })];
        tokio::pin!(blocked);
        assert!(futures_util::poll!(&mut blocked).is_pending());
        for _ in 1..WAITING_PER_WORKER {
            let hasher = hasher.clone();
            waiting.push(tokio::spawn(async move { hasher.run(|| Ok(()), |_| true).await }));
        }
        while hasher.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.run(|| Ok(()), |_| true).await, Err(AuthError::HasherBusy));
        release.send(()).unwrap();
        assert_eq!(blocked.await, Ok(true));
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(true));
        }
    }
}
