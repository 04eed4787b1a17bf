//! Use cases of invitations: making, listing, revoking, forgetting. Spending one is in `store`, for
//! whoever makes the account.

use serde_json::json;

use super::{
    code::{Code, CodeHash},
    model::{InvitationView, NewInvitation},
    store::{ended, good, insert, invitation, invitations_after, remove, target, view},
};
use crate::{
    audit_event::{Actor, AuditContext, emit},
    auth::{AuthError, AuthService, records::Invitation},
    config::RegistrationMode,
    ids::RandomId,
    store::{Outcome, ReadView, StoreError},
};

/// How many invitations that have ended one commit removes.
const FORGOTTEN_AT_ONCE: usize = 1_000;

impl AuthService {
    /// Whether somebody with or without a code may register; gives what is stored of a code that is good.
    pub(in crate::auth) fn may_register(
        &self,
        code: Option<&str>,
    ) -> Result<Option<CodeHash>, AuthError> {
        let mode = self.shared.config.registration;
        if mode == RegistrationMode::Closed {
            return Err(AuthError::RegistrationClosed);
        }
        let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
            let needed = mode == RegistrationMode::Invite;
            return if needed { Err(AuthError::InviteRequired) } else { Ok(None) };
        };
        let hash = Code::parse(code).ok_or(AuthError::InviteInvalid)?.hash();
        // Before the costly password hash; the command that makes the account asks again.
        let found = good(&self.shared.store.read()?, &hash, self.shared.clock.now())?;
        if found.is_none() {
            return Err(AuthError::InviteInvalid);
        }
        Ok(Some(hash))
    }

    /// Makes an invitation; answers with it and with its code, which nobody can show again.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] and those of the store.
    pub async fn invite(
        &self,
        new: NewInvitation,
        from: AuditContext,
    ) -> Result<(InvitationView, String), AuthError> {
        let NewInvitation { note, role, uses, days } = new.check()?;
        let (id, code, now) = (RandomId::generate()?, Code::generate()?, self.shared.clock.now());
        let made = Invitation {
            code_hash: code.hash(),
            note,
            role,
            uses,
            uses_left: uses,
            created_at: now,
            expires_at: now.plus_seconds(i64::from(days) * 86_400),
            created_by: match from.actor {
                Actor::User(admin) => Some(admin),
                _ => None,
            },
        };
        let answer = view(id, made.clone());
        let command = move |_: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
            let (made, from) = (made.clone(), from.clone());
            Ok(Outcome::commit(move |txn| {
                let mut event = from.event(now, "invitation.created", target(id))?;
                event.after = Some(described(&made).to_string());
                emit(txn, &event)?;
                insert(txn, id, &made)
            }))
        };
        self.shared.store.submit(command).await??;
        Ok((answer, code.reveal()))
    }

    /// At most `limit` invitations after the one with the id `after`, by id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn invitations(
        &self,
        after: Option<RandomId>,
        limit: usize,
    ) -> Result<Vec<InvitationView>, AuthError> {
        let read = move |snapshot: &_| invitations_after(snapshot, after, limit);
        Ok(self.shared.store.read_range(read).await?)
    }

    /// Revokes an invitation. Whoever has registered with it stays.
    ///
    /// # Errors
    /// [`AuthError::InvitationNotFound`] and those of the store.
    pub async fn revoke_invitation(
        &self,
        id: RandomId,
        from: AuditContext,
    ) -> Result<(), AuthError> {
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let Some(found) = invitation(view, id)? else {
                return Ok(Outcome::Reject(AuthError::InvitationNotFound));
            };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                let mut event = from.event(now, "invitation.revoked", target(id))?;
                event.before = Some(described(&found).to_string());
                emit(txn, &event)?;
                remove(txn, id, &found)
            }))
        };
        self.shared.store.submit_from_reserve(command).await?
    }

    /// Removes invitations that have ended, at most a thousand at once; says how many.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_ended_invitations(&self) -> Result<usize, AuthError> {
        let now = self.shared.clock.now();
        let read = move |snapshot: &_| ended(snapshot, now, FORGOTTEN_AT_ONCE);
        if self.shared.store.read_range(read).await?.is_empty() {
            return Ok(0);
        }
        let command = move |view: &ReadView<'_>| -> Result<Outcome<usize, AuthError>, StoreError> {
            let ended = ended(view, now, FORGOTTEN_AT_ONCE)?;
            Ok(Outcome::commit(move |txn| {
                ended.iter().try_for_each(|(id, ended)| remove(txn, *id, ended))?;
                Ok(ended.len())
            }))
        };
        self.shared.store.submit(command).await?
    }
}

/// What the audit trail keeps of an invitation. Not its note, in which people may stand.
fn described(invitation: &Invitation) -> serde_json::Value {
    json!({
        "role": invitation.role.as_str(),
        "uses": invitation.uses,
        "uses_left": invitation.uses_left,
        "expires_at": invitation.expires_at.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock, Time},
        ids::Role,
    };

    #[tokio::test]
    async fn invitations_that_have_ended_are_forgotten_and_others_stay() {
        let clock = Clock::manual(Time::EPOCH);
        let auth = AuthService::in_memory(clock.clone());
        for days in 1..=4 {
            let new = NewInvitation { note: String::new(), role: Role::User, uses: 1, days };
            auth.invite(new, AuditContext::COMMAND_LINE).await.unwrap();
        }
        assert_eq!(auth.forget_ended_invitations().await, Ok(0));
        clock.set(auth.in_days(2));
        assert_eq!(auth.forget_ended_invitations().await, Ok(2));
        let left = auth.invitations(None, 10).await.unwrap();
        assert_eq!(left.len(), 2);
        assert!(left.iter().all(|invitation| invitation.expires_at > clock.now()));
    }
}
