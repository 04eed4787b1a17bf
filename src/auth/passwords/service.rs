//! Changing a password: by whoever knows the one before, or by whoever has a shell on the machine.

use super::NewPassword;
use crate::{
    audit_event::{AuditContext, emit},
    auth::{
        AuthError, AuthService,
        records::Account,
        store::{account, end_sessions_of, session, update_account},
        tables::PASSWORD_RESETS,
    },
    http::{ClientConnection, Principal, RequestContext},
    ids::{RandomId, UserId},
    store::{Outcome, ReadView, StoreError, WriteTxn},
};

impl AuthService {
    /// Gives the caller another password and ends their other sessions, in one commit.
    ///
    /// # Errors
    /// [`AuthError::PasswordWrong`], [`AuthError::TooManyFailures`] of these,
    /// [`AuthError::Invalid`] for a new one that is easy to guess, [`AuthError::SessionEnded`] when that
    /// happened meanwhile, [`AuthError::HasherBusy`] and those of the store.
    pub async fn change_password(
        &self,
        caller: &Principal,
        current: String,
        new: NewPassword,
        context: &RequestContext,
    ) -> Result<(), AuthError> {
        let id = caller.id;
        let checked = self.confirm_password(caller, current, context).await?;
        let (shared, own) = (&self.shared, caller.session());
        let from = context.audit_context(caller.actor());
        let password_hash = self.hash_new(new, &checked, context.client()).await?;
        let now = shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            // What was checked and who asked may have changed since.
            let own = match own {
                Some(own) if session(view, own)?.is_some() => own,
                _ => return Ok(Outcome::Reject(AuthError::SessionEnded)),
            };
            let current =
                account(view, id)?.filter(|account| account.password_hash == checked.password_hash);
            let Some(account) = current else {
                return Ok(Outcome::Reject(AuthError::PasswordWrong));
            };
            let changed = with_password(account, password_hash.clone());
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                replace(txn, &changed, Some(own))?;
                emit(txn, &from.event(now, "password.changed", format!("user:{id}"))?)
            }))
        };
        shared.store.submit_from_reserve(command).await?
    }

    /// Gives somebody a password, whatever it was before, and ends all of their sessions.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`], [`AuthError::Invalid`], [`AuthError::HasherBusy`] and those of the
    /// store.
    pub async fn set_password(
        &self,
        id: UserId,
        new: String,
        from: AuditContext,
    ) -> Result<Account, AuthError> {
        let person = self.account(id)?;
        let own = [person.email.as_str(), &person.username];
        let new = NewPassword::parse("password", new, &own)?;
        let password_hash = self.hash_new(new, &person, ClientConnection::LOCAL).await?;
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let Some(account) = account(view, id)? else {
                return Ok(Outcome::Reject(AuthError::UserNotFound));
            };
            let changed = with_password(account, password_hash.clone());
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                replace(txn, &changed, None)?;
                emit(txn, &from.event(now, "password.reset", format!("user:{id}"))?)?;
                Ok(changed)
            }))
        };
        self.shared.store.submit_from_reserve(command).await?
    }

    /// The hash of a new password of somebody, once it is judged to be hard to guess.
    pub(super) async fn hash_new(
        &self,
        new: NewPassword,
        person: &Account,
        client: ClientConnection,
    ) -> Result<String, AuthError> {
        let Account { email, username, name, surname, .. } = person;
        let guesses = self.guesses([email.as_str(), username, name, surname]);
        self.shared.hasher.hash_new(new, guesses, || Ok(()), client).await
    }
}

/// An account with another password, with which what was bound to the one before is worth nothing.
pub(super) fn with_password(account: Account, password_hash: String) -> Account {
    let password_changes = account.password_changes.wrapping_add(1);
    Account { password_hash, password_changes, ..account }
}

/// Stores an account with another password. Whoever got in by the one before is out, but for the session to
/// keep, and a token that was made because nobody knew it is of no more use.
pub(super) fn replace(
    txn: &WriteTxn<'_>,
    changed: &Account,
    keep: Option<RandomId>,
) -> Result<(), StoreError> {
    end_sessions_of(txn, changed.id, keep)?;
    PASSWORD_RESETS.remove(txn, changed.id.0)?;
    update_account(txn, changed)
}
