//! Use cases of accounts: registering, finding, naming, and changing what somebody may do.

use serde_json::json;

use super::model::{Email, NewAccount, RegisteredAccount, Username};
use crate::{
    audit_event::{Actor, AuditContext, emit},
    auth::{
        AuthError, AuthService,
        invitations::{CodeHash, invited, spend},
        records::Account,
        sessions::Identifier,
        store::{account, accounts_after, find, free_username, insert_account, replace_account},
        tables::{ACCOUNT_BY_EMAIL, ACCOUNT_BY_USERNAME},
    },
    http::{ClientConnection, ClientNetwork, RequestContext},
    ids::UserId,
    store::{Outcome, ReadView, StoreError, WriteTxn},
};

impl AuthService {
    /// Registers whoever asks, if the configuration lets them.
    ///
    /// # Errors
    /// [`AuthError::RegistrationClosed`], [`AuthError::InviteRequired`], [`AuthError::InviteInvalid`],
    /// [`AuthError::TooManyRegistrations`], [`AuthError::TooManyRefused`] in the place of what one more is
    /// refused for, and those of [`AuthService::create`].
    pub async fn register(
        &self,
        new: NewAccount,
        invite: Option<&str>,
        context: &RequestContext,
    ) -> Result<Account, AuthError> {
        let mut counted = Counted::one(self, context.network)?;
        let created = self.register_counted(new, invite, &mut counted, context).await;
        self.shared.metrics.auth_attempt(if created.is_ok() { "success" } else { "failure" });
        if let Err(refusal) = &created {
            counted.is_kept = false;
            drop(counted);
            self.refuse_registration(refusal, context).await?;
        }
        created
    }

    /// Finds out before anything costly what speaks against it: the invitation, the username, and last the
    /// address, once the password is known to be good. So whoever asks whether somebody has an account makes
    /// one if nobody has. The command that makes it asks again.
    async fn register_counted(
        &self,
        new: NewAccount,
        invite: Option<&str>,
        counted: &mut Counted<'_>,
        context: &RequestContext,
    ) -> Result<Account, AuthError> {
        let shared = &self.shared;
        let invite = self.may_register(invite)?;
        let snapshot = shared.store.read()?;
        if let Some(wanted) = &new.username
            && ACCOUNT_BY_USERNAME.contains(&snapshot, wanted.key().as_str())?
        {
            return Err(AuthError::UsernameTaken);
        }
        drop(snapshot);
        let (store, key) = (shared.store.clone(), new.email.key());
        let is_free = move || {
            let is_taken = ACCOUNT_BY_EMAIL.contains(&store.read()?, key.as_str())?;
            if is_taken { Err(AuthError::EmailTaken) } else { Ok(()) }
        };
        let draft = self.draft(&new, is_free, context.client()).await?;
        let from = context.audit_context(Actor::Anonymous);
        let action = "user.registered";
        // From here on there may be an account, also when the client does not wait for it.
        counted.is_kept = true;
        self.insert_drafted(draft, new.email, new.username, invite, from, action).await
    }

    /// Counts a registration that was refused for what others have, and leaves a trace of it: which reason, and
    /// neither address nor name.
    ///
    /// # Errors
    /// [`AuthError::TooManyRefused`] in the place of the refusal.
    async fn refuse_registration(
        &self,
        refusal: &AuthError,
        context: &RequestContext,
    ) -> Result<(), AuthError> {
        let reason = match refusal {
            AuthError::EmailTaken => "email",
            AuthError::UsernameTaken => "username",
            AuthError::InviteInvalid => "invitation",
            _ => return Ok(()),
        };
        let now = self.shared.clock.now();
        self.shared.metrics.registration_refused(reason);
        self.shared.throttle.refuse_registration(context.network, now)?;
        if self.shared.throttle.may_note(context.network, now) {
            let from = context.audit_context(Actor::Anonymous);
            let target = format!("registration:{reason}");
            self.note_failure(from, "registration.refused", target).await;
        }
        Ok(())
    }

    /// Makes an account; `action` is what the audit trail calls it.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a password that is easy to guess, [`AuthError::EmailTaken`],
    /// [`AuthError::UsernameTaken`], [`AuthError::HasherBusy`] and those of the store.
    pub async fn create(
        &self,
        new: NewAccount,
        from: AuditContext,
        action: &'static str,
    ) -> Result<Account, AuthError> {
        let draft = self.draft(&new, || Ok(()), ClientConnection::LOCAL).await?;
        self.insert_drafted(draft, new.email, new.username, None, from, action).await
    }

