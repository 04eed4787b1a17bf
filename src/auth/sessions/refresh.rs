//! Going on with a session: a refresh token for the next one (RFC 6749 §6, with the rotation of RFC 9700
//! §4.14.2).
//!
//! An answer can get lost on its way, and two tabs can ask at once. So the token before is traded for the same
//! successor again for as long as nobody has used that one, and for a minute at most. Who asks later with a
//! used token is taken for a thief, or for the victim of one, and the session ends.

use super::{model::IssuedSession, refresh_token::RefreshToken};
use crate::{
    audit_event::{Actor, AuditContext, emit},
    auth::{
        AuthError, AuthService,
        records::{Account, Session},
        store::{account, end_session, put_session, session},
    },
    clock::Time,
    crypto,
    http::{Problem, RequestContext, SecretKind},
    store::{Outcome, ReadView},
};

/// How long the answer to a refresh can be asked for again.
const REPEATABLE_MILLIS: i64 = 60_000;

impl AuthService {
    /// Trades a refresh token for the next one; the token before for the same one again, for a minute while
    /// that is unused.
    ///
    /// # Errors
    /// [`AuthError::RefreshReused`] for any other that was used before, which ends its session: of two that
    /// hold the same token one is a thief. [`AuthError::RefreshInvalid`] for anything else that is not
    /// good now, and those of the store.
    pub async fn refresh(
        &self,
        text: &str,
        context: &RequestContext,
    ) -> Result<(Account, IssuedSession), AuthError> {
        let shared = &self.shared;
        let token =
            RefreshToken::open(&shared.refresh_key, text).ok_or(AuthError::RefreshInvalid)?;
        let next = token.successor(&shared.refresh_key);
        let refresh_token = next.to_text(&shared.refresh_key);
        let (now, limits) = (shared.clock.now(), shared.limits);
        let (network, from) =
            (context.network.to_string(), context.audit_context(Actor::Anonymous));
        let command = move |view: &ReadView<'_>| {
            let id = token.session;
            let Some(old) = session(view, id)? else {
                return Ok(Outcome::Reject(AuthError::RefreshInvalid));
            };
            let owner = account(view, old.user)?.filter(|account| !account.disabled);
            let Some(owner) = owner else {
                return Ok(Outcome::Reject(AuthError::RefreshInvalid));
            };
            if limits.ends_at(old.created_at, old.last_used_at) < now {
                return Ok(Outcome::Reject(AuthError::RefreshInvalid));
            }
            if is_good(&old, &next) && is_repeatable(old.last_used_at, now) {
                return Ok(Outcome::NoChange(Some((owner, id))));
            }
            if !is_good(&old, &token) {
                let from = AuditContext { actor: Actor::User(old.user), ..from.clone() };
                // The answer is a refusal, but it must be written: the session ends.
                return Ok(Outcome::commit(move |txn| {
                    end_session(txn, Session::key(id), old.user)?;
                    let event =
                        from.event(now, "session.refresh_reused", target(Session::key(id)))?;
                    emit(txn, &event)?;
                    Ok(None)
                }));
            }
            let (network, hash, generation) = (network.clone(), next.hash(), next.generation);
            Ok(Outcome::commit(move |txn| {
                let session = Session {
                    last_used_at: now.max(old.last_used_at),
                    network,
                    generation,
                    refresh_hash: hash,
                    ..old
                };
                put_session(txn, id, &session)?;
                Ok(Some((owner, id)))
            }))
        };
        let (account, session) =
            shared.store.submit_from_reserve(command).await??.ok_or(AuthError::RefreshReused)?;
        let opened = IssuedSession { user: account.id, session, refresh_token };
        Ok((account, opened))
    }
}

impl AuthService {
    /// A refused refresh as a problem. Of a text that is no token of ours somebody made it up; of one that we
    /// gave out it is no guess, whatever became of its session, and a client without any sends nothing.
    pub(super) fn refused_refresh(&self, error: AuthError, text: &str) -> Problem {
        let is_ours = RefreshToken::open(&self.shared.refresh_key, text).is_some();
        let is_made_up = error == AuthError::RefreshInvalid && !text.is_empty() && !is_ours;
        let problem = Problem::from(error);
        if is_made_up { problem.for_wrong(SecretKind::RefreshToken) } else { problem }
    }
}

/// Whether a token is the one that lets its bearer go on with the session now.
fn is_good(session: &Session, token: &RefreshToken) -> bool {
    session.generation == token.generation && crypto::equal(&session.refresh_hash, &token.hash())
}

/// Whether a refresh was so short a time ago that its answer may be asked for again. A clock that was set back
/// by more than that shortens nobody's session and gives nobody more time.
fn is_repeatable(refreshed_at: Time, now: Time) -> bool {
    now.millis_since(refreshed_at).abs() < REPEATABLE_MILLIS
}

/// What the audit trail calls a session.
pub(super) fn target(key: u128) -> String {
    format!("session:{}", Session::name(key))
}
