//! Use cases of administrators on other people's accounts.

use serde_json::json;

use super::model::{AccountChange, NewUser};
use crate::{
    audit_event::{Actor, AuditContext, AuditEvent, emit},
    auth::{
        Account, AuthError, AuthService, Username,
        accounts::rules::{self, Protected, RoleAndStatus},
        passwords::{NO_PASSWORD, NewPassword},
        sessions::Identifier,
        store::{account, end_sessions_of, find, replace_account, update_account},
        tables::{ADMINISTRATORS, PASSWORD_RESETS},
    },
    clock::Time,
    http::ClientConnection,
    ids::{Role, UserId},
    store::{Outcome, ReadView, Reader, StoreError, WriteTxn},
};

impl From<Protected> for AuthError {
    fn from(protected: Protected) -> Self {
        match protected {
            Protected::LastAdministrator => Self::LastAdministrator,
            Protected::OwnRole => Self::OwnRole,
            Protected::OwnStatus => Self::OwnStatus,
            Protected::OwnAccount => Self::OwnAccount,
        }
    }
}

/// The person behind a request, when it is one.
pub(super) const fn person_behind(from: &AuditContext) -> Option<UserId> {
    match from.actor {
        Actor::User(id) => Some(id),
        _ => None,
    }
}

impl Account {
    /// What the protections of administrators look at.
    pub(super) const fn standing(&self) -> RoleAndStatus {
        RoleAndStatus { id: self.id, role: self.role, disabled: self.disabled }
    }
}

impl NewUser {
    /// An account without an id and with an unsettled username.
    pub(in crate::auth::accounts) fn draft(&self, password_hash: String, now: Time) -> Account {
        Account {
            id: UserId(0),
            email: self.email.as_str().to_owned(),
            username: String::new(),
            name: self.name.clone(),
            surname: self.surname.clone(),
            language: self.language,
            role: self.role,
            disabled: false,
            password_hash,
            created_at: now,
            last_login_at: None,
            password_changes: 0,
        }
    }
}

impl AuthService {
    /// Makes an account for somebody. Without a password nobody can log in until one is set.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a password that is easy to guess, [`AuthError::EmailTaken`],
    /// [`AuthError::UsernameTaken`], [`AuthError::HasherBusy`] and those of the store.
    pub async fn add(
        &self,
        new: NewUser,
        password: Option<NewPassword>,
        from: AuditContext,
        client: ClientConnection,
    ) -> Result<Account, AuthError> {
        let password_hash = match password {
            Some(password) => {
                let username = new.username.as_ref().map_or("", Username::as_str);
                let guesses = self.guesses([new.email.as_str(), username, &new.name, &new.surname]);
                self.shared.hasher.hash_new(password, guesses, || Ok(()), client).await?
            }
            None => NO_PASSWORD.to_owned(),
        };
        let draft = new.draft(password_hash, self.shared.clock.now());
        self.insert_drafted(draft, new.email, new.username, None, from, "user.created").await
    }

