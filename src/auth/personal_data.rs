//! Everything that `auth.redb` holds about a person, for them to read (GDPR, article 15).
//!
//! Whoever adds a table of things that belong to people adds what it holds of them here, never a secret:
//! neither a password's hash, nor a token, nor a key.

use serde_json::{Value, json};

use super::{
    AuthError, AuthService, KeyView,
    api_keys::keys_of,
    passwords::NO_PASSWORD,
    records::{Account, SecondFactor, Session},
    store::{account, sessions_of},
    tables::SECOND_FACTORS,
};
use crate::{
    audit_event::{AuditContext, emit},
    clock::Time,
    ids::UserId,
    store::{Outcome, ReadView, StoreError},
};

/// What this file holds about a person.
#[derive(Debug)]
pub struct AccountData {
    /// The account.
    pub account: Value,
    /// The sessions that have not ended.
    pub sessions: Vec<Value>,
    /// The second factor; null without one.
    pub second_factor: Value,
    /// The API keys that act for them.
    pub api_keys: Vec<Value>,
}

impl AuthService {
    /// Everything that this file holds about a person.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`] and those of the store.
    pub fn personal_data_of(&self, id: UserId) -> Result<AccountData, AuthError> {
        let snapshot = self.shared.store.read()?;
        let account = account(&snapshot, id)?.ok_or(AuthError::UserNotFound)?;
        let limits = self.shared.limits;
        let sessions = sessions_of(&snapshot, id)?.into_iter().map(|(key, session)| {
            let ends_at = limits.ends_at(session.created_at, session.last_used_at);
            of_session(key, &session, ends_at)
        });
        let factor = SECOND_FACTORS.get(&snapshot, id.0)?;
        Ok(AccountData {
            account: of_account(&account),
            sessions: sessions.collect(),
            second_factor: factor.as_ref().map_or(Value::Null, of_second_factor),
            api_keys: keys_of(&snapshot, id)?.iter().map(of_api_key).collect(),
        })
    }

    /// Leaves an audit event of somebody reading all of it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn note_export(&self, id: UserId, from: AuditContext) -> Result<(), AuthError> {
        let now = self.shared.clock.now();
        let command = move |_: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
            let event = from.event(now, "user.exported", format!("user:{id}"))?;
            Ok(Outcome::commit(move |txn| emit(txn, &event)))
        };
        self.shared.store.submit(command).await?
    }
}

fn of_account(account: &Account) -> Value {
    json!({
        "id": account.id.0,
        "email": account.email,
        "username": account.username,
        "name_as_registered": account.name,
        "surname_as_registered": account.surname,
        "language_as_registered": account.language.code(),
        "role": account.role.as_str(),
        "status": if account.disabled { "disabled" } else { "active" },
        "has_password": account.password_hash != NO_PASSWORD,
        "created_at": account.created_at.to_string(),
        "last_login_at": account.last_login_at.map(|time| time.to_string()),
    })
}

fn of_second_factor(factor: &SecondFactor) -> Value {
    json!({
        "started_at": factor.started_at.to_string(),
        "confirmed_at": factor.confirmed_at.map(|time| time.to_string()),
        "recovery_codes_left": factor.recovery.len(),
    })
}

fn of_api_key(key: &KeyView) -> Value {
    json!({
        "id": key.id.name(),
        "name": key.name,
        "created_at": key.created_at.to_string(),
        "expires_at": key.expires_at.map(|time| time.to_string()),
        "last_used_at": key.last_used_at.map(|time| time.to_string()),
        "last_network": key.last_network,
    })
}

fn of_session(key: u128, session: &Session, ends_at: Time) -> Value {
    json!({
        "id": Session::name(key),
        "device": session.device,
        "network": session.network,
        "created_at": session.created_at.to_string(),
        "last_used_at": session.last_used_at.to_string(),
        "ends_at": ends_at.to_string(),
    })
}
