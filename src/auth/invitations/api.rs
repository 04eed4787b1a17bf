//! Operations on invitations.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{InvitationPage, MadeInvitationBody, NewInvitationBody},
    model::InvitationView,
};
use crate::{
    auth::{AuthError, AuthService},
    http::{Admin, Body, Created, Cursors, NoContent, PageQuery, Problem, RequestContext, Tag},
    ids::RandomId,
};

/// Names the list to its cursors.
const LIST: &str = "invitations";

/// Invitations, for administrators.
pub struct InvitationsApi {
    service: AuthService,
    cursors: Cursors,
    origin: String,
}

impl InvitationsApi {
    /// The operations over a service; links lead to `origin` (`https://host[:port]`).
    pub const fn new(service: AuthService, cursors: Cursors, origin: String) -> Self {
        Self { service, cursors, origin }
    }
}

#[OpenApi(prefix_path = "/auth/invitations", tag = "Tag::Auth")]
impl InvitationsApi {
    /// List invitations
    ///
    /// Those that have not ended, by id, without their codes. Errors: `CURSOR_INVALID` (400).
    #[oai(path = "/", method = "get", operation_id = "listInvitations")]
    async fn list(
        &self,
        _admin: Admin,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
    ) -> Result<Json<InvitationPage>, Problem> {
        let page = PageQuery { cursor: cursor.0, limit: limit.0 };
        let after = self.cursors.open(LIST, &page)?;
        let found = self.service.invitations(after, page.limit() + 1).await?;
        let (found, next_cursor) =
            self.cursors.cut(LIST, found, page.limit(), |one: &InvitationView| one.id)?;
        Ok(Json(InvitationPage { items: found.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Invite people
    ///
    /// The answer shows the code, and nothing ever shows it again. Errors: `VALIDATION_FAILED` (422).
    #[oai(path = "/", method = "post", operation_id = "createInvitation")]
    async fn create(
        &self,
        admin: Admin,
        body: Body<NewInvitationBody>,
        context: RequestContext,
    ) -> Result<Created<MadeInvitationBody>, Problem> {
        let from = context.audit_context(admin.0.actor());
        let (made, code) = self.service.invite(body.0.into(), from).await?;
        Ok(Created(MadeInvitationBody::of(made, code, &self.origin)))
    }

    /// Revoke an invitation
    ///
    /// Whoever has registered with it stays. Errors: `INVITATION_NOT_FOUND` (404).
    #[oai(path = "/:id", method = "delete", operation_id = "revokeInvitation")]
    async fn revoke(
        &self,
        admin: Admin,
        /// The invitation's id.
        id: Path<String>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let id = RandomId::parse(&id.0).ok_or(AuthError::InvitationNotFound)?;
        self.service.revoke_invitation(id, context.audit_context(admin.0.actor())).await?;
        Ok(NoContent)
    }
}
