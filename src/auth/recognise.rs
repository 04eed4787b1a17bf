//! Recognising the bearer of an access token, on every request.
//!
//! A token's signature is checked once and remembered until the token ends. Who stands behind it is
//! remembered too, but only as long as nothing at all is committed to `auth.redb`: the number of
//! commits is read before the session and the account are, so whatever has been answered to anyone
//! (a logout, a demotion) is seen by the very next request.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    AuthError, AuthService,
    store::{account, session},
};
use crate::{
    clock::Time,
    http::Principal,
    token::{self, Access, TokenError},
};

/// Tokens that are remembered at once, some 400 bytes each; beyond, everything is forgotten and
/// learnt again.
const REMEMBERED: usize = 8_192;

/// What is remembered of tokens.
#[derive(Default)]
pub(super) struct Recognised(RwLock<HashMap<String, Known>>);

#[derive(Clone)]
struct Known {
    access: Access,
    token_ends: Time,
    person: Arc<Principal>,
    session_ends: Time,
    commits: u64,
}

impl Recognised {
    fn get(&self, token: &str) -> Option<Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    fn put(&self, token: &str, known: Known) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(token.to_owned(), known);
    }
}

impl AuthService {
    /// The person behind an access token, as their session and account are now.
    ///
    /// # Errors
    /// [`AuthError::TokenInvalid`], [`AuthError::TokenExpired`], [`AuthError::SessionEnded`] and those
    /// of the store.
    pub fn principal(&self, token: &str) -> Result<Arc<Principal>, AuthError> {
        let recognised = self.recognise(token);
        self.parts.metrics.jwt_validation(match &recognised {
            Ok(_) => "valid",
            Err(AuthError::TokenExpired) => "expired",
            Err(_) => "invalid",
        });
        recognised
    }

    fn recognise(&self, token: &str) -> Result<Arc<Principal>, AuthError> {
        let parts = &self.parts;
        let now = parts.clock.now();
        // Before anything is read: a commit that comes later makes what is read here stale.
        let commits = parts.store.commit_count();
        let known = parts.recognised.get(token);
        if let Some(known) = &known
            && known.commits == commits
            && now <= known.token_ends
            && now <= known.session_ends
        {
            return Ok(Arc::clone(&known.person));
        }
        let (access, token_ends) = match known {
            Some(known) if now <= known.token_ends => (known.access, known.token_ends),
            _ => token::verify(&parts.keys, token, now).map_err(|error| match error {
                TokenError::Expired => AuthError::TokenExpired,
                TokenError::Invalid => AuthError::TokenInvalid,
            })?,
        };
        let (person, session_ends) = self.person_behind(access, now)?;
        let person = Arc::new(person);
        let known =
            Known { access, token_ends, person: Arc::clone(&person), session_ends, commits };
        parts.recognised.put(token, known);
        Ok(person)
    }

    /// Who a good token belongs to, and when their session ends.
    pub(super) fn person_behind(
        &self,
        access: Access,
        now: Time,
    ) -> Result<(Principal, Time), AuthError> {
        let snapshot = self.parts.store.read()?;
        let session = session(&snapshot, access.session)?
            .filter(|session| session.user == access.user)
            .ok_or(AuthError::SessionEnded)?;
        let ends = self.parts.limits.ends_at(session.created_at, session.last_used_at);
        let account = account(&snapshot, session.user)?
            .filter(|account| !account.disabled && now <= ends)
            .ok_or(AuthError::SessionEnded)?;
        let person = Principal {
            id: account.id,
            role: account.role,
            session: access.session,
            email: account.email,
            username: account.username,
            created_at: account.created_at,
            last_login_at: account.last_login_at,
        };
        Ok((person, ends))
    }
}
