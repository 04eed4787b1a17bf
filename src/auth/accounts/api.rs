//! Operations that make an account of one's own.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::{
    dto::{RegisterRequest, SetupRequest},
    model::{NewAccount, Registration},
};
use crate::{
    audit_event::Actor,
    auth::{AuthError, AuthService, Profiles},
    http::{Body, Created, Problem, RequestContext, Tag, UserBody},
    ids::Role,
};

/// Making an account of one's own.
pub struct RegistrationApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
}

/// The first administrator.
pub struct SetupApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
}

impl RegistrationApi {
    /// The operations over a service.
    pub fn new(service: AuthService, profiles: Arc<dyn Profiles>) -> Self {
        Self { service, profiles }
    }
}

#[OpenApi(prefix_path = "/auth", tag = "Tag::Auth")]
impl RegistrationApi {
    /// Register
    ///
    /// Makes an account, with the role of the invitation if there is one. Errors: `VALIDATION_FAILED`
    /// (422), `USER_EXISTS` and `USERNAME_TAKEN` (409), `REGISTRATION_CLOSED`, `INVITE_REQUIRED` and
    /// `INVITE_INVALID` (403), `TOO_MANY_REGISTRATIONS` (429), `BUSY` (503).
    #[oai(path = "/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        body: Body<RegisterRequest>,
        context: RequestContext,
    ) -> Result<Created<UserBody>, Problem> {
        let mut body = body.0;
        let invite = body.invite.take();
        let new = parsed(body, &context, Role::User)?;
        let account = self.service.register(new, invite.as_deref(), &context).await?;
        self.profiles.person(&account).await.map(Created)
    }
}

impl SetupApi {
    /// The operations over a service.
    pub fn new(service: AuthService, profiles: Arc<dyn Profiles>) -> Self {
        Self { service, profiles }
    }
}

#[OpenApi(tag = "Tag::Instance")]
impl SetupApi {
    /// Make the first administrator
    ///
    /// With the token of the link that the server prints while there is no administrator. Errors:
    /// `SETUP_INVALID` (403), `VALIDATION_FAILED` (422), `USER_EXISTS` and `USERNAME_TAKEN` (409), `BUSY`
    /// (503).
    #[oai(path = "/setup", method = "post", operation_id = "setUp")]
    async fn set_up(
        &self,
        body: Body<SetupRequest>,
        context: RequestContext,
    ) -> Result<Created<UserBody>, Problem> {
        let token = body.0.token.clone();
        let new = parsed(body.0, &context, Role::Admin)?;
        let from = context.audit_context(Actor::Anonymous);
        let account = self.service.set_up(&token, new, from, context.client()).await?;
        self.profiles.person(&account).await.map(Created)
    }
}

/// The account that a form asks for.
fn parsed(
    form: impl Into<Registration>,
    context: &RequestContext,
    role: Role,
) -> Result<NewAccount, AuthError> {
    Ok(form.into().parse(context.language, role)?)
}
