//! Password hashing: Argon2id (RFC 9106) behind a bound.
//!
//! A hash costs 19 MiB and two passes over them, on purpose. So only as many run at once as there are
//! processors, on the blocking pool, and only a limited number may wait: the rest is told to come
//! back, and neither memory nor other requests suffer from a thousand logins at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use crate::{auth::AuthError, config::AuthConfig};

const WAITING_PER_WORKER: usize = 64;

/// Hashes and checks passwords, a few at a time.
#[derive(Clone)]
pub(in crate::auth) struct Hasher {
    params: Params,
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
        Ok(Self {
            params: params.map_err(|error| AuthError::Internal(error.to_string()))?,
            running: Arc::new(Semaphore::new(workers)),
            admitted: Arc::new(Semaphore::new(workers + workers * WAITING_PER_WORKER)),
        })
    }

    /// The PHC string of a password, with a fresh salt.
    pub(in crate::auth) async fn hash(&self, password: String) -> Result<String, AuthError> {
        let params = self.params.clone();
        self.run(|| Ok(()), move || hash(params, &password)).await?
    }

    /// Whether `password` is the one of `stored`. Without one it costs the same and is never.
    ///
    /// `may_still` is asked when the turn comes: what happened while this one waited may speak
    /// against it.
    pub(in crate::auth) async fn verify(
        &self,
        password: String,
        stored: Option<String>,
        may_still: impl FnOnce() -> Result<(), AuthError>,
    ) -> Result<bool, AuthError> {
        let params = self.params.clone();
        let check = move || match stored.as_deref().map(PasswordHash::new) {
            None => hash(params, &password).map(|_| false),
            Some(Ok(parsed)) => {
                Ok(argon2(params).verify_password(password.as_bytes(), &parsed).is_ok())
            }
            Some(Err(error)) => Err(AuthError::Internal(format!("a stored hash: {error}"))),
        };
        self.run(may_still, check).await?
    }

    /// Whether a hash was made with less, or other, than what is configured now.
    pub(in crate::auth) fn is_outdated(&self, stored: &str) -> bool {
        let current = PasswordHash::new(stored).ok().and_then(|hash| {
            let params = Params::try_from(&hash).ok()?;
            (hash.algorithm == Algorithm::Argon2id.ident()).then_some(params)
        });
        current.is_none_or(|params| {
            params.m_cost() != self.params.m_cost()
                || params.t_cost() != self.params.t_cost()
                || params.p_cost() != self.params.p_cost()
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        may_still: impl FnOnce() -> Result<(), AuthError>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let _admitted = self.admitted.try_acquire().map_err(|_| AuthError::HasherBusy)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|error| AuthError::Internal(error.to_string()))?;
        may_still()?;
        let task = tokio::task::spawn_blocking(move || {
            // The permit goes with the work: a request that is given up still counts until it ends.
            let _running = running;
            work()
        });
        task.await.map_err(|error| AuthError::Internal(error.to_string()))
    }
}

fn hash(params: Params, password: &str) -> Result<String, AuthError> {
    argon2(params)
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| AuthError::Internal(error.to_string()))
}

fn argon2(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
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
        let verify = |password: &str, stored| hasher.verify(password.to_owned(), stored, || Ok(()));
        assert!(verify("corretto cavallo", Some(stored.clone())).await.unwrap());
        assert!(!verify("corretto cavalla", Some(stored)).await.unwrap());
        assert!(!verify("corretto cavallo", None).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_waited_is_asked_again_whether_they_may() {
        let hasher = hasher("64");
        let (release, held) = std::sync::mpsc::channel::<()>();
        let first = hasher.run(|| Ok(()), move || held.recv().is_ok());
        tokio::pin!(first);
        assert!(futures_util::poll!(&mut first).is_pending());
        let is_stopped = std::cell::Cell::new(false);
        let may_still = || {
            if is_stopped.get() { Err(AuthError::TooManyFailures(1)) } else { Ok(()) }
        };
        let waiting = hasher.verify("corretto cavallo".to_owned(), None, may_still);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        is_stopped.set(true);
        release.send(()).unwrap();
        assert_eq!(first.await, Ok(true));
        assert_eq!(waiting.await, Err(AuthError::TooManyFailures(1)));
    }

    #[tokio::test]
    async fn a_hash_of_other_cost_is_outdated() {
        let stored = hasher("64").hash("corretto cavallo".to_owned()).await.unwrap();
        assert!(!hasher("64").is_outdated(&stored));
        assert!(hasher("128").is_outdated(&stored));
        assert!(hasher("64").is_outdated("$2b$12$abc"));
    }

    #[tokio::test]
    async fn more_than_may_wait_are_told_so() {
        let hasher = hasher("64");
        let (release, held) = std::sync::mpsc::channel::<()>();
        let blocked = hasher.run(|| Ok(()), move || held.recv().is_ok());
        let mut waiting = vec![tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.run(|| Ok(()), || true).await }
        })];
        tokio::pin!(blocked);
        assert!(futures_util::poll!(&mut blocked).is_pending());
        for _ in 1..WAITING_PER_WORKER {
            let hasher = hasher.clone();
            waiting.push(tokio::spawn(async move { hasher.run(|| Ok(()), || true).await }));
        }
        while hasher.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.run(|| Ok(()), || true).await, Err(AuthError::HasherBusy));
        release.send(()).unwrap();
        assert_eq!(blocked.await, Ok(true));
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(true));
        }
    }
}
