//! Authenticating the bearer of an API key, on every request.
//!
//! As with access tokens (`sessions/authenticate`), what was read of a key and of its owner is remembered
//! only until the next commit to `auth.redb`. That a key was used is therefore not written at once, which
//! would make every request of a busy key a commit: it is kept here, and housekeeping writes all of it
//! once a minute, in one commit.

use std::{collections::HashMap, sync::Arc};

use super::{
    cache::{CachedKey, LastUse},
    store::{api_key, put_key},
};
use crate::{
    auth::{AuthError, AuthService, records::ApiKey, sessions::principal_of, store::account},
    http::{ClientNetwork, Credential, Principal},
    ids::RandomId,
    store::{Outcome, ReadView, StoreError},
    token::opaque::{API_KEY, OpaqueToken},
};

impl AuthService {
    /// The person that an API key acts for, as the key and their account are now.
    ///
    /// # Errors
    /// [`AuthError::KeyInvalid`] for a key that never was, was revoked, or whose owner may not log in;
    /// [`AuthError::KeyExpired`]; and those of the store.
    pub fn principal_of_key(
        &self,
        text: &str,
        network: ClientNetwork,
    ) -> Result<Arc<Principal>, AuthError> {
        let token = OpaqueToken::parse(API_KEY, text).ok_or(AuthError::KeyInvalid)?;
        let keys = &self.shared.api_keys;
        let known =
            keys.known.get_or_read(&self.shared.store, token.id, |id| self.known_key(*id))?;
        let known = known.filter(|known| token.matches(&known.hash));
        let known = known.ok_or(AuthError::KeyInvalid)?;
        let now = self.shared.clock.now();
        if known.expires_at.is_some_and(|end| end <= now) {
            return Err(AuthError::KeyExpired);
        }
        keys.note(token.id, now, network);
        Ok(Arc::clone(&known.person))
    }

    /// A key and who is behind it now: nobody when it was revoked or the account is disabled.
    fn known_key(&self, id: RandomId) -> Result<Option<Arc<CachedKey>>, StoreError> {
        let snapshot = self.shared.store.read()?;
        let Some(key) = api_key(&snapshot, id)? else { return Ok(None) };
        let owner = account(&snapshot, key.owner)?.filter(|account| !account.disabled);
        let credential = Credential::ApiKey { id, scopes: key.scopes };
        Ok(owner.map(|owner| {
            let person = Arc::new(principal_of(owner, credential));
            Arc::new(CachedKey { hash: key.hash, expires_at: key.expires_at, person })
        }))
    }

    /// Writes which keys were used since the last time, in one commit; says how many.
    ///
    /// # Errors
    /// Those of the store; nothing is forgotten then.
    pub async fn note_key_uses(&self) -> Result<usize, AuthError> {
        let uses = self.shared.api_keys.take();
        if uses.is_empty() {
            return Ok(0);
        }
        let noted = self.write_key_uses(uses.clone()).await;
        if noted.is_err() {
            self.shared.api_keys.put_back(uses);
        }
        noted
    }

    async fn write_key_uses(&self, uses: HashMap<RandomId, LastUse>) -> Result<usize, AuthError> {
        let command = move |view: &ReadView<'_>| -> Result<Outcome<usize, AuthError>, StoreError> {
            let mut noted = Vec::with_capacity(uses.len());
            for (id, last) in &uses {
                // Some may have been revoked meanwhile.
                if let Some(key) = api_key(view, *id)? {
                    let (at, network) = (Some(last.at), Some(last.network.to_string()));
                    noted.push((*id, ApiKey { last_used_at: at, last_network: network, ..key }));
                }
            }
            Ok(Outcome::commit(move |txn| {
                noted.iter().try_for_each(|(id, key)| put_key(txn, *id, key))?;
                Ok(noted.len())
            }))
        };
        self.shared.store.submit(command).await?
    }
}
