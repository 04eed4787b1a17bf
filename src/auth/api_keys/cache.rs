//! What is remembered of API keys: who is behind them, until the next commit, and when they were used last.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    clock::Time,
    http::{ClientNetwork, Principal},
    ids::RandomId,
    store::CommitCache,
};

/// Keys that are remembered at once, some 400 bytes each.
const REMEMBERED: usize = 1_024;

/// What is remembered of keys, and their uses that were not written yet.
pub(in crate::auth) struct ApiKeyCache {
    pub(super) known: CommitCache<RandomId, Arc<CachedKey>>,
    /// Of keys that exist alone, so there are no more of them than keys.
    uses: Mutex<HashMap<RandomId, LastUse>>,
}

/// A key, and who is behind it.
pub(in crate::auth) struct CachedKey {
    pub(super) hash: [u8; 32],
    pub(super) expires_at: Option<Time>,
    pub(super) person: Arc<Principal>,
}

/// The last time that a key was used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) struct LastUse {
    pub(super) at: Time,
    pub(super) network: ClientNetwork,
}

impl Default for ApiKeyCache {
    fn default() -> Self {
        Self { known: CommitCache::new(REMEMBERED), uses: Mutex::default() }
    }
}

impl ApiKeyCache {
    /// The last use of a key that was not written yet.
    pub(super) fn last_use(&self, id: RandomId) -> Option<LastUse> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    /// Notes that a key was used.
    pub(super) fn note(&self, id: RandomId, at: Time, network: ClientNetwork) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert(id, LastUse { at, network });
    }

    /// The uses that were not written yet, which are in the hands of the caller from here on.
    pub(super) fn take(&self) -> HashMap<RandomId, LastUse> {
        std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be written, under what was noted since.
    pub(super) fn put_back(&self, taken: HashMap<RandomId, LastUse>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, used) in taken {
            uses.entry(id).or_insert(used);
        }
    }
}
