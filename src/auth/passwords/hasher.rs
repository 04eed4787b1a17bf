//! Password hashing behind a bound.
//!
//! A hash costs 19 MiB and two passes over them, on purpose. So only as many run at once as there are
//! processors, on the blocking pool. The others wait for their turn, networks taking turns and within a
//! network its connections ([`Turns`]), so that a flood delays itself and nobody else. Whoever waits for
//! too long, or is of a flood that fills the queue, is told to come back. A new password is judged in the
//! same turn, which takes as long.
//!
//! An import brings bcrypt hashes. They verify here and count as outdated, so that the login that they
//! are good for replaces them, in its own turn. bcrypt sees 72 bytes of a password; what replaces it takes
//! all of it.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use argon2::{Algorithm, Params, password_hash::phc::PasswordHash};

use super::{
    argon::Argon,
    imported::{are_bearable_steps, is_bearable},
    model::NewPassword,
    strength::UserInputs,
};
use crate::{
    auth::AuthError,
    config::AuthConfig,
    http::{ClientConnection, TurnTaker},
    limit::{Turn, Turns},
};

/// How many may wait: more than all connections that a client of one address may have, and few enough for
/// their requests to take some megabytes.
const MOST_WAITING: usize = 4_096;
/// How long somebody waits for a turn: less than a client has patience for.
const LONGEST_WAIT: Duration = Duration::from_secs(12);
/// What is stored for an account that has no password yet: no hash of anything.
pub const NO_PASSWORD: &str = "!";
/// The forms of bcrypt hashes that are good: as it was, and as two others mended it.
const BCRYPT: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// Hashes and checks passwords, a few at a time.
#[derive(Clone)]
pub(in crate::auth) struct Hasher {
    argon: Arc<Argon>,
    turns: Turns<TurnTaker>,
}

/// What came of a password that somebody tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::auth) enum Verdict<W> {
    /// It is another one; with what was said of it before the next in the queue was asked.
    Wrong(W),
    /// It is the one. What to store in the place of its hash, when that was made with less than is
    /// configured now.
    Right(Option<String>),
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
        Ok(Self { argon: Arc::new(Argon::new(params)), turns: Turns::new(workers, MOST_WAITING) })
    }

    /// The PHC string of a new password, once it is judged to be none of `user_inputs`. `is_wanted` is asked
    /// between the two: to judge a password costs little, to hash it much.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for one that is easy to guess, what `is_wanted` says, and
    /// [`AuthError::HasherBusy`].
    pub(in crate::auth) async fn hash_new(
        &self,
        password: NewPassword,
        user_inputs: UserInputs,
        is_wanted: impl FnOnce() -> Result<(), AuthError> + Send + 'static,
        client: ClientConnection,
    ) -> Result<String, AuthError> {
        let work = move |argon: &Argon| {
            user_inputs.judge(&password)?;
            is_wanted()?;
            argon.hash(password.reveal())
        };
        self.run(client, || Ok(()), work).await?
    }

    /// Whether `password` is the one of `stored`. Without one, or when it is no hash at all, it costs the
    /// same and is never. A hash that is outdated is made anew in the same turn; should that fail, the old one
    /// is as good as before.
    ///
    /// `may_still` is asked when the turn comes: what happened while this one waited may speak against it.
    /// `wrong` is called for another password before the next in the queue is asked whether it may still.
    pub(in crate::auth) async fn verify<W>(
        &self,
        password: String,
        stored: Option<String>,
        client: ClientConnection,
        may_still: impl FnOnce() -> Result<(), AuthError>,
        wrong: impl FnOnce() -> W,
    ) -> Result<Verdict<W>, AuthError> {
        let check = move |argon: &Argon| {
            let stored = stored.as_deref().unwrap_or(NO_PASSWORD);
            let is_right = match Stored::read(stored, argon.params()) {
                Stored::Phc(stored) => argon.verify(&password, &stored),
                Stored::Bcrypt(text) => bcrypt::verify(&password, text).unwrap_or(false),
                Stored::Nothing => argon.hash(&password).map(|_| false)?,
            };
            let renewed = if is_right && is_outdated(stored, argon.params()) {
                argon.hash(&password).ok()
            } else {
                None
            };
            Ok::<_, AuthError>((is_right, renewed))
        };
        let (checked, _turn) = self.take_turn(client, may_still, check).await?;
        let (is_right, renewed) = checked?;
        Ok(if is_right { Verdict::Right(renewed) } else { Verdict::Wrong(wrong()) })
    }

    async fn run<T: Send + 'static>(
        &self,
        client: ClientConnection,
        may_still: impl FnOnce() -> Result<(), AuthError>,
        work: impl FnOnce(&Argon) -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        self.take_turn(client, may_still, work).await.map(|(done, _)| done)
    }

    /// What came of the work, and the turn, which ends when it is dropped.
    async fn take_turn<T: Send + 'static>(
        &self,
        client: ClientConnection,
        may_still: impl FnOnce() -> Result<(), AuthError>,
        work: impl FnOnce(&Argon) -> T + Send + 'static,
    ) -> Result<(T, Turn<TurnTaker>), AuthError> {
        let turn = tokio::time::timeout(LONGEST_WAIT, self.turns.take(client.turn_takers())).await;
        let turn = turn.map_err(|_| AuthError::HasherBusy)?.map_err(|_| AuthError::HasherBusy)?;
        may_still()?;
        let hasher = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let done = work(&hasher.argon);
            if !hasher.turns.is_awaited() {
                hasher.argon.rest();
            }
            // The turn goes with the work: a request that is given up still has it until it ends.
            (done, turn)
        });
        task.await.map_err(|error| AuthError::Internal(error.to_string()))
    }
}

/// Whether a hash was made with less, or other, than what is configured now.
fn is_outdated(stored: &str, wanted: &Params) -> bool {
    let current = PasswordHash::new(stored).ok().and_then(|hash| {
        let params = Params::try_from(&hash).ok()?;
        (hash.algorithm == Algorithm::Argon2id.ident()).then_some(params)
    });
    current.is_none_or(|params| {
        params.m_cost() != wanted.m_cost()
            || params.t_cost() != wanted.t_cost()
            || params.p_cost() != wanted.p_cost()
    })
}

/// What an account has for a password.
enum Stored<'s> {
    Phc(Box<PasswordHash>),
    Bcrypt(&'s str),
    Nothing,
}

impl<'s> Stored<'s> {
    /// What names more work than a login may do is nothing, like what is no hash at all.
    fn read(text: &'s str, configured: &Params) -> Self {
        if BCRYPT.iter().any(|form| text.starts_with(form)) {
            let parts = text.parse::<bcrypt::HashParts>();
            let is_bearable = parts.is_ok_and(|parts| are_bearable_steps(parts.get_cost()));
            return if is_bearable { Self::Bcrypt(text) } else { Self::Nothing };
        }
        let Ok(hash) = PasswordHash::new(text) else { return Self::Nothing };
        match Params::try_from(&hash) {
            Ok(params) if is_bearable(&params, Some(configured)) => Self::Phc(Box::new(hash)),
            _ => Self::Nothing,
        }
    }
}
