//! Setting a password without knowing the one before: with a token that is good once and for an hour.
//!
//! Administrators and the command line hand tokens out; with a mail server people have them sent to their
//! own address (`forgot`). A token is kept as its hash only. It changes the password and nothing else: who
//! has a second factor still needs it.

use super::{
    NewPassword,
    service::{replace, with_password},
};
use crate::{
    audit_event::{Actor, AuditContext, emit},
    auth::{
        AuthError, AuthService,
        records::{Account, PasswordReset},
        store::account,
        tables::PASSWORD_RESETS,
    },
    base32,
    clock::Time,
    crypto,
    http::ClientConnection,
    ids::UserId,
    store::{Outcome, ReadView, Reader, StoreError},
};

/// How long a token is good, in minutes. The messages say so too.
const GOOD_FOR_MINUTES: i64 = 60;

/// A token that was just made; it is never shown again.
pub struct IssuedReset {
    /// For `POST /auth/password/reset`.
    pub token: String,
    /// The link that leads there.
    pub url: String,
    /// The last moment at which it is good.
    pub ends_at: Time,
}

/// What a token says: for whom it is, which is no secret, and 256 bits that are.
struct Token {
    user: UserId,
    secret: [u8; 32],
}

impl Token {
    fn generate(user: UserId) -> Result<Self, crypto::NoRandomness> {
        Ok(Self { user, secret: crypto::random()? })
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = base32::decode(text.trim())?;
        let (user, secret) = bytes.split_first_chunk::<8>()?;
        let user = UserId(u64::from_be_bytes(*user));
        Some(Self { user, secret: secret.try_into().ok()? })
    }

    fn write(&self) -> String {
        base32::encode(&[self.user.0.to_be_bytes().as_slice(), &self.secret].concat())
    }

    fn hash(&self) -> [u8; 32] {
        crypto::sha256(&self.secret)
    }

    /// Whose password it sets, if it is good now.
    fn owner(&self, reader: &impl Reader, now: Time) -> Result<Option<Account>, StoreError> {
        let kept = PASSWORD_RESETS.get(reader, self.user.0)?;
        let is_good =
            kept.is_some_and(|kept| crypto::equal(&kept.hash, &self.hash()) && now <= kept.ends_at);
        if !is_good {
            return Ok(None);
        }
        Ok(account(reader, self.user)?.filter(|account| !account.disabled))
    }
}

impl AuthService {
    /// Makes a token for somebody, in the place of the one before.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`], [`AuthError::UserDisabled`], [`AuthError::OwnFactors`] and those of
    /// the store.
    pub async fn issue_password_reset(
        &self,
        id: UserId,
        from: AuditContext,
    ) -> Result<IssuedReset, AuthError> {
        if from.actor == Actor::User(id) {
            return Err(AuthError::OwnFactors);
        }
        let token = Token::generate(id)?;
        let now = self.shared.clock.now();
        let ends_at = now.plus_minutes(GOOD_FOR_MINUTES);
        let hash = token.hash();
        let command = move |view: &ReadView<'_>| {
            let Some(account) = account(view, id)? else {
                return Ok(Outcome::Reject(AuthError::UserNotFound));
            };
            if account.disabled {
                return Ok(Outcome::Reject(AuthError::UserDisabled));
            }
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                PASSWORD_RESETS.put(txn, id.0, &PasswordReset { hash, ends_at })?;
                emit(txn, &from.event(now, "password.reset_requested", format!("user:{id}"))?)
            }))
        };
        self.shared.store.submit(command).await??;
        let token = token.write();
        let url = format!("{}/app/reset#{token}", self.shared.site.origin);
        Ok(IssuedReset { token, url, ends_at })
    }

    /// Sets the password of the token's owner, spends the token and ends all of their sessions.
    ///
    /// # Errors
    /// [`AuthError::ResetInvalid`]; [`AuthError::Invalid`] for a password that is refused, which leaves
    /// the token good; [`AuthError::HasherBusy`] and those of the store.
    pub async fn reset_password(
        &self,
        token: &str,
        new: String,
        from: AuditContext,
        client: ClientConnection,
    ) -> Result<(), AuthError> {
        let shared = &self.shared;
        let token = Token::read(token).ok_or(AuthError::ResetInvalid)?;
        let now = shared.clock.now();
        // Before the costly hash; the command below asks again.
        let owner = token.owner(&shared.store.read()?, now)?.ok_or(AuthError::ResetInvalid)?;
        let own = [owner.email.as_str(), &owner.username];
        let new = NewPassword::parse("new", new, &own)?;
        let password_hash = self.hash_new(new, &owner, client).await?;
        let from = AuditContext { actor: Actor::User(owner.id), ..from };
        let command = move |view: &ReadView<'_>| {
            let Some(owner) = token.owner(view, now)? else {
                return Ok(Outcome::Reject(AuthError::ResetInvalid));
            };
            let changed = with_password(owner, password_hash.clone());
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                // Which spends the token.
                replace(txn, &changed, None)?;
                emit(txn, &from.event(now, "password.reset", format!("user:{}", changed.id))?)
            }))
        };
        shared.store.submit_from_reserve(command).await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_nothing_else_is_one() {
        let token = Token::generate(UserId(7)).unwrap();
        let text = token.write();
        assert_eq!(text.len(), 64, "no bit is left over");
        let read = Token::read(&format!(" {} ", text.to_lowercase())).unwrap();
        assert_eq!((read.user, read.secret), (token.user, token.secret));
        for other in ["", "0", &text[1..], &format!("{text}00"), "!", "ùùùù"] {
            assert!(Token::read(other).is_none(), "{other}");
        }
    }
}