    /// Settles the username of a drafted account and stores it, and spends the invitation that it came with,
    /// which decides the role.
    pub(super) async fn insert_drafted(
        &self,
        draft: Account,
        email: Email,
        wanted: Option<Username>,
        invite: Option<CodeHash>,
        from: AuditContext,
        action: &'static str,
    ) -> Result<Account, AuthError> {
        let suggestion = email.suggested_username();
        let command = move |view: &ReadView<'_>| {
            let Ok(invitation) = invited(view, invite, draft.created_at)? else {
                return Ok(Outcome::Reject(AuthError::InviteInvalid));
            };
            if ACCOUNT_BY_EMAIL.contains(view, email.key().as_str())? {
                return Ok(Outcome::Reject(AuthError::EmailTaken));
            }
            let username = match free_username(view, wanted.as_ref(), &suggestion)? {
                Ok(username) => username,
                Err(refusal) => return Ok(Outcome::Reject(refusal)),
            };
            let role = invitation.as_ref().map_or(draft.role, |(_, invitation)| invitation.role);
            let draft = Account { username: username.as_str().to_owned(), role, ..draft.clone() };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                let account = insert(txn, draft, &from, action)?;
                if let Some((id, invitation)) = invitation {
                    spend(txn, id, &invitation, &account, &from)?;
                }
                Ok(account)
            }))
        };
        self.shared.store.submit(command).await?
    }

    /// An account without an id and with an unsettled username, the password judged and hashed.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a password that is easy to guess, what `is_wanted` says of a good one before
    /// it is hashed, and [`AuthError::HasherBusy`].
    pub(in crate::auth) async fn draft(
        &self,
        new: &NewAccount,
        is_wanted: impl FnOnce() -> Result<(), AuthError> + Send + 'static,
        client: ClientConnection,
    ) -> Result<Account, AuthError> {
        let username = new.username.as_ref().map_or("", Username::as_str);
        let guesses = self.guesses([new.email.as_str(), username, &new.name, &new.surname]);
        let password = new.password.clone();
        let password_hash =
            self.shared.hasher.hash_new(password, guesses, is_wanted, client).await?;
        Ok(Account {
            id: UserId(0),
            email: new.email.as_str().to_owned(),
            username: String::new(),
            name: new.name.clone(),
            surname: new.surname.clone(),
            language: new.language,
            role: new.role,
            disabled: false,
            password_hash,
            created_at: self.shared.clock.now(),
            last_login_at: None,
            password_changes: 0,
        })
    }

    /// The account with this id.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`] and those of the store.
    pub fn account(&self, id: UserId) -> Result<Account, AuthError> {
        account(&self.shared.store.read()?, id)?.ok_or(AuthError::UserNotFound)
    }

    /// The account that an e-mail address or a username names.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`] and those of the store.
    pub fn find(&self, identifier: &str) -> Result<Account, AuthError> {
        let identifier = Identifier::parse(identifier);
        find(&self.shared.store.read()?, &identifier)?.ok_or(AuthError::UserNotFound)
    }

    /// What an account was registered with, if there is one.
    ///
    /// # Errors
    /// Those of the store.
    pub fn registered(&self, id: UserId) -> Result<Option<RegisteredAccount>, StoreError> {
        let found = account(&self.shared.store.read()?, id)?;
        Ok(found.map(|account| RegisteredAccount {
            name: account.name,
            surname: account.surname,
            language: account.language,
            created_at: account.created_at,
        }))
    }

    /// At most `limit` accounts after the one with the id `after`, by id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self, after: u64, limit: usize) -> Result<Vec<Account>, AuthError> {
        let accounts = move |snapshot: &_| accounts_after(snapshot, after, limit);
        Ok(self.shared.store.read_range(accounts).await?)
    }

    /// Gives an account another username; says which one it has now.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::UsernameTaken`], [`AuthError::UserNotFound`] and those of
    /// the store.
    pub async fn change_username(
        &self,
        id: UserId,
        username: &str,
        from: AuditContext,
    ) -> Result<String, AuthError> {
        let username = Username::parse(username)?;
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            let Some(old) = account(view, id)? else {
                return Ok(Outcome::Reject(AuthError::UserNotFound));
            };
            let holder = find(view, &Identifier::Username(username.key()))?;
            if holder.is_some_and(|holder| holder.id != id) {
                return Ok(Outcome::Reject(AuthError::UsernameTaken));
            }
            if old.username == username.as_str() {
                return Ok(Outcome::NoChange(old.username));
            }
            let (from, username) = (from.clone(), username.clone());
            Ok(Outcome::commit(move |txn| {
                // The trail outlives the person: it says that there is another name, not which.
                emit(txn, &from.event(now, "user.renamed", format!("user:{id}"))?)?;
                let username = username.as_str().to_owned();
                replace_account(txn, &old, &Account { username: username.clone(), ..old.clone() })?;
                Ok(username)
            }))
        };
        self.shared.store.submit(command).await?
    }
}

/// An account of a network that is counted before it is made, and given back when none can come of it.
struct Counted<'s> {
    service: &'s AuthService,
    network: ClientNetwork,
    is_kept: bool,
}

impl<'s> Counted<'s> {
    fn one(service: &'s AuthService, network: ClientNetwork) -> Result<Self, AuthError> {
        service.shared.throttle.register(network, service.shared.clock.now())?;
        Ok(Self { service, network, is_kept: false })
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            let shared = &self.service.shared;
            shared.throttle.not_registered(self.network, shared.clock.now());
        }
    }
}

/// Numbers and stores a new account, and tells the audit trail: by its number, since the trail outlives
/// whoever it is of.
pub(in crate::auth) fn insert(
    txn: &WriteTxn<'_>,
    draft: Account,
    from: &AuditContext,
    action: &str,
) -> Result<Account, StoreError> {
    let account = Account { id: UserId(txn.next_number("accounts")?), ..draft };
    insert_account(txn, &account)?;
    let mut from = from.clone();
    if matches!(from.actor, Actor::Anonymous) {
        from.actor = Actor::User(account.id);
    }
    let mut event = from.event(account.created_at, action, format!("user:{}", account.id))?;
    event.after = Some(json!({ "role": account.role.as_str() }).to_string());
    emit(txn, &event)?;
    Ok(account)
}
