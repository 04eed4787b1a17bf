//! The keys in force: what signs, what still verifies, and when each was made.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    auth::{records::StoredKey, tables::SIGNING_KEYS},
    clock::Time,
    store::{Direction, Reader, Store, StoreError},
    token::SigningKey,
};

/// The keys in force, shared by all who sign and verify, and swapped as a whole.
pub(in crate::auth) struct SigningKeys(RwLock<Arc<Ring>>);

/// The keys in force at one moment.
pub(in crate::auth) struct Ring {
    /// The newest first.
    pub(in crate::auth) keys: Vec<SigningKey>,
    /// Told apart from every ring before it: what was remembered under another is worth nothing.
    pub(in crate::auth) generation: u64,
    pub(super) made: Vec<KeyDate>,
}

/// When a key was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) struct KeyDate {
    pub(super) number: u64,
    pub(super) at: Time,
}

impl SigningKeys {
    /// The keys of a file.
    pub(in crate::auth) fn read(reader: &impl Reader) -> Result<Self, StoreError> {
        Ok(Self(RwLock::new(Arc::new(Ring::read(reader, 0)?))))
    }

    /// Those in force now.
    pub(in crate::auth) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads them anew, after a commit that changed them. Nobody else does meanwhile, so that an older
    /// state never takes the place of a newer one.
    pub(super) fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(Ring::read(&store.read()?, ring.generation + 1)?);
        Ok(())
    }
}

impl Ring {
    fn read(reader: &impl Reader, generation: u64) -> Result<Self, StoreError> {
        let stored = stored(reader)?;
        let key =
            |(number, key): &(u64, StoredKey)| SigningKey::new(number.to_string(), &key.secret);
        Ok(Self { keys: stored.iter().map(key).collect(), generation, made: made(&stored) })
    }
}

/// Every key, the newest first.
pub(super) fn stored(reader: &impl Reader) -> Result<Vec<(u64, StoredKey)>, StoreError> {
    let pair = |number, key| (number, key);
    SIGNING_KEYS.collect(reader, 0_u64.., Direction::Descending, usize::MAX, pair)
}

/// When each of them was made.
pub(super) fn made(stored: &[(u64, StoredKey)]) -> Vec<KeyDate> {
    stored.iter().map(|(number, key)| KeyDate { number: *number, at: key.created_at }).collect()
}
