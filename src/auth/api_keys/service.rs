//! Use cases of API keys: making, listing, revoking. Authenticating with one is in `authenticate`.

use serde_json::json;

use super::{
    model::{KeyView, NewKey},
    store::{api_key, gone, keys_after, keys_of, put_key, remove_key, remove_keys_of, view},
};
use crate::{
    audit_event::{AuditContext, emit},
    auth::{AuthError, AuthService, records::ApiKey, store::account, tables::ADMINISTRATORS},
    field::FieldError,
    ids::{RandomId, UserId},
    store::{Direction, Outcome, ReadView, StoreError},
    token::opaque::{API_KEY, OpaqueToken},
};

impl AuthService {
    /// Makes a key; answers with it and with its text, which nobody can show again.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] and those of the store.
    pub async fn create_key(
        &self,
        new: NewKey,
        from: AuditContext,
    ) -> Result<(KeyView, String), AuthError> {
        let now = self.shared.clock.now();
        let NewKey { name, scopes, owner, expires_at } = new.check(now)?;
        let token = OpaqueToken::generate()?;
        let (id, text) = (token.id, token.reveal(API_KEY));
        let key = ApiKey {
            hash: token.hash(),
            name,
            owner,
            scopes,
            created_at: now,
            expires_at,
            last_used_at: None,
            last_network: None,
        };
        let command = move |seen: &ReadView<'_>| {
            if account(seen, owner)?.is_none() {
                return Ok(Outcome::Reject(AuthError::from(nobody())));
            }
            let (key, from) = (key.clone(), from.clone());
            Ok(Outcome::commit(move |txn| {
                let mut event = from.event(now, "api_key.created", target(id))?;
                event.after = Some(described(&key).to_string());
                emit(txn, &event)?;
                put_key(txn, id, &key)?;
                view(txn, id, key)
            }))
        };
        let made = self.shared.store.submit(command).await??;
        Ok((made, text))
    }

    /// At most `limit` keys after the one with the id `after`, by id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keys(
        &self,
        after: Option<RandomId>,
        limit: usize,
    ) -> Result<Vec<KeyView>, AuthError> {
        let read = move |snapshot: &_| keys_after(snapshot, after, limit);
        Ok(self.with_last_use(self.shared.store.read_range(read).await?))
    }

    /// The keys of a person.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keys_of(&self, owner: UserId) -> Result<Vec<KeyView>, AuthError> {
        let read = move |snapshot: &_| keys_of(snapshot, owner);
        Ok(self.with_last_use(self.shared.store.read_range(read).await?))
    }

    /// Revokes a key, which lets nobody in from the next request on.
    ///
    /// # Errors
    /// [`AuthError::KeyNotFound`] and those of the store.
    pub async fn revoke_key(&self, id: RandomId, from: AuditContext) -> Result<(), AuthError> {
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let Some(key) = api_key(view, id)? else {
                return Ok(Outcome::Reject(AuthError::KeyNotFound));
            };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                let mut event = from.event(now, "api_key.revoked", target(id))?;
                event.before = Some(described(&key).to_string());
                emit(txn, &event)?;
                remove_key(txn, id, key.owner)
            }))
        };
        self.shared.store.submit_from_reserve(command).await?
    }

    /// The administrator who was there first: whose a key of the command line is when nobody is named.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`] when there is none, and those of the store.
    pub fn first_administrator(&self) -> Result<UserId, AuthError> {
        let snapshot = self.shared.store.read()?;
        let first =
            ADMINISTRATORS
                .collect(&snapshot, 0_u64.., Direction::Ascending, 1, |id, ()| UserId(id))?;
        first.first().copied().ok_or(AuthError::UserNotFound)
    }

    /// Removes keys whose owner has no account any more, which let nobody in; says of how many owners.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_orphaned_keys(&self) -> Result<usize, AuthError> {
        if self.shared.store.read_range(gone).await?.is_empty() {
            return Ok(0);
        }
        let command = move |view: &ReadView<'_>| -> Result<Outcome<usize, AuthError>, StoreError> {
            let gone = gone(view)?;
            Ok(Outcome::commit(move |txn| {
                gone.iter().try_for_each(|owner| remove_keys_of(txn, *owner))?;
                Ok(gone.len())
            }))
        };
        self.shared.store.submit(command).await?
    }

    fn with_last_use(&self, mut keys: Vec<KeyView>) -> Vec<KeyView> {
        for key in &mut keys {
            if let Some(last) = self.shared.api_keys.last_use(key.id) {
                key.last_used_at = Some(last.at);
                key.last_network = Some(last.network.to_string());
            }
        }
        keys
    }
}

fn nobody() -> FieldError {
    FieldError::new("owner_id", "is the id of nobody", "non è l'id di nessuno")
}

fn target(id: RandomId) -> String {
    format!("api-key:{}", id.name())
}

/// What the audit trail keeps of a key. Not its name, in which people may stand.
fn described(key: &ApiKey) -> serde_json::Value {
    json!({
        "owner": key.owner.0,
        "scopes": key.scopes.words(),
        "expires_at": key.expires_at.map(|end| end.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::api_keys::store::put_key,
        clock::{Clock, Time},
        ids::{Scope, Scopes},
    };

    #[tokio::test]
    async fn keys_of_an_owner_who_is_gone_let_nobody_in_and_are_forgotten() {
        let auth = AuthService::in_memory(Clock::manual(Time::EPOCH));
        let token = OpaqueToken::generate().unwrap();
        let (id, key) = (
            token.id,
            ApiKey {
                hash: token.hash(),
                name: "a".to_owned(),
                owner: UserId(7),
                scopes: Scopes::from_iter([Scope::SocialWrite]),
                created_at: Time::EPOCH,
                expires_at: None,
                last_used_at: None,
                last_network: None,
            },
        );
        let put = move |_: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
            let key = key.clone();
            Ok(Outcome::commit(move |txn| put_key(txn, id, &key)))
        };
        auth.store().submit(put).await.unwrap().unwrap();
        let network = crate::http::ClientNetwork::of([192, 0, 2, 7].into());
        let authenticated = auth.principal_of_key(&token.reveal(API_KEY), network);
        assert_eq!(authenticated.err(), Some(AuthError::KeyInvalid));
        assert_eq!(auth.keys_of(UserId(7)).await.unwrap().len(), 1);
        assert_eq!(auth.forget_orphaned_keys().await, Ok(1));
        assert!(auth.keys(None, 10).await.unwrap().is_empty());
        assert_eq!(auth.forget_orphaned_keys().await, Ok(0));
    }
}
