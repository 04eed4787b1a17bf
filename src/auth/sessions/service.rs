//! Use cases of sessions: logging in, going on, logging out. Being recognised is in `recognise`.

use std::ops::ControlFlow;

use super::{
    model::{Identifier, Opened},
    refresh_token::RefreshToken,
};
use crate::{
    auth::{
        AuthError, AuthService,
        records::{Account, Session},
        store::{
            account, end_session, find, people_signed_in, put_session, session, sessions_of,
            update_account,
        },
        tables::SESSIONS,
    },
    clock::Time,
    event::{Actor, Provenance, emit},
    http::RequestContext,
    ids::{RandomId, UserId},
    store::{Decision, Direction, Edit, Reader, StoreError, View},
};

/// Beyond this many open sessions of one person, the one that was used longest ago ends.
const MAX_SESSIONS: usize = 50;

/// How many sessions past their end one commit removes.
const FORGOTTEN_AT_ONCE: usize = 1_000;

impl AuthService {
    /// Checks a password and opens a session.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] for an unknown name and a wrong password alike, at the same
    /// cost; [`AuthError::AccountDisabled`] only after the right password;
    /// [`AuthError::TooManyFailures`] and its like, [`AuthError::HasherBusy`] and those of the store.
    pub async fn login(
        &self,
        identifier: &str,
        password: String,
        context: &RequestContext,
    ) -> Result<(Account, Opened), AuthError> {
        let identifier = Identifier::parse(identifier);
        // Asked once before the queue and once behind it: guesses that were sent all at once must not
        // all be let in before the first of them has failed.
        let may_try = || self.parts.throttle.check(&identifier, context.network);
        may_try()?;
        let found = find(&self.parts.store.read()?, &identifier)?;
        let stored = found.as_ref().map(|account| account.password_hash.clone());
        let verified = self.parts.hasher.verify(password.clone(), stored, may_try).await?;
        let Some(account) = found.filter(|_| verified) else {
            self.parts.throttle.fail(&identifier, context.network);
            self.parts.metrics.auth_attempt("failure");
            self.remember_failure(&identifier, context).await?;
            return Err(AuthError::InvalidCredentials);
        };
        let rehashed = if self.parts.hasher.is_outdated(&account.password_hash) {
            Some(self.parts.hasher.hash(password).await?)
        } else {
            None
        };
        let opened = self.open_session(account, rehashed, context).await?;
        self.parts.metrics.auth_attempt("success");
        Ok(opened)
    }

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
                    let event = from.event(now, "session.refresh_reused", session_target(id))?;
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

    /// Ends the session of a caller.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn logout(&self, id: RandomId, from: Provenance) -> Result<(), AuthError> {
        let now = self.parts.clock.now();
        let command = move |view: &View<'_>| {
            let Some(old) = session(view, id)? else { return Ok(Decision::Answer(())) };
            let from = from.clone();
            Ok(Decision::write(move |edit| {
                end_session(edit, Session::key(id), old.user)?;
                emit(edit, &from.event(now, "logout", session_target(id))?)
            }))
        };
        self.parts.store.submit_from_reserve(command).await?
    }

    /// How many people have a session that was not ended.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn people_signed_in(&self) -> Result<usize, AuthError> {
        Ok(self.parts.store.read_range(people_signed_in).await?)
    }

    /// Removes sessions that have ended by themselves, at most a thousand at once; says how many.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_ended_sessions(&self) -> Result<usize, AuthError> {
        let limits = self.parts.limits;
        let now = self.parts.clock.now();
        let past_end =
            move |session: &Session| limits.ends_at(session.created_at, session.last_used_at) < now;
        let ended = self.parts.store.read_range(move |snapshot| ended(snapshot, past_end)).await?;
        if ended.is_empty() {
            return Ok(0);
        }
        let command = move |view: &View<'_>| -> Result<Decision<usize, AuthError>, StoreError> {
            // Somebody may have gone on with one of them meanwhile.
            let mut still = Vec::new();
            for &id in &ended {
                let session = SESSIONS.get(view, id)?.filter(past_end);
                still.extend(session.map(|session| (id, session.user)));
            }
            Ok(Decision::write(move |edit| {
                still.iter().try_for_each(|&(id, user)| end_session(edit, id, user))?;
                Ok(still.len())
            }))
        };
        self.parts.store.submit(command).await?
    }

    async fn open_session(
        &self,
        checked: Account,
        rehashed: Option<String>,
        context: &RequestContext,
    ) -> Result<(Account, Opened), AuthError> {
        let parts = &self.parts;
        let id = RandomId::generate()?;
        let token = RefreshToken::generate(id, 0)?;
        let refresh_token = token.seal(&parts.refresh_key);
        let now = parts.clock.now();
        let from = context.provenance(Actor::User(checked.id));
        let opening = Session {
            user: checked.id,
            created_at: now,
            last_used_at: now,
            device: context.device(),
            network: context.network.to_string(),
            generation: 0,
            refresh_hash: token.hash(),
        };
        let limits = parts.limits;
        let command = move |view: &View<'_>| {
            // The password was checked against a snapshot: what changed since then counts.
            let current = account(view, checked.id)?
                .filter(|account| account.password_hash == checked.password_hash);
            let Some(account) = current else {
                return Ok(Decision::Refuse(AuthError::InvalidCredentials));
            };
            if account.disabled {
                return Ok(Decision::Refuse(AuthError::AccountDisabled));
            }
            let ended = surplus(sessions_of(view, account.id)?, now, |session: &Session| {
                limits.ends_at(session.created_at, session.last_used_at)
            });
            let password_hash = rehashed.clone().unwrap_or_else(|| account.password_hash.clone());
            let account = Account { last_login_at: Some(now), password_hash, ..account };
            let (opening, from) = (opening.clone(), from.clone());
            Ok(Decision::write(move |edit| {
                for session in ended {
                    end_session(edit, session, account.id)?;
                }
                begin(edit, id, &opening, &from, &account)?;
                Ok(account)
            }))
        };
        let account = parts.store.submit_from_reserve(command).await??;
        let opened = Opened { user: account.id, session: id, refresh_token };
        Ok((account, opened))
    }

    /// A failed login leaves an audit event, with the account when there is one.
    async fn remember_failure(
        &self,
        identifier: &Identifier,
        context: &RequestContext,
    ) -> Result<(), AuthError> {
        let from = context.provenance(Actor::Anonymous);
        let now = self.parts.clock.now();
        let identifier = identifier.clone();
        let command = move |view: &View<'_>| -> Result<Decision<(), AuthError>, StoreError> {
            // What was typed for a name may have been a password, so only known names are kept.
            let target = match find(view, &identifier)? {
                Some(account) => format!("user:{}", account.id),
                None => "user:unknown".to_owned(),
            };
            let from = from.clone();
            Ok(Decision::write(move |edit| emit(edit, &from.event(now, "login.failure", target)?)))
        };
        self.parts.store.submit(command).await?
    }
}

