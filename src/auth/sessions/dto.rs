//! The wire shapes of logins and sessions.

use poem_openapi::Object;

use super::OpenSession;
use crate::{
    http::{Timestamp, UserBody},
    ids::RandomId,
};

/// Who wants to log in.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct LoginRequest {
    /// An e-mail address or a username, any case.
    pub(super) identifier: String,
    /// The password.
    pub(super) password: String,
    /// Six digits of the authenticator app, or a recovery code; for whoever has a second factor.
    pub(super) totp: Option<String>,
    /// Put the refresh token into an `HttpOnly` cookie, out of reach of scripts, instead of the body.
    #[oai(default)]
    pub(super) use_cookie: bool,
}

impl poem_openapi::types::Example for LoginRequest {
    fn example() -> Self {
        Self {
            identifier: "ada@example.org".to_owned(),
            password: "correct horse battery".to_owned(),
            totp: None,
            use_cookie: false,
        }
    }
}

/// Which session to go on with.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub(super) struct RefreshRequest {
    /// The newest refresh token; without it the cookie is read.
    pub(super) refresh_token: Option<String>,
}

/// What a client needs to go on.
#[derive(Object)]
#[oai(rename = "Session")]
pub(super) struct SessionBody {
    /// For `Authorization: Bearer …`.
    pub(super) access_token: String,
    /// Always `Bearer`.
    pub(super) token_type: String,
    /// Seconds that the access token lives.
    pub(super) expires_in: u32,
    /// Trades once for the next session answer; null when it is in the cookie.
    pub(super) refresh_token: Option<String>,
    /// Who is logged in.
    pub(super) user: UserBody,
}

/// One of your sessions.
#[derive(Object)]
#[oai(rename = "SessionEntry")]
pub(super) struct SessionEntry {
    /// Tells it from your other sessions.
    id: String,
    /// The `User-Agent` of the login.
    device: String,
    /// The network of the login or of the last refresh.
    network: String,
    /// When the login was.
    created_at: Timestamp,
    /// When it was used last, as far as logins and refreshes tell.
    last_used_at: Timestamp,
    /// When it ends unless it is used.
    ends_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// Your sessions.
#[derive(Object)]
pub(super) struct SessionList {
    /// The one that was used last first.
    items: Vec<SessionEntry>,
}

impl SessionList {
    pub(super) fn new(sessions: Vec<OpenSession>, current: Option<RandomId>) -> Self {
        let current = current.map(RandomId::name);
        let entry = |session: OpenSession| SessionEntry {
            current: current.as_ref() == Some(&session.name),
            id: session.name,
            device: session.device,
            network: session.network,
            created_at: Timestamp(session.created_at),
            last_used_at: Timestamp(session.last_used_at),
            ends_at: Timestamp(session.ends_at),
        };
        Self { items: sessions.into_iter().map(entry).collect() }
    }
}
