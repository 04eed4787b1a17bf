//! Who is asking.
//!
//! The gateway authenticates each request once and leaves a [`Caller`] on it. What they may do with it
//! is in `permission`.

use std::sync::Arc;

use poem::http::StatusCode;

use super::{ClientNetwork, Problem};
use crate::{
    audit_event::Actor,
    clock::Time,
    ids::{RandomId, Role, Scopes, UserId},
};

/// The person behind a request, read for this very request from the account and from what they showed.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who.
    pub id: UserId,
    /// What they may do.
    pub role: Role,
    /// What they showed.
    pub credential: Credential,
    /// Whether their role must have a second factor and they have none yet. Of machines it is not asked.
    pub needs_second_factor: bool,
    /// Their e-mail address, as registered.
    pub email: String,
    /// Their username, as registered.
    pub username: String,
    /// When the account was made.
    pub created_at: Time,
    /// When they logged in last.
    pub last_login_at: Option<Time>,
}

/// What a person was authenticated by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An access token of this session: they are here themselves.
    Session(RandomId),
    /// An API key: a machine acts for them, and may do no more than these scopes say.
    ApiKey {
        /// Which key.
        id: RandomId,
        /// What it may be used for.
        scopes: Scopes,
    },
}

impl Principal {
    /// The session that they are here with; nothing for a machine that acts for them.
    pub const fn session(&self) -> Option<RandomId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::ApiKey { .. } => None,
        }
    }

    /// The API key that a machine acts for them with; nothing when they are here themselves.
    pub const fn key(&self) -> Option<RandomId> {
        match self.credential {
            Credential::Session(_) => None,
            Credential::ApiKey { id, .. } => Some(id),
        }
    }

    /// What the audit trail calls them.
    pub const fn actor(&self) -> Actor {
        match self.credential {
            Credential::Session(_) => Actor::User(self.id),
            Credential::ApiKey { id, .. } => Actor::ApiKey { id, owner: self.id },
        }
    }
}

/// A screen that shows the codes of one event, and is nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// Its token's id.
    pub id: RandomId,
    /// The public id of its event.
    pub event_id: String,
}

/// Turns what a request bears into who is behind it: the domains do, composed in `server/domains`.
pub trait Authenticator: Send + Sync + 'static {
    /// Checks an access token, then the session and the account as they are now.
    ///
    /// # Errors
    /// 401 with `TOKEN_INVALID`, `TOKEN_EXPIRED` or `SESSION_ENDED`.
    fn session(&self, token: &str) -> Result<Arc<Principal>, Problem>;

    /// Checks an API key, then its owner's account as it is now; notes that it was used.
    ///
    /// # Errors
    /// 401 with `KEY_INVALID` or `KEY_EXPIRED`.
    fn api_key(&self, key: &str, network: ClientNetwork) -> Result<Arc<Principal>, Problem>;

    /// Checks a display token.
    ///
    /// # Errors
    /// 401 with `DISPLAY_INVALID`.
    fn display(&self, token: &str) -> Result<Arc<Display>, Problem>;
}

/// What the gateway found out about who is asking.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nothing was shown.
    Anonymous,
    /// A person, or a machine that acts for one.
    SignedIn(Arc<Principal>),
    /// A screen.
    Display(Arc<Display>),
    /// Something that does not hold, and why. Only operations that need a caller refuse it.
    Refused(Problem),
}

impl Caller {
    /// 401 for a request without a token.
    pub const fn missing() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "TOKEN_MISSING",
            "Please sign in.",
            "Effettua l'accesso.",
        )
    }
}
