//! Argon2id (RFC 9106) over memory that is handed from one hash to the next.
//!
//! Each hash fills 19 MiB. To ask the system for them anew every time costs a good part of the hash itself:
//! five thousand pages to fault in. So what one hash is done with the next one takes, as long as somebody
//! waits for it; when nobody does, the memory goes back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};

use crate::auth::AuthError;

/// Hashes at the configured cost, and checks hashes of any.
pub(super) struct Argon {
    params: Params,
    /// What hashes left behind: one for each that ran at the same time.
    spare: Mutex<Vec<Vec<Block>>>,
    /// The blocks that were filled so far, once for each pass: what tests know the cost of a check by.
    #[cfg(test)]
    filled: std::sync::atomic::AtomicU64,
}

impl Argon {
    /// At the cost of `params`.
    pub(super) fn new(params: Params) -> Self {
        Self {
            params,
            spare: Mutex::default(),
            #[cfg(test)]
            filled: std::sync::atomic::AtomicU64::default(),
        }
    }

    /// The cost of new hashes.
    pub(super) fn params(&self) -> &Params {
        &self.params
    }

    /// The PHC string of a password, with a fresh salt.
    pub(super) fn hash(&self, password: &str) -> Result<String, AuthError> {
        let (salt, params) = (Salt::generate(), &self.params);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(params).map_err(internal)?,
            salt: Some(salt),
            hash: Some(self.output(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?),
        };
        Ok(hash.to_string())
    }

    /// Whether `stored` is a hash of this password; one that cannot be computed is of none. The comparison
    /// takes as long wherever the two begin to differ.
    pub(super) fn verify(&self, password: &str, stored: &PasswordHash) -> bool {
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return false };
        let Ok(params) = Params::try_from(stored) else { return false };
        let Ok(algorithm) = Algorithm::try_from(stored.algorithm.as_str()) else { return false };
        let version = stored.version.map_or(Ok(Version::default()), Version::try_from);
        let Ok(version) = version else { return false };
        let argon2 = Argon2::new(algorithm, version, params);
        self.output(&argon2, password, salt, expected.len()).is_ok_and(|output| output == *expected)
    }

    /// Lets go of the memory that is kept.
    pub(super) fn rest(&self) {
        *self.spare() = Vec::new();
    }

    /// How many hashes it keeps memory for.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.spare().len()
    }

    /// How many blocks were filled so far, each pass counted.
    #[cfg(test)]
    pub(super) fn filled(&self) -> u64 {
        self.filled.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn output(
        &self,
        argon2: &Argon2<'_>,
        password: &str,
        salt: &Salt,
        bytes: usize,
    ) -> Result<Output, AuthError> {
        let spare = self.spare().pop();
        let mut memory = spare.unwrap_or_default();
        memory.resize(argon2.params().block_count(), Block::default());
        let mut buffer = [0; Output::MAX_LENGTH];
        let output = buffer.get_mut(..bytes).unwrap_or_default();
        let done =
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, &mut memory);
        #[cfg(test)]
        self.filled.fetch_add(
            argon2.params().block_count() as u64 * u64::from(argon2.params().t_cost()),
            std::sync::atomic::Ordering::SeqCst,
        );
        self.spare().push(memory);
        done.map_err(internal)?;
        Output::new(output).map_err(internal)
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn internal(error: impl std::fmt::Display) -> AuthError {
    AuthError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    fn argon(memory_kib: u32) -> Argon {
        Argon::new(Params::new(memory_kib, 2, 1, None).unwrap())
    }

    #[test]
    fn what_it_makes_is_what_everybody_makes() {
        let argon = argon(64);
        // Twice, so that the second finds what the first has left in the memory.
        for password in ["corretto cavallo", "batteria graffetta"] {
            let ours = PasswordHash::new(&argon.hash(password).unwrap()).unwrap();
            let reference = Argon2::from(argon.params().clone());
            assert!(reference.verify_password(password.as_bytes(), &ours).is_ok());
            let theirs = reference.hash_password(password.as_bytes()).unwrap();
            assert!(argon.verify(password, &theirs));
            assert!(!argon.verify("corretto cavalla", &theirs));
        }
    }

    #[test]
    fn a_hash_of_any_cost_is_checked_in_the_memory_of_another() {
        let text = |argon: &Argon| PasswordHash::new(&argon.hash("x").unwrap()).unwrap();
        let (little, much) = (argon(64), argon(256));
        for stored in [text(&little), text(&much), text(&little)] {
            assert!(little.verify("x", &stored) && !little.verify("y", &stored));
        }
    }

    #[test]
    fn memory_is_kept_until_it_rests() {
        let argon = argon(64);
        argon.hash("x").unwrap();
        assert_eq!(argon.kept(), 1);
        argon.hash("x").unwrap();
        assert_eq!(argon.kept(), 1);
        argon.rest();
        assert_eq!(argon.kept(), 0);
    }
}
