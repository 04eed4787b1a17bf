//! Who is asking, and the proof that they may.
//!
//! The gateway authenticates each request once and leaves a [`Caller`] on it. A handler that takes
//! [`SignedIn`], [`Staff`] or [`Admin`] as an argument cannot run for anyone else: the argument is the
//! permission.

use std::sync::Arc;

use poem::{Request, http::StatusCode};
use poem_openapi::{SecurityScheme, auth::Bearer};

use super::Problem;
use crate::{
    clock::Time,
    ids::{RandomId, Role, UserId},
};

/// The person behind a request, read from the account and the session for this very request.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who.
    pub id: UserId,
    /// What they may do.
    pub role: Role,
    /// The session that their token belongs to.
    pub session: RandomId,
    /// Whether their role must have a second factor and they have none yet.
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

/// Turns a bearer token into a person; the auth domain does, composed in `server/wire`.
pub trait Authenticator: Send + Sync + 'static {
    /// Checks the token, then the session and the account as they are now.
    ///
    /// # Errors
    /// 401 with `TOKEN_INVALID`, `TOKEN_EXPIRED` or `SESSION_ENDED`.
    fn authenticate(&self, token: &str) -> Result<Arc<Principal>, Problem>;
}

/// What the gateway found out about who is asking.
#[derive(Debug, Clone)]
pub enum Caller {
    /// No token.
    Anonymous,
    /// A good one.
    SignedIn(Arc<Principal>),
    /// One that does not hold, and why. Only operations that need a caller refuse it.
    Refused(Problem),
}

impl Caller {
    fn require(request: &Request, role: Role) -> Result<Arc<Principal>, Problem> {
        let principal = Self::signed_in(request, role)?;
        if principal.needs_second_factor {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "SECOND_FACTOR_REQUIRED",
                "Your role needs a second factor. Please set one up first.",
                "Il tuo ruolo richiede un secondo fattore. Configuralo prima di continuare.",
            ));
        }
        Ok(principal)
    }

    fn signed_in(request: &Request, role: Role) -> Result<Arc<Principal>, Problem> {
        match request.extensions().get::<Self>() {
            Some(Self::SignedIn(principal)) if principal.role >= role => Ok(Arc::clone(principal)),
            Some(Self::SignedIn(_)) => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "FORBIDDEN",
                "Your role does not allow this.",
                "Il tuo ruolo non lo consente.",
            )),
            Some(Self::Refused(problem)) => Err(problem.clone()),
            Some(Self::Anonymous) | None => Err(Self::missing()),
        }
    }

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

/// Anyone who is signed in.
#[derive(SecurityScheme)]
#[oai(rename = "bearer", ty = "bearer", bearer_format = "JWT", checker = "signed_in")]
pub struct SignedIn(pub Arc<Principal>);

/// Anyone who is signed in, also somebody who has yet to enrol the second factor that their role must
/// have: for the few operations that they need until then.
#[derive(SecurityScheme)]
#[oai(rename = "bearer", ty = "bearer", bearer_format = "JWT", checker = "enrolling")]
pub struct Enrolling(pub Arc<Principal>);

/// Whoever runs events: staff and administrators.
#[derive(SecurityScheme)]
#[oai(rename = "bearer", ty = "bearer", bearer_format = "JWT", checker = "staff")]
pub struct Staff(pub Arc<Principal>);

/// Administrators.
#[derive(SecurityScheme)]
#[oai(rename = "bearer", ty = "bearer", bearer_format = "JWT", checker = "admin")]
pub struct Admin(pub Arc<Principal>);

async fn signed_in(request: &Request, _: Bearer) -> poem::Result<Arc<Principal>> {
    Ok(Caller::require(request, Role::User)?)
}

async fn enrolling(request: &Request, _: Bearer) -> poem::Result<Arc<Principal>> {
    Ok(Caller::signed_in(request, Role::User)?)
}

async fn staff(request: &Request, _: Bearer) -> poem::Result<Arc<Principal>> {
    Ok(Caller::require(request, Role::Staff)?)
}

async fn admin(request: &Request, _: Bearer) -> poem::Result<Arc<Principal>> {
    Ok(Caller::require(request, Role::Admin)?)
}
