//! What `auth.redb` stores. An old version of a struct stays here, frozen, when a new one comes.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Time,
    ids::{RandomId, Role, UserId},
    language::Language,
    store::first_version,
};

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// From 1, never reused.
    pub id: UserId,
    /// As typed.
    pub email: String,
    /// As typed.
    pub username: String,
    /// Given name as registered; the profile has the current one.
    pub name: String,
    /// Family name as registered.
    pub surname: String,
    /// Language as registered.
    pub language: Language,
    /// What they may do.
    pub role: Role,
    /// Whether they may not log in.
    pub disabled: bool,
    /// A PHC string: algorithm, parameters, salt and hash.
    pub(super) password_hash: String,
    /// When it was made.
    pub created_at: Time,
    /// When somebody logged in last.
    pub last_login_at: Option<Time>,
}

/// One login, until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) user: UserId,
    pub(super) created_at: Time,
    pub(super) last_used_at: Time,
    /// The `User-Agent` of the login.
    pub(super) device: String,
    /// The network of the login or of the last refresh.
    pub(super) network: String,
    /// How often its refresh token was rotated.
    pub(super) generation: u32,
    /// SHA-256 of the secret in the one refresh token that is good now.
    pub(super) refresh_hash: [u8; 32],
}

/// A key that signs access tokens.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredKey {
    pub(super) secret: [u8; 32],
    pub(super) created_at: Time,
}

/// The one-time token that makes the first administrator.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SetupToken {
    /// SHA-256 of the token.
    pub(super) hash: [u8; 32],
    pub(super) created_at: Time,
}

first_version!(Account, Session, StoredKey, SetupToken);

impl Session {
    /// The key of a session in its tables.
    pub(super) const fn key(id: RandomId) -> u128 {
        u128::from_be_bytes(id.0)
    }
}
