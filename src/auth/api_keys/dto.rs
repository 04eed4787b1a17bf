//! API keys on the wire.

use poem_openapi::{Enum, Object, types::Example};

use super::model::KeyView;
use crate::{
    clock::Time,
    http::Timestamp,
    ids::{Scope, Scopes},
};

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ApiKeyScope")]
pub(super) enum ScopeBody {
    /// Hand in posts: `POST /social/logs`.
    #[oai(rename = "social:write")]
    SocialWrite,
    /// Read posts: `GET /social/logs`; the owner must be staff.
    #[oai(rename = "social:read")]
    SocialRead,
    /// Read events, attendance lists and statistics; the owner must be staff.
    #[oai(rename = "attendance:read")]
    AttendanceRead,
    /// Record the owner's attendance: `POST /scans`.
    #[oai(rename = "attendance:write")]
    AttendanceWrite,
    /// Read `/metrics` from any network; the owner must be an administrator.
    #[oai(rename = "metrics:read")]
    MetricsRead,
}

impl From<Scope> for ScopeBody {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::SocialWrite => Self::SocialWrite,
            Scope::SocialRead => Self::SocialRead,
            Scope::AttendanceRead => Self::AttendanceRead,
            Scope::AttendanceWrite => Self::AttendanceWrite,
            Scope::MetricsRead => Self::MetricsRead,
        }
    }
}

impl From<ScopeBody> for Scope {
    fn from(scope: ScopeBody) -> Self {
        match scope {
            ScopeBody::SocialWrite => Self::SocialWrite,
            ScopeBody::SocialRead => Self::SocialRead,
            ScopeBody::AttendanceRead => Self::AttendanceRead,
            ScopeBody::AttendanceWrite => Self::AttendanceWrite,
            ScopeBody::MetricsRead => Self::MetricsRead,
        }
    }
}

/// A key to be made.
#[derive(Debug, Object)]
#[oai(rename = "NewApiKey", deny_unknown_fields, example)]
pub(super) struct NewKeyBody {
    /// What people call it: 1 to 80 characters.
    pub(super) name: String,
    /// What it may be used for: at least one.
    scopes: Vec<ScopeBody>,
    /// When it ends; never when left out.
    expires_at: Option<Timestamp>,
    /// Whom it acts for; whoever makes it when left out.
    pub(super) owner_id: Option<u64>,
}

impl NewKeyBody {
    pub(super) fn scopes(&self) -> Scopes {
        self.scopes.iter().map(|scope| Scope::from(*scope)).collect()
    }

    pub(super) fn expires_at(&self) -> Option<Time> {
        self.expires_at.map(|Timestamp(time)| time)
    }
}

impl Example for NewKeyBody {
    fn example() -> Self {
        Self {
            name: "Instagram collector".to_owned(),
            scopes: vec![ScopeBody::SocialWrite],
            expires_at: Some(Timestamp(Time::from_millis(1_827_000_000_000))),
            owner_id: None,
        }
    }
}

/// Whose a key is.
#[derive(Debug, Object)]
#[oai(rename = "ApiKeyOwner")]
pub(super) struct OwnerBody {
    /// Their id.
    id: u64,
    /// Their username; empty once the account is gone.
    username: String,
}

/// A key, without its secret.
#[derive(Debug, Object)]
#[oai(rename = "ApiKey")]
pub(super) struct KeyBody {
    /// Names it: 32 hex digits. No secret.
    id: String,
    /// What people call it.
    name: String,
    /// Whose it is.
    owner: OwnerBody,
    /// What it may be used for.
    scopes: Vec<ScopeBody>,
    /// When it was made.
    created_at: Timestamp,
    /// When it ends; null when it does not.
    expires_at: Option<Timestamp>,
    /// When it was used last; null when it never was.
    last_used_at: Option<Timestamp>,
    /// From which network.
    last_network: Option<String>,
}

impl From<KeyView> for KeyBody {
    fn from(key: KeyView) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            owner: OwnerBody { id: key.owner.0, username: key.owner_username },
            scopes: key.scopes.iter().map(Into::into).collect(),
            created_at: key.created_at.into(),
            expires_at: key.expires_at.map(Into::into),
            last_used_at: key.last_used_at.map(Into::into),
            last_network: key.last_network,
        }
    }
}

/// A key that was just made, with its secret.
#[derive(Object)]
#[oai(rename = "NewlyMadeApiKey")]
pub(super) struct MadeKeyBody {
    /// The key; nobody has used it yet.
    #[oai(flatten)]
    key: KeyBody,
    /// For `Authorization: Bearer …`. Shown this once; keep it now.
    secret: String,
}

impl MadeKeyBody {
    pub(super) fn of(made: KeyView, secret: String) -> Self {
        Self { key: made.into(), secret }
    }
}

/// A page of keys.
#[derive(Debug, Object)]
#[oai(rename = "ApiKeyPage")]
pub(super) struct KeyPage {
    /// By id.
    pub(super) items: Vec<KeyBody>,
    /// For the next page; null on the last.
    pub(super) next_cursor: Option<String>,
}
