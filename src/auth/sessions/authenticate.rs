//! Authenticating the bearer of an access token, on every request.
//!
//! A token's signature is checked once and remembered until the token ends or the keys change. Who is behind it is
//! remembered only as long as nothing at all is committed to `auth.redb` (`store::CommitCache`), so
//! whatever has been answered to anyone (a logout, a demotion) is seen by the very next request.

use std::sync::Arc;

use super::cache::{CachedSession, VerifiedToken};
use crate::{
    auth::{
        AuthError, AuthService,
        records::Account,
        store::{account, session},
        tables::SECOND_FACTORS,
    },
    clock::Time,
    http::{Credential, Principal},
    store::StoreError,
    token::{self, Access, TokenError},
};

impl AuthService {
    /// The person behind an access token, as their session and account are now.
    ///
    /// # Errors
    /// [`AuthError::TokenInvalid`], [`AuthError::TokenExpired`], [`AuthError::SessionEnded`] and those
    /// of the store.
    pub fn principal(&self, token: &str) -> Result<Arc<Principal>, AuthError> {
        let authenticated = self.authenticate(token);
        self.shared.metrics.jwt_validation(match &authenticated {
            Ok(_) => "valid",
            Err(AuthError::TokenExpired) => "expired",
            Err(_) => "invalid",
        });
        authenticated
    }

    fn authenticate(&self, token: &str) -> Result<Arc<Principal>, AuthError> {
        let shared = &self.shared;
        let now = shared.clock.now();
        let access = self.access(token, now)?;
        let people = &shared.session_cache.people;
        let session =
            people.get_or_read(&shared.store, access.session, |_| self.cached_session(access))?;
        let session = session.filter(|session| session.belongs_to(access.user, now));
        session.map(|session| session.person).ok_or(AuthError::SessionEnded)
    }

    /// What a token says, once its signature and its times hold.
    fn access(&self, token: &str, now: Time) -> Result<Access, AuthError> {
        let shared = &self.shared;
        let ring = shared.keys.ring();
        let generation = ring.generation;
        match shared.session_cache.get(token) {
            Some(known) if now <= known.ends && known.generation == generation => Ok(known.access),
            _ => {
                let (access, ends) =
                    token::verify(&ring.keys, token, now).map_err(|error| match error {
                        TokenError::Expired => AuthError::TokenExpired,
                        TokenError::Invalid => AuthError::TokenInvalid,
                    })?;
                shared.session_cache.put(token, VerifiedToken { access, ends, generation });
                Ok(access)
            }
        }
    }

    /// Who is behind a session now: nobody when it was ended or the account is disabled.
    pub(in crate::auth) fn cached_session(
        &self,
        access: Access,
    ) -> Result<Option<CachedSession>, StoreError> {
        let snapshot = self.shared.store.read()?;
        let Some(session) = session(&snapshot, access.session)? else { return Ok(None) };
        let account = account(&snapshot, session.user)?.filter(|account| !account.disabled);
        let session_ends = self.shared.limits.ends_at(session.created_at, session.last_used_at);
        let Some(account) = account else { return Ok(None) };
        let needs_second_factor = self.must_have_second_factor(account.role)
            && SECOND_FACTORS
                .get(&snapshot, account.id.0)?
                .is_none_or(|factor| factor.confirmed_at.is_none());
        let person = principal_of(account, Credential::Session(access.session));
        let person = Arc::new(Principal { needs_second_factor, ..person });
        Ok(Some(CachedSession { person, session_ends }))
    }
}

/// An account as handlers see it, authenticated by a credential.
pub(in crate::auth) fn principal_of(account: Account, credential: Credential) -> Principal {
    Principal {
        id: account.id,
        role: account.role,
        credential,
        needs_second_factor: false,
        email: account.email,
        username: account.username,
        created_at: account.created_at,
        last_login_at: account.last_login_at,
    }
}
