//! The verbs on API keys and on the keys that sign access tokens: what is asked for, the doing, and what
//! comes back. As with accounts, the doing needs the accounts alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    protocol::{ExitStatus, Refused, ResponseStream, as_json},
    users::resolve_user,
};
use crate::{
    audit_event::AuditContext,
    auth::{AuthError, AuthService, KeyView, NewKey},
    ids::{RandomId, Scope},
};

/// How many keys are read at once.
const BATCH: usize = 500;

/// A verb on API keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyRequest {
    /// Make one; done with an [`ApiKeyMade`].
    Create(CreateKey),
    /// All of them by id: each an item, an [`ApiKeyView`].
    List,
    /// Revoke one; done with nothing.
    Revoke {
        /// Its id.
        id: String,
    },
}

/// A new key, as typed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// What people call it.
    pub name: String,
    /// What it may be used for, in words.
    pub scopes: Vec<String>,
    /// Whom it acts for: an id, an address or a username. The first administrator when nobody is named.
    pub owner: Option<String>,
    /// Days until it ends; it does not when none are given.
    pub expires_in_days: Option<u32>,
}

/// A key as the command line shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApiKeyView {
    /// Names it; no secret.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The owner's number.
    pub owner_id: u64,
    /// The owner's username.
    pub owner: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; nothing when it does not end.
    pub expires_at: Option<String>,
    /// RFC 3339; nothing when it never was.
    pub last_used_at: Option<String>,
    /// From where it was used last.
    pub last_network: Option<String>,
}

/// A key that was just made.
#[derive(Serialize, Deserialize)]
pub struct ApiKeyMade {
    /// All but the secret.
    #[serde(flatten)]
    pub key: ApiKeyView,
    /// What its bearer sends. Shown this once.
    pub secret: String,
}

impl From<KeyView> for ApiKeyView {
    fn from(key: KeyView) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            owner_id: key.owner.0,
            owner: key.owner_username,
            scopes: key.scopes.words().into_iter().map(str::to_owned).collect(),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|time| time.to_string()),
            last_used_at: key.last_used_at.map(|time| time.to_string()),
            last_network: key.last_network,
        }
    }
}

/// Does what a verb on API keys asks for.
///
/// # Errors
/// [`Refused`], in words for the person who asked.
pub async fn execute_on_keys(
    auth: &AuthService,
    request: KeyRequest,
    out: &ResponseStream,
) -> Result<Value, Refused> {
    match request {
        KeyRequest::Create(create) => as_json(self::create(auth, create).await?),
        KeyRequest::List => {
            list(auth, out).await?;
            Ok(Value::Null)
        }
        KeyRequest::Revoke { id } => {
            let id = RandomId::parse(id.trim()).ok_or(AuthError::KeyNotFound)?;
            auth.revoke_key(id, AuditContext::COMMAND_LINE).await?;
            Ok(Value::Null)
        }
    }
}

/// Makes another key sign access tokens; done with its number.
///
/// # Errors
/// [`Refused`], in words for the person who asked.
pub async fn rotate_signing_key(auth: &AuthService) -> Result<Value, Refused> {
    as_json(auth.rotate_signing_key(AuditContext::COMMAND_LINE).await?)
}

async fn create(auth: &AuthService, create: CreateKey) -> Result<ApiKeyMade, Refused> {
    let CreateKey { name, scopes, owner, expires_in_days } = create;
    let owner = match owner {
        Some(owner) => resolve_user(auth, &owner)?,
        None => auth.first_administrator().map_err(|error| match error {
            AuthError::UserNotFound => Refused::new(
                ExitStatus::NotFound,
                "USER_NOT_FOUND",
                "there is no administrator yet; say with --owner whom the key acts for",
            ),
            error => error.into(),
        })?,
    };
    let scopes = scopes.iter().map(|word| word.parse::<Scope>()).collect::<Result<_, _>>();
    let scopes = scopes
        .map_err(|unknown| Refused::new(ExitStatus::Usage, "INVALID", unknown.to_string()))?;
    let expires_at = expires_in_days.map(|days| auth.in_days(days));
    let new = NewKey { name, scopes, owner, expires_at };
    let (made, secret) = auth.create_key(new, AuditContext::COMMAND_LINE).await?;
    Ok(ApiKeyMade { key: made.into(), secret })
}

async fn list(auth: &AuthService, out: &ResponseStream) -> Result<(), Refused> {
    let mut after = None;
    loop {
        let batch = auth.keys(after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(last.id);
        for key in batch {
            out.item(ApiKeyView::from(key)).await?;
        }
    }
}
