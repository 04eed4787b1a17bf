//! Deleting somebody for good (GDPR, article 17).
//!
//! What says who a person was lies in two files, and no transaction spans them. So the account goes first,
//! with everything in `auth.redb` that is theirs, and leaves a tombstone in the same commit: from then on
//! nobody is signed in as them. The other file erases the name, and only then is the tombstone marked as
//! done. After a crash in between, [`AuthService::finish_erasures`] goes on where it stopped; erasing what
//! is erased already does nothing.
//!
//! The number stays taken for ever, so what is left of a person (a row that somebody attended, an entry
//! that user 7 did something) never becomes another's.

use serde_json::json;

use super::service::person_behind;
use crate::{
    audit_event::{AuditContext, emit},
    auth::{
        Account, AuthError, AuthService, Profiles,
        accounts::rules,
        api_keys::remove_keys_of,
        records::Erasure,
        store::{account, end_sessions_of, remove_account},
        tables::{ACCOUNTS, ADMINISTRATORS, ERASED, PASSWORD_RESETS, SECOND_FACTORS},
    },
    http::Problem,
    ids::UserId,
    store::{Direction, Outcome, ReadView, StoreError, WriteTxn},
};

/// Removes everything that `auth.redb` holds under a person's number: whoever adds a table of things that
/// belong to people removes theirs here, and nowhere else.
pub(in crate::auth) fn forget_person(txn: &WriteTxn<'_>, id: UserId) -> Result<(), StoreError> {
    end_sessions_of(txn, id, None)?;
    SECOND_FACTORS.remove(txn, id.0)?;
    PASSWORD_RESETS.remove(txn, id.0)?;
    remove_keys_of(txn, id)?;
    if let Some(account) = ACCOUNTS.get(txn, id.0)? {
        remove_account(txn, &account)?;
    }
    Ok(())
}

impl AuthService {
    /// Deletes an account, and erases who it was of. When this returns, nobody can be signed in as them
    /// and their name is on its way out: should the other file not take it now, it is tried again every
    /// hour and at the next start.
    ///
    /// # Errors
    /// Those of [`AuthService::delete`].
    pub async fn delete_and_erase(
        &self,
        id: UserId,
        from: AuditContext,
        profiles: &dyn Profiles,
    ) -> Result<Account, AuthError> {
        let deleted = self.delete(id, from).await?;
        if let Err(problem) = self.erase(id, profiles).await {
            tracing::warn!(user = id.0, %problem, "the profile is erased later");
        }
        Ok(deleted)
    }

    /// Deletes an account with everything of it in this file, and leaves a tombstone: the first of the two
    /// steps of an erasure. Answers with the account as it was.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`], [`AuthError::LastAdministrator`], [`AuthError::OwnAccount`] and
    /// those of the store.
    pub async fn delete(&self, id: UserId, from: AuditContext) -> Result<Account, AuthError> {
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let Some(old) = account(view, id)? else {
                return Ok(Outcome::Reject(AuthError::UserNotFound));
            };
            let (actor, administrators) = (person_behind(&from), ADMINISTRATORS.len(view)?);
            if let Err(no) = rules::may_delete(actor, old.standing(), administrators) {
                return Ok(Outcome::Reject(no.into()));
            }
            let from = from.clone();
            Ok(Outcome::commit(move |txn: &WriteTxn<'_>| {
                forget_person(txn, id)?;
                ERASED.put(txn, id.0, &Erasure { deleted_at: now, erased_at: None })?;
                let mut event = from.event(now, "user.deleted", format!("user:{id}"))?;
                event.before = Some(json!({ "role": old.role.as_str() }).to_string());
                emit(txn, &event)?;
                Ok(old)
            }))
        };
        self.shared.store.submit_from_reserve(command).await?
    }

    /// Goes on with every erasure that was cut short; says how many there were.
    ///
    /// # Errors
    /// Those of the stores; what was done until then is done.
    pub async fn finish_erasures(&self, profiles: &dyn Profiles) -> Result<usize, Problem> {
        let unfinished = self.shared.store.read_range(|snapshot| {
            let all = ERASED.collect(
                snapshot,
                0_u64..,
                Direction::Ascending,
                usize::MAX,
                |id, erasure| erasure.erased_at.is_none().then_some(UserId(id)),
            )?;
            Ok(all.into_iter().flatten().collect::<Vec<_>>())
        });
        let unfinished = unfinished.await.map_err(AuthError::from)?;
        for id in &unfinished {
            self.erase(*id, profiles).await?;
            tracing::info!(user = id.0, "finished an erasure that was cut short");
        }
        Ok(unfinished.len())
    }

    /// The second step: the other file erases, and the tombstone says so.
    async fn erase(&self, id: UserId, profiles: &dyn Profiles) -> Result<(), Problem> {
        profiles.erase(id).await?;
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
            let unfinished = ERASED.get(view, id.0)?.filter(|erasure| erasure.erased_at.is_none());
            let Some(erasure) = unfinished else { return Ok(Outcome::NoChange(())) };
            Ok(Outcome::commit(move |txn| {
                ERASED.put(txn, id.0, &Erasure { erased_at: Some(now), ..erasure })
            }))
        };
        let marked = self.shared.store.submit_from_reserve(command).await;
        Ok(marked.map_err(AuthError::from)??)
    }
}
