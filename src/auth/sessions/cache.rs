//! What is remembered of access tokens and of the sessions that they are of.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    clock::Time,
    http::Principal,
    ids::{RandomId, UserId},
    store::CommitCache,
    token::Access,
};

/// Tokens and sessions that are remembered at once, some 400 bytes each; beyond, everything is
/// forgotten and learnt again.
const REMEMBERED: usize = 8_192;

/// What is remembered of tokens and of who stands behind them.
pub(in crate::auth) struct SessionCache {
    signatures: RwLock<HashMap<String, VerifiedToken>>,
    pub(super) people: CommitCache<RandomId, CachedSession>,
}

/// What a token says, until when, and by which ring of keys.
#[derive(Clone, Copy)]
pub(super) struct VerifiedToken {
    pub(super) access: Access,
    pub(super) ends: Time,
    pub(super) generation: u64,
}

/// Who a session belongs to, and when it ends.
#[derive(Clone)]
pub(in crate::auth) struct CachedSession {
    pub(in crate::auth) person: Arc<Principal>,
    pub(super) session_ends: Time,
}

impl CachedSession {
    /// Whether the session is this person's and has not run out.
    pub(in crate::auth) fn belongs_to(&self, user: UserId, now: Time) -> bool {
        self.person.id == user && now <= self.session_ends
    }
}

impl Default for SessionCache {
    fn default() -> Self {
        Self { signatures: RwLock::default(), people: CommitCache::new(REMEMBERED) }
    }
}

impl SessionCache {
    /// What a token whose signature was checked before says.
    pub(super) fn get(&self, token: &str) -> Option<VerifiedToken> {
        self.signatures.read().unwrap_or_else(PoisonError::into_inner).get(token).copied()
    }

    /// Remembers a token whose signature holds.
    pub(super) fn put(&self, token: &str, known: VerifiedToken) {
        let mut all = self.signatures.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(token.to_owned(), known);
    }
}
