//! The first administrator: a link that works once, printed while there is none.

use super::{
    AuthError, AuthService, NewAccount,
    accounts::insert,
    records::{Account, SetupToken},
    store::free_username,
    tables::{ACCOUNT_BY_EMAIL, ADMINISTRATORS, SETUP},
};
use crate::{
    audit_event::AuditContext,
    base32, crypto,
    http::ClientConnection,
    ids::Role,
    store::{Outcome, ReadView, StoreError},
};

const FIRST: &str = "first";

impl AuthService {
    /// Whether there is no administrator yet.
    ///
    /// # Errors
    /// Those of the store.
    pub fn is_setup_required(&self) -> Result<bool, AuthError> {
        Ok(ADMINISTRATORS.len(&self.shared.store.read()?)? == 0)
    }

    /// A fresh link for the first administrator, which replaces the one before; nothing once there is one.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn issue_setup_link(&self) -> Result<Option<String>, AuthError> {
        let origin = &self.shared.site.origin;
        let token = self.issue_setup_token().await?;
        Ok(token.map(|token| format!("{origin}/app/setup#{token}")))
    }

    /// The token of such a link.
    ///
    /// # Errors
    /// Those of the store.
    async fn issue_setup_token(&self) -> Result<Option<String>, AuthError> {
        if !self.is_setup_required()? {
            return Ok(None);
        }
        let secret: [u8; 20] = crypto::random()?;
        let hash = crypto::sha256(&secret);
        let created_at = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| -> Result<Outcome<bool, AuthError>, StoreError> {
            if ADMINISTRATORS.len(view)? > 0 {
                return Ok(Outcome::NoChange(false));
            }
            Ok(Outcome::commit(move |txn| {
                SETUP.put(txn, FIRST, &SetupToken { hash, created_at })?;
                Ok(true)
            }))
        };
        let issued = self.shared.store.submit(command).await??;
        Ok(issued.then(|| base32::encode(&secret)))
    }

    /// Makes the first administrator of the bearer of the token, and spends it.
    ///
    /// # Errors
    /// [`AuthError::SetupInvalid`] for another token or a second use, [`AuthError::EmailTaken`],
    /// [`AuthError::UsernameTaken`], [`AuthError::HasherBusy`] and those of the store.
    pub async fn set_up(
        &self,
        token: &str,
        new: NewAccount,
        from: AuditContext,
        client: ClientConnection,
    ) -> Result<Account, AuthError> {
        let secret = base32::decode(token.trim()).ok_or(AuthError::SetupInvalid)?;
        let hash = crypto::sha256(&secret);
        if !setup_matches(&self.shared.store.read()?, &hash)? {
            // Before the costly hash; the command below asks again.
            return Err(AuthError::SetupInvalid);
        }
        let draft = Account { role: Role::Admin, ..self.draft(&new, || Ok(()), client).await? };
        let suggestion = new.email.suggested_username();
        let (email, wanted) = (new.email, new.username);
        let command = move |view: &ReadView<'_>| {
            if !setup_matches(view, &hash)? {
                return Ok(Outcome::Reject(AuthError::SetupInvalid));
            }
            if ACCOUNT_BY_EMAIL.contains(view, email.key().as_str())? {
                return Ok(Outcome::Reject(AuthError::EmailTaken));
            }
            let username = match free_username(view, wanted.as_ref(), &suggestion)? {
                Ok(username) => username,
                Err(refusal) => return Ok(Outcome::Reject(refusal)),
            };
            let draft = Account { username: username.as_str().to_owned(), ..draft.clone() };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                SETUP.remove(txn, FIRST)?;
                insert(txn, draft, &from, "setup.completed")
            }))
        };
        self.shared.store.submit(command).await?
    }
}

fn setup_matches(reader: &impl crate::store::Reader, hash: &[u8; 32]) -> Result<bool, StoreError> {
    if ADMINISTRATORS.len(reader)? > 0 {
        return Ok(false);
    }
    let issued = SETUP.get(reader, FIRST)?;
    Ok(issued.is_some_and(|issued| crypto::equal(&issued.hash, hash)))
}
