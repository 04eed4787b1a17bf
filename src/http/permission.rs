//! The proof that whoever asks may.
//!
//! A handler that takes one of these as an argument cannot run for anyone else: the argument is the
//! permission. [`SignedIn`], [`Staff`] and [`Admin`] are people and nobody else. [`UserOrKey`] lets a
//! machine in, too, with an API key that has the scope, and only as far as the key's owner may go.
//! [`StaffOrDisplay`] and [`Screen`] know the screens of an event.

use std::{marker::PhantomData, sync::Arc};

use poem::{Request, RequestBody, http::StatusCode};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions, SecurityScheme,
    auth::Bearer,
    registry::{MetaSecurityScheme, Registry},
};

use super::{Caller, Credential, Display, Principal, Problem};
use crate::ids::{Role, Scope};

/// The names of the ways in, as the document has them.
const PEOPLE: &str = "bearer";
const KEYS: &str = "apiKey";
const SCREENS: &str = "displayToken";

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
    Ok(person(request, Role::User)?)
}

async fn enrolling(request: &Request, _: Bearer) -> poem::Result<Arc<Principal>> {
    Ok(present(request)?)
}

async fn staff(request: &Request, _: Bearer) -> poem::Result<Arc<Principal>> {
    Ok(person(request, Role::Staff)?)
}

async fn admin(request: &Request, _: Bearer) -> poem::Result<Arc<Principal>> {
    Ok(person(request, Role::Admin)?)
}

/// What an operation asks of people, and what it asks of a machine besides.
pub trait Permission: Send + Sync + 'static {
    /// The role that a person must have, be it the owner of the key.
    const ROLE: Role;
    /// The scope that a key must have.
    const SCOPE: Scope;
}

/// A person whose role lets them, or an API key of such a person that has the scope.
pub struct UserOrKey<P>(pub Arc<Principal>, PhantomData<fn() -> P>);

/// Hands in posts: anyone; keys with `social:write`.
pub enum WriteSocial {}
/// Reads posts: staff; keys of staff with `social:read`.
pub enum ReadSocial {}
/// Reads events and attendance: staff; keys of staff with `attendance:read`.
pub enum ReadAttendance {}
/// Records one's own attendance: anyone; keys with `attendance:write`.
pub enum WriteAttendance {}

impl Permission for WriteSocial {
    const ROLE: Role = Role::User;
    const SCOPE: Scope = Scope::SocialWrite;
}

impl Permission for ReadSocial {
    const ROLE: Role = Role::Staff;
    const SCOPE: Scope = Scope::SocialRead;
}

impl Permission for ReadAttendance {
    const ROLE: Role = Role::Staff;
    const SCOPE: Scope = Scope::AttendanceRead;
}

impl Permission for WriteAttendance {
    const ROLE: Role = Role::User;
    const SCOPE: Scope = Scope::AttendanceWrite;
}

impl<'a, P: Permission> ApiExtractor<'a> for UserOrKey<P> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let words = "An API key, as `POST /auth/api-keys` answered it. It acts for its owner, within \
                     its scopes.";
        registry.create_security_scheme(PEOPLE, bearer("JWT", None));
        registry.create_security_scheme(KEYS, bearer("ak_…", Some(words)));
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![PEOPLE, KEYS]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self(person_or_key(request, P::ROLE, P::SCOPE)?, PhantomData))
    }
}

/// Whoever may see the code of an event.
pub enum StaffOrDisplay {
    /// Staff and administrators, of every event.
    Staff(Arc<Principal>),
    /// A screen, of its own event.
    Display(Arc<Display>),
}

impl StaffOrDisplay {
    /// Whether they may see this event.
    ///
    /// # Errors
    /// 403 with `DISPLAY_NOT_ALLOWED` for the screen of another event.
    pub fn may_see(&self, event_id: &str) -> Result<(), Problem> {
        match self {
            Self::Display(display) if display.event_id != event_id => Err(display_not_allowed()),
            _ => Ok(()),
        }
    }
}

impl<'a> ApiExtractor<'a> for StaffOrDisplay {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(PEOPLE, bearer("JWT", None));
        Screen::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![PEOPLE, SCREENS]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        match request.extensions().get::<Caller>() {
            Some(Caller::Display(display)) => Ok(Self::Display(Arc::clone(display))),
            _ => Ok(Self::Staff(person(request, Role::Staff)?)),
        }
    }
}

/// A screen, with its token.
pub struct Screen(pub Arc<Display>);

impl<'a> ApiExtractor<'a> for Screen {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let words = "A display token, as `POST /events/{event_id}/display-tokens` answered it. It sees \
                     the code of one event.";
        registry.create_security_scheme(SCREENS, bearer("dt_…", Some(words)));
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCREENS]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(match request.extensions().get::<Caller>() {
            Some(Caller::Display(display)) => Self(Arc::clone(display)),
            Some(Caller::SignedIn(_)) => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "DISPLAY_ONLY",
                "This is for the screen of an event, with its display token.",
                "Questo è per lo schermo di un evento, con il suo token.",
            ))?,
            Some(Caller::Refused(problem)) => Err(problem.clone())?,
            Some(Caller::Anonymous) | None => Err(Caller::missing())?,
        })
    }
}

fn bearer(format: &'static str, description: Option<&'static str>) -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description,
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: Some(format),
        flows: None,
        openid_connect_url: None,
    }
}

/// A person who is here themselves and has the role.
fn person(request: &Request, role: Role) -> Result<Arc<Principal>, Problem> {
    has_role(present(request)?, role)
}

/// A person who is here themselves.
fn present(request: &Request) -> Result<Arc<Principal>, Problem> {
    let principal = principal(request)?;
    if principal.key().is_some() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "KEY_NOT_ALLOWED",
            "An API key cannot do this. Sign in.",
            "Una chiave API non può farlo. Effettua l'accesso.",
        ));
    }
    Ok(principal)
}

/// A person who has the role, or a key of theirs that has the scope.
///
/// # Errors
/// The problem that says what is missing.
pub fn person_or_key(
    request: &Request,
    role: Role,
    scope: Scope,
) -> Result<Arc<Principal>, Problem> {
    let principal = principal(request)?;
    match principal.credential {
        Credential::ApiKey { scopes, .. } if !scopes.allow(scope) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "SCOPE_MISSING",
            "This API key does not have the scope for this.",
            "Questa chiave API non ha l'ambito necessario.",
        )),
        _ => has_role(principal, role),
    }
}

fn has_role(principal: Arc<Principal>, role: Role) -> Result<Arc<Principal>, Problem> {
    if principal.needs_second_factor {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "SECOND_FACTOR_REQUIRED",
            "Your role needs a second factor. Please set one up first.",
            "Il tuo ruolo richiede un secondo fattore. Configuralo prima di continuare.",
        ));
    }
    if principal.role >= role {
        return Ok(principal);
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "FORBIDDEN",
        "Your role does not allow this.",
        "Il tuo ruolo non lo consente.",
    ))
}

fn principal(request: &Request) -> Result<Arc<Principal>, Problem> {
    match request.extensions().get::<Caller>() {
        Some(Caller::SignedIn(principal)) => Ok(Arc::clone(principal)),
        Some(Caller::Display(_)) => Err(display_not_allowed()),
        Some(Caller::Refused(problem)) => Err(problem.clone()),
        Some(Caller::Anonymous) | None => Err(Caller::missing()),
    }
}

const fn display_not_allowed() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "DISPLAY_NOT_ALLOWED",
        "A display token shows the code of its own event and nothing else.",
        "Un token per schermi mostra il codice del suo evento e nient'altro.",
    )
}
