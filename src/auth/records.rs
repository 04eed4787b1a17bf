//! What `auth.redb` stores. An old version of a struct stays here, frozen, when a new one comes.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Time,
    ids::{RandomId, Role, Scopes, UserId},
    language::Language,
    store::{Record, first_version},
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
    /// A PHC string: algorithm, parameters, salt and hash. Of an import a bcrypt hash, until the next login;
    /// `passwords::NO_PASSWORD` before there is one.
    pub(super) password_hash: String,
    /// When it was made.
    pub created_at: Time,
    /// When somebody logged in last.
    pub last_login_at: Option<Time>,
    /// How often another password was set. Another hash of the same one does not count.
    pub(super) password_changes: u32,
}

/// An account of 0.1.0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountV1 {
    id: UserId,
    email: String,
    username: String,
    name: String,
    surname: String,
    language: Language,
    role: Role,
    disabled: bool,
    password_hash: String,
    created_at: Time,
    last_login_at: Option<Time>,
}

impl Record for Account {
    const VERSION: u8 = 2;
    type Previous = AccountV1;

    fn migrate(previous: AccountV1) -> Self {
        let AccountV1 { id, email, username, name, surname, language, .. } = previous;
        let AccountV1 { role, disabled, password_hash, created_at, last_login_at, .. } = previous;
        Self {
            id,
            email,
            username,
            name,
            surname,
            language,
            role,
            disabled,
            password_hash,
            created_at,
            last_login_at,
            password_changes: 0,
        }
    }
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

/// What somebody proves besides their password.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SecondFactor {
    /// Shared with the authenticator app.
    pub(super) secret: [u8; 20],
    pub(super) started_at: Time,
    /// When a first code of it came back; before, it counts for nothing.
    pub(super) confirmed_at: Option<Time>,
    /// The number of the last step that was used.
    pub(super) last_step: u64,
    /// SHA-256 of each recovery code that was not used.
    pub(super) recovery: Vec<[u8; 32]>,
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

/// A key with which a machine acts for a person.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ApiKey {
    /// SHA-256 of the secret.
    pub(super) hash: [u8; 32],
    pub(super) name: String,
    pub(super) owner: UserId,
    pub(super) scopes: Scopes,
    pub(super) created_at: Time,
    pub(super) expires_at: Option<Time>,
    /// Up to a minute behind while an appliance runs: `api_keys/authenticate`.
    pub(super) last_used_at: Option<Time>,
    pub(super) last_network: Option<String>,
}

/// What lets somebody register.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Invitation {
    /// SHA-256 of the code.
    pub(super) code_hash: [u8; 32],
    /// What for, in the words of whoever made it.
    pub(super) note: String,
    /// What those who come with it may do.
    pub(super) role: Role,
    pub(super) uses: u32,
    pub(super) uses_left: u32,
    pub(super) created_at: Time,
    pub(super) expires_at: Time,
    /// Nobody, when it was made on the command line.
    pub(super) created_by: Option<UserId>,
}

/// Names an invitation.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct InvitationId(pub(super) RandomId);

/// The one token with which a person can set another password.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PasswordReset {
    /// SHA-256 of the token.
    pub(super) hash: [u8; 32],
    /// The last moment at which it is good.
    pub(super) ends_at: Time,
}

/// What is left of a deleted account: its number, and whether everything that said who it was is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Erasure {
    /// When the account was deleted.
    pub(super) deleted_at: Time,
    /// When the other file had erased the name; nothing until then.
    pub(super) erased_at: Option<Time>,
}

first_version!(
    AccountV1,
    Session,
    SecondFactor,
    StoredKey,
    SetupToken,
    ApiKey,
    Invitation,
    InvitationId,
    PasswordReset,
    Erasure
);

impl Session {
    /// The key of a session in its tables.
    pub(super) const fn key(id: RandomId) -> u128 {
        u128::from_be_bytes(id.0)
    }

    /// What people and the audit trail call a session ([`RandomId::name`]).
    pub(super) fn name(key: u128) -> String {
        RandomId(key.to_be_bytes()).name()
    }
}
