//! Operations of administrators on people.

use std::sync::Arc;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{AddedUserBody, NewUserBody, RoleRequest, UserChangesBody, UserPage, is_disabled},
    model::{UserChanges, UserFilter, UserForm},
};
use crate::{
    auth::{AuthError, AuthService, ProfileChange, Profiles},
    http::{
        Admin, Body, Created, Cursors, NoContent, PageQuery, Problem, RequestContext, RoleBody,
        Staff, Tag, UserBody, UserStatusBody,
    },
    ids::UserId,
};

/// People, for staff to see and administrators to change.
pub struct AccountsApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
    cursors: Cursors,
}

impl AccountsApi {
    /// The operations over a service.
    pub fn new(service: AuthService, profiles: Arc<dyn Profiles>, cursors: Cursors) -> Self {
        Self { service, profiles, cursors }
    }
}

#[OpenApi(prefix_path = "/users", tag = "Tag::Users")]
#[allow(clippy::too_many_arguments, reason = "one for each parameter of the operation")]
impl AccountsApi {
    /// List people
    ///
    /// By id. One page looks at 5,000 accounts at most; when few of them fit the filters it may hold
    /// fewer than `limit`, even none, and still have a `next_cursor` with which the search goes on.
    ///
    /// Errors: `CURSOR_INVALID` (400), `VALIDATION_FAILED` (422) for a `search` of more than 100
    /// characters.
    #[oai(path = "/", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        _staff: Staff,
        /// Only those in whose address, username or name each of these words is found, whatever case and
        /// accents.
        search: Query<Option<String>>,
        /// Only those of this role.
        role: Query<Option<RoleBody>>,
        /// Only those of this status.
        status: Query<Option<UserStatusBody>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
    ) -> Result<Json<UserPage>, Problem> {
        let (role, disabled) = (role.0.map(Into::into), status.0.map(is_disabled));
        let filter = UserFilter::parse(search.0.as_deref(), role, disabled);
        let filter = filter.map_err(AuthError::from)?;
        let page = PageQuery { cursor: cursor.0, limit: limit.0 };
        let after = self.cursors.open("users", &page)?.unwrap_or(0);
        let found = self.service.search(&filter, after, page.limit(), &*self.profiles).await?;
        let next_cursor = found.next.map(|next| self.cursors.sign("users", &next)).transpose()?;
        Ok(Json(UserPage { items: found.people(&*self.profiles).await?, next_cursor }))
    }

    /// Read a person
    ///
    /// Errors: `USER_NOT_FOUND` (404).
    #[oai(path = "/:id", method = "get", operation_id = "getUser")]
    async fn read(
        &self,
        _staff: Staff,
        /// The person's id.
        id: Path<u64>,
    ) -> Result<Json<UserBody>, Problem> {
        let account = self.service.account(UserId(id.0))?;
        Ok(Json(self.profiles.person(&account).await?))
    }

    /// Add a person
    ///
    /// Whoever is given no password gets a link to set one. Errors: `VALIDATION_FAILED` (422), `USER_EXISTS`
    /// and `USERNAME_TAKEN` (409), `BUSY` (503).
    #[oai(path = "/", method = "post", operation_id = "addUser")]
    async fn add(
        &self,
        caller: Admin,
        body: Body<NewUserBody>,
        context: RequestContext,
    ) -> Result<Created<AddedUserBody>, Problem> {
        let mut body = body.0;
        let password = body.password.take();
        let has_password = password.is_some();
        let parsed = UserForm::from(body).parse(password, context.language);
        let (new, password) = parsed.map_err(AuthError::from)?;
        let from = context.audit_context(caller.0.actor());
        let account = self.service.add(new, password, from.clone(), context.client()).await?;
        let reset = if has_password {
            None
        } else {
            Some(self.service.issue_password_reset(account.id, from).await?.into())
        };
        Ok(Created(AddedUserBody { user: self.profiles.person(&account).await?, reset }))
    }

    /// Change a person
    ///
    /// Works from their next request on. Address, username and status change together or not at all; the
    /// name is kept elsewhere and changes after them, so after a failure (5xx) send the same request
    /// again. Errors: `VALIDATION_FAILED` (422), `USER_NOT_FOUND` (404), `USER_EXISTS`,
    /// `USERNAME_TAKEN`, `LAST_ADMIN` and `OWN_STATUS` (409).
    #[oai(path = "/:id", method = "patch", operation_id = "updateUser")]
    async fn update(
        &self,
        caller: Admin,
        /// The person's id.
        id: Path<u64>,
        body: Body<UserChangesBody>,
        context: RequestContext,
    ) -> Result<Json<UserBody>, Problem> {
        let language = body.0.language.map(Into::into);
        let parsed = UserChanges::from(body.0).parse();
        let (change, (name, surname)) = parsed.map_err(AuthError::from)?;
        let from = context.audit_context(caller.0.actor());
        let account = self.service.change(UserId(id.0), change, from.clone()).await?;
        let profile = ProfileChange { name, surname, language };
        if !profile.is_empty() {
            self.profiles.change(account.id, profile, from).await?;
        }
        Ok(Json(self.profiles.person(&account).await?))
    }

    /// Delete a person
    ///
    /// For good: the account, its sessions and the name go; what they attended stays in the counts, under
    /// no name. Nobody is signed in as them from here on. Errors: `USER_NOT_FOUND` (404), `LAST_ADMIN`
    /// and `OWN_ACCOUNT` (409).
    #[oai(path = "/:id", method = "delete", operation_id = "deleteUser")]
    async fn delete(
        &self,
        caller: Admin,
        /// The person's id.
        id: Path<u64>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let from = context.audit_context(caller.0.actor());
        self.service.delete_and_erase(UserId(id.0), from, &*self.profiles).await?;
        Ok(NoContent)
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
    ) -> Result<Json<UserBody>, Problem> {
        let from = context.audit_context(caller.0.actor());
        let account = self.service.set_role(UserId(id.0), body.0.role.into(), from).await?;
        Ok(Json(self.profiles.person(&account).await?))
    }
}
