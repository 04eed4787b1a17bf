//! Operations on accounts.

use std::sync::Arc;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{PersonPage, RegisterRequest, RoleRequest, SetupRequest},
    model::{NewAccount, Registration},
};
use crate::{
    auth::{AuthError, AuthService, Profiles, records::Account},
    event::Actor,
    http::{Admin, Body, Created, Cursors, PageQuery, Person, Problem, RequestContext, Staff, Tag},
    ids::{Role, UserId},
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

/// People, for staff to see and administrators to change.
pub struct AccountsApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
    cursors: Cursors,
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
    ) -> Result<Created<Person>, Problem> {
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
    ) -> Result<Created<Person>, Problem> {
        let token = body.0.token.clone();
        let new = parsed(body.0, &context, Role::Admin)?;
        let from = context.provenance(Actor::Anonymous);
        let account = self.service.set_up(&token, new, from).await?;
        self.profiles.person(&account).await.map(Created)
    }
}

impl AccountsApi {
    /// The operations over a service.
    pub fn new(service: AuthService, profiles: Arc<dyn Profiles>, cursors: Cursors) -> Self {
        Self { service, profiles, cursors }
    }
}

#[OpenApi(prefix_path = "/users", tag = "Tag::Auth")]
impl AccountsApi {
    /// List people
    ///
    /// By id. Errors: `CURSOR_INVALID` (400).
    #[oai(path = "/", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        _staff: Staff,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
    ) -> Result<Json<PersonPage>, Problem> {
        let page = PageQuery { cursor: cursor.0, limit: limit.0 };
        let after = self.cursors.open("users", &page)?.unwrap_or(0);
        let accounts = self.service.list(after, page.limit() + 1).await?;
        let key = |account: &Account| account.id.0;
        let (accounts, next_cursor) = self.cursors.cut("users", accounts, page.limit(), key)?;
        let mut items = Vec::with_capacity(accounts.len());
        for account in &accounts {
            items.push(self.profiles.person(account).await?);
        }
        Ok(Json(PersonPage { items, next_cursor }))
    }

    /// Give a role
    ///
    /// Works from the person's next request on. Errors: `USER_NOT_FOUND` (404), `LAST_ADMIN` and
    /// `OWN_ROLE` (409).
    #[oai(path = "/:id/role", method = "put", operation_id = "setRole")]
    async fn set_role(
        &self,
        caller: Admin,
        /// The person's id.
        id: Path<u64>,
        body: Body<RoleRequest>,
        context: RequestContext,
    ) -> Result<Json<Person>, Problem> {
        let from = context.provenance(caller.0.actor());
        let account = self.service.set_role(UserId(id.0), body.0.role.into(), from).await?;
        Ok(Json(self.profiles.person(&account).await?))
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
