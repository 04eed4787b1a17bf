//! Going on with a session: a refresh token for the next one.

use super::{model::Opened, refresh_token::RefreshToken};
use crate::{
    auth::{
        AuthError, AuthService,
        records::{Account, Session},
        store::{account, end_session, put_session, session},
    },
    event::{Actor, Provenance, emit},
    http::RequestContext,
    store::{Decision, View},
};

impl AuthService {
    /// Trades a refresh token for the next one.
    ///
    /// # Errors
    /// [`AuthError::RefreshReused`] for one that was used before, which ends its session: of two that
    /// hold the same token one is a thief. [`AuthError::RefreshInvalid`] for anything else that is not
    /// good now, and those of the store.
    pub async fn refresh(
        &self,
        text: &str,
        context: &RequestContext,
    ) -> Result<(Account, Opened), AuthError> {
        let parts = &self.parts;
        let token =
            RefreshToken::open(&parts.refresh_key, text).ok_or(AuthError::RefreshInvalid)?;
        let next = RefreshToken::generate(token.session, token.generation.wrapping_add(1))?;
        let refresh_token = next.seal(&parts.refresh_key);
        let (now, limits) = (parts.clock.now(), parts.limits);
        let (network, from) = (context.network.to_string(), context.provenance(Actor::Anonymous));
        let command = move |view: &View<'_>| {
            let id = token.session;
            let Some(old) = session(view, id)? else {
                return Ok(Decision::Refuse(AuthError::RefreshInvalid));
            };
            let owner = account(view, old.user)?.filter(|account| !account.disabled);
            let Some(owner) = owner else {
                return Ok(Decision::Refuse(AuthError::RefreshInvalid));
            };
            if limits.ends_at(old.created_at, old.last_used_at) < now {
                return Ok(Decision::Refuse(AuthError::RefreshInvalid));
            }
            let current = old.generation == token.generation
                && crate::crypto::equal(&old.refresh_hash, &token.hash());
            if !current {
                let from = Provenance { actor: Actor::User(old.user), ..from.clone() };
                // The answer is a refusal, but it must be written: the session ends.
                return Ok(Decision::write(move |edit| {
                    end_session(edit, Session::key(id), old.user)?;
                    let event =
                        from.event(now, "session.refresh_reused", target(Session::key(id)))?;
                    emit(edit, &event)?;
                    Ok(None)
                }));
            }
            let (network, hash, generation) = (network.clone(), next.hash(), next.generation);
            Ok(Decision::write(move |edit| {
                let session = Session {
                    last_used_at: now.max(old.last_used_at),
                    network,
                    generation,
                    refresh_hash: hash,
                    ..old
                };
                put_session(edit, id, &session)?;
                Ok(Some((owner, id)))
            }))
        };
        let (account, session) =
            parts.store.submit_from_reserve(command).await??.ok_or(AuthError::RefreshReused)?;
        let opened = Opened { user: account.id, session, refresh_token };
        Ok((account, opened))
    }
}

/// What the audit trail calls a session.
pub(super) fn target(key: u128) -> String {
    format!("session:{}", Session::name(key))
}