    /// Changes somebody's address, username or status, all of it or nothing, from the next request on.
    /// Disabling ends every session.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`], [`AuthError::EmailTaken`], [`AuthError::UsernameTaken`],
    /// [`AuthError::LastAdministrator`], [`AuthError::OwnStatus`] and those of the store.
    pub async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        from: AuditContext,
    ) -> Result<Account, AuthError> {
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let Some(old) = account(view, id)? else {
                return Ok(Outcome::Reject(AuthError::UserNotFound));
            };
            if let Some(refusal) = refusal(view, &old, &change, person_behind(&from))? {
                return Ok(Outcome::Reject(refusal));
            }
            let new = changed(&old, &change);
            if new == old {
                return Ok(Outcome::NoChange(old));
            }
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                replace_account(txn, &old, &new)?;
                if new.disabled {
                    end_sessions_of(txn, id, None)?;
                }
                if new.disabled || new.email != old.email {
                    // A link that went to the old address is nobody's any more.
                    PASSWORD_RESETS.remove(txn, id.0)?;
                }
                told(&old, &new, now, &from)?.iter().try_for_each(|event| emit(txn, event))?;
                Ok(new)
            }))
        };
        self.shared.store.submit(command).await?
    }

    /// Lets somebody log in, or no longer.
    ///
    /// # Errors
    /// As [`AuthService::change`].
    pub async fn set_disabled(
        &self,
        id: UserId,
        disabled: bool,
        from: AuditContext,
    ) -> Result<Account, AuthError> {
        let change = AccountChange { disabled: Some(disabled), ..AccountChange::default() };
        self.change(id, change, from).await
    }

    /// Gives an account another role, which works from the next request on.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`], [`AuthError::LastAdministrator`], [`AuthError::OwnRole`] and those
    /// of the store.
    pub async fn set_role(
        &self,
        id: UserId,
        role: Role,
        from: AuditContext,
    ) -> Result<Account, AuthError> {
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let Some(old) = account(view, id)? else {
                return Ok(Outcome::Reject(AuthError::UserNotFound));
            };
            let (actor, administrators) = (person_behind(&from), ADMINISTRATORS.len(view)?);
            if let Err(no) = rules::may_change_role(actor, old.standing(), role, administrators) {
                return Ok(Outcome::Reject(no.into()));
            }
            if old.role == role {
                return Ok(Outcome::NoChange(old));
            }
            let from = from.clone();
            Ok(Outcome::commit(move |txn: &WriteTxn<'_>| {
                let mut event = from.event(now, "role.changed", format!("user:{id}"))?;
                event.before = Some(json!({ "role": old.role.as_str() }).to_string());
                event.after = Some(json!({ "role": role.as_str() }).to_string());
                emit(txn, &event)?;
                let changed = Account { role, ..old };
                update_account(txn, &changed)?;
                Ok(changed)
            }))
        };
        self.shared.store.submit(command).await?
    }
}

/// What speaks against a change, if something does.
fn refusal(
    view: &impl Reader,
    old: &Account,
    change: &AccountChange,
    actor: Option<UserId>,
) -> Result<Option<AuthError>, StoreError> {
    let is_anothers = |identifier: &Identifier| {
        Ok::<_, StoreError>(find(view, identifier)?.is_some_and(|holder| holder.id != old.id))
    };
    if let Some(email) = &change.email
        && is_anothers(&Identifier::Email(email.key()))?
    {
        return Ok(Some(AuthError::EmailTaken));
    }
    if let Some(username) = &change.username
        && is_anothers(&Identifier::Username(username.key()))?
    {
        return Ok(Some(AuthError::UsernameTaken));
    }
    if change.disabled == Some(true) && !old.disabled {
        let administrators = ADMINISTRATORS.len(view)?;
        return Ok(rules::may_disable(actor, old.standing(), administrators).err().map(Into::into));
    }
    Ok(None)
}

fn changed(old: &Account, change: &AccountChange) -> Account {
    let email = change.email.as_ref().map(|email| email.as_str().to_owned());
    let username = change.username.as_ref().map(|username| username.as_str().to_owned());
    Account {
        email: email.unwrap_or_else(|| old.email.clone()),
        username: username.unwrap_or_else(|| old.username.clone()),
        disabled: change.disabled.unwrap_or(old.disabled),
        ..old.clone()
    }
}

/// What the audit trail is told of a change: which fields, and never what they held.
fn told(
    old: &Account,
    new: &Account,
    now: Time,
    from: &AuditContext,
) -> Result<Vec<AuditEvent>, StoreError> {
    let target = || format!("user:{}", old.id);
    let mut events = Vec::new();
    let fields = [("email", old.email != new.email), ("username", old.username != new.username)];
    let fields: Vec<_> =
        fields.iter().filter(|(_, changed)| *changed).map(|(field, _)| *field).collect();
    if !fields.is_empty() {
        let after = Some(json!({ "changed": fields }).to_string());
        events.push(AuditEvent { after, ..from.event(now, "user.updated", target())? });
    }
    if old.disabled != new.disabled {
        let action = if new.disabled { "user.disabled" } else { "user.enabled" };
        events.push(from.event(now, action, target())?);
    }
    Ok(events)
}
