//! Which sessions a person has, and how they end: by logging out, by being ended, by themselves.

use std::ops::ControlFlow;

use serde_json::json;

use super::refresh::target;
use crate::{
    audit_event::{AuditContext, emit},
    auth::{
        AuthError, AuthService,
        records::Session,
        store::{account, end_session, end_sessions_of, people_signed_in, session, sessions_of},
        tables::SESSIONS,
    },
    clock::Time,
    ids::{RandomId, UserId},
    store::{Direction, Outcome, ReadView, Reader, StoreError},
};

/// How many sessions past their end one commit removes.
const FORGOTTEN_AT_ONCE: usize = 1_000;

/// A session as its owner, an administrator or the command line sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Tells it from the person's other sessions; no secret.
    pub name: String,
    /// The `User-Agent` of the login.
    pub device: String,
    /// The network of the login or of the last refresh.
    pub network: String,
    /// When the login was.
    pub created_at: Time,
    /// When the last login or refresh was.
    pub last_used_at: Time,
    /// When it ends unless it is used.
    pub ends_at: Time,
}

impl AuthService {
    /// The sessions of a person that have not ended, the one that was used last first.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`] and those of the store.
    pub fn open_sessions(&self, user: UserId) -> Result<Vec<OpenSession>, AuthError> {
        let (now, limits) = (self.shared.clock.now(), self.shared.limits);
        let snapshot = self.shared.store.read()?;
        account(&snapshot, user)?.ok_or(AuthError::UserNotFound)?;
        let open = sessions_of(&snapshot, user)?.into_iter().map(|(key, session)| OpenSession {
            name: Session::name(key),
            ends_at: limits.ends_at(session.created_at, session.last_used_at),
            device: session.device,
            network: session.network,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
        });
        let mut open: Vec<_> = open.filter(|session| session.ends_at >= now).collect();
        open.sort_by_key(|session| std::cmp::Reverse(session.last_used_at));
        Ok(open)
    }

    /// Ends one session of a person, by its name.
    ///
    /// # Errors
    /// [`AuthError::SessionNotFound`] and those of the store.
    pub async fn end_named_session(
        &self,
        user: UserId,
        name: String,
        from: AuditContext,
    ) -> Result<(), AuthError> {
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let sessions = sessions_of(view, user)?;
            let meant = sessions.iter().find(|(key, _)| Session::name(*key) == name);
            let Some(&(key, _)) = meant else {
                return Ok(Outcome::Reject(AuthError::SessionNotFound));
            };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                end_session(txn, key, user)?;
                emit(txn, &from.event(now, "session.ended", target(key))?)
            }))
        };
        self.shared.store.submit_from_reserve(command).await?
    }

    /// Ends every session of a person but one; says how many.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`] and those of the store.
    pub async fn end_sessions(
        &self,
        user: UserId,
        keep: Option<RandomId>,
        from: AuditContext,
    ) -> Result<usize, AuthError> {
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            if account(view, user)?.is_none() {
                return Ok(Outcome::Reject(AuthError::UserNotFound));
            }
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                let count = end_sessions_of(txn, user, keep)?;
                if count > 0 {
                    let mut event = from.event(now, "sessions.ended", format!("user:{user}"))?;
                    event.before = Some(json!({ "sessions": count }).to_string());
                    emit(txn, &event)?;
                }
                Ok(count)
            }))
        };
        self.shared.store.submit_from_reserve(command).await?
    }

    /// Ends the session of a caller.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn logout(&self, id: RandomId, from: AuditContext) -> Result<(), AuthError> {
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let Some(old) = session(view, id)? else { return Ok(Outcome::NoChange(())) };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                end_session(txn, Session::key(id), old.user)?;
                emit(txn, &from.event(now, "logout", target(Session::key(id)))?)
            }))
        };
        self.shared.store.submit_from_reserve(command).await?
    }

    /// How many people have a session that was not ended.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn people_signed_in(&self) -> Result<usize, AuthError> {
        Ok(self.shared.store.read_range(people_signed_in).await?)
    }

    /// Removes sessions that have ended by themselves, at most a thousand at once; says how many.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_ended_sessions(&self) -> Result<usize, AuthError> {
        let limits = self.shared.limits;
        let now = self.shared.clock.now();
        let past_end =
            move |session: &Session| limits.ends_at(session.created_at, session.last_used_at) < now;
        let ended = self.shared.store.read_range(move |snapshot| ended(snapshot, past_end)).await?;
        if ended.is_empty() {
            return Ok(0);
        }
        let command = move |view: &ReadView<'_>| -> Result<Outcome<usize, AuthError>, StoreError> {
            // Somebody may have gone on with one of them meanwhile.
            let mut still = Vec::new();
            for &id in &ended {
                let session = SESSIONS.get(view, id)?.filter(past_end);
                still.extend(session.map(|session| (id, session.user)));
            }
            Ok(Outcome::commit(move |txn| {
                still.iter().try_for_each(|&(id, user)| end_session(txn, id, user))?;
                Ok(still.len())
            }))
        };
        self.shared.store.submit(command).await?
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::store::put_session, clock::Clock};

    #[tokio::test]
    async fn sessions_past_their_end_are_forgotten_and_others_stay() {
        let clock = Clock::manual(Time::EPOCH);
        let auth = AuthService::in_memory(clock.clone());
        let idle_days = i64::from(auth.shared.config.session_idle_days);
        let day = |days: i64| Time::EPOCH.plus_seconds(days * 86_400);
        let put = move |_: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
            Ok(Outcome::commit(move |txn| {
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
                    put_session(txn, RandomId([number; 16]), &session)?;
                }
                Ok(())
            }))
        };
        auth.store().submit(put).await.unwrap().unwrap();
        clock.set(day(idle_days + 10));
        assert_eq!(auth.forget_ended_sessions().await, Ok(10));
        let left = sessions_of(&auth.store().read().unwrap(), UserId(1)).unwrap();
        assert_eq!(left.len(), 10);
        assert!(left.iter().all(|(_, session)| session.last_used_at >= day(10)));
        assert_eq!(auth.forget_ended_sessions().await, Ok(0));
    }
}