/// The first thousand sessions that are past their end.
fn ended(
    reader: &impl Reader,
    past_end: impl Fn(&Session) -> bool,
) -> Result<Vec<u128>, StoreError> {
    let mut ended = Vec::new();
    SESSIONS.visit(reader, u128::MIN.., Direction::Ascending, |id, session| {
        if past_end(&session) {
            ended.push(id);
        }
        if ended.len() < FORGOTTEN_AT_ONCE {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(ended)
}

fn begin(
    edit: &Edit<'_>,
    id: RandomId,
    session: &Session,
    from: &Provenance,
    account: &Account,
) -> Result<(), StoreError> {
    put_session(edit, id, session)?;
    update_account(edit, account)?;
    let event = from.event(session.created_at, "login.success", user_target(account.id))?;
    emit(edit, &event)
}

/// The sessions to end when one more opens: those past their end, and the longest unused beyond the
/// number that one person may have.
fn surplus(
    mut sessions: Vec<(u128, Session)>,
    now: Time,
    ends_at: impl Fn(&Session) -> Time,
) -> Vec<u128> {
    sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.last_used_at));
    let keep =
        |index: usize, session: &Session| index + 1 < MAX_SESSIONS && ends_at(session) >= now;
    let ended = sessions.iter().enumerate().filter(|(index, (_, s))| !keep(*index, s));
    ended.map(|(_, (key, _))| *key).collect()
}

fn user_target(id: UserId) -> String {
    format!("user:{id}")
}

/// Sessions are named in the audit trail by the first half of their id: enough to tell them apart,
/// not enough to guess one.
fn session_target(id: RandomId) -> String {
    let mut name = id.to_string();
    name.truncate(16);
    format!("session:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::MIGRATIONS,
        clock::Clock,
        config::{Config, Sources},
        store::Store,
        telemetry::Metrics,
    };

    #[tokio::test]
    async fn sessions_past_their_end_are_forgotten_and_others_stay() {
        let config = Config::load(&Sources::default()).unwrap();
        let clock = Clock::manual(Time::EPOCH);
        let metrics = Metrics::new().unwrap();
        let store = Store::in_memory(MIGRATIONS, metrics.store("auth")).unwrap();
        let auth =
            AuthService::open(store, config.auth, &config.rate_limit, clock.clone(), metrics);
        let auth = auth.unwrap();
        let day = |days: i64| Time::EPOCH.plus_seconds(days * 86_400);
        let put = move |_: &View<'_>| -> Result<Decision<(), AuthError>, StoreError> {
            Ok(Decision::write(move |edit| {
                for number in 0..20_u8 {
                    let session = Session {
                        user: UserId(1),
                        created_at: Time::EPOCH,
                        last_used_at: day(i64::from(number)),
                        device: String::new(),
                        network: String::new(),
                        generation: 0,
                        refresh_hash: [0; 32],
                    };
                    put_session(edit, RandomId([number; 16]), &session)?;
                }
                Ok(())
            }))
        };
        auth.store().submit(put).await.unwrap().unwrap();
        clock.set(day(i64::from(config.auth.session_idle_days) + 10));
        assert_eq!(auth.forget_ended_sessions().await, Ok(10));
        let left = sessions_of(&auth.store().read().unwrap(), UserId(1)).unwrap();
        assert_eq!(left.len(), 10);
        assert!(left.iter().all(|(_, session)| session.last_used_at >= day(10)));
        assert_eq!(auth.forget_ended_sessions().await, Ok(0));
    }
}
