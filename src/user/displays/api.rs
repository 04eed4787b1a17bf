//! The routes of displays.

use poem_openapi::{OpenApi, param::Path, payload::Json};

use super::{
    super::{UserError, UserService},
    dto::{DisplayListBody, MadeDisplayBody, NewDisplayBody, ShownEventBody},
};
use crate::{
    http::{Body, Created, NoContent, Problem, RequestContext, Screen, Staff, Tag},
    ids::RandomId,
};

/// Displays: tokens for them, and what they see.
pub struct DisplaysApi(pub(in super::super) UserService);

#[OpenApi(tag = "Tag::Events")]
impl DisplaysApi {
    /// Make a display token
    ///
    /// For a screen that shows the code of this event and does nothing else. It ends when the event is
    /// deleted, or a day after it has closed. The answer shows the token, and nothing ever shows it again.
    /// Errors: `VALIDATION_FAILED` (422), `EVENT_NOT_FOUND` (404), `CLOSED` (409) for an event that is
    /// long over.
    #[oai(
        path = "/events/:event_id/display-tokens",
        method = "post",
        operation_id = "createDisplayToken"
    )]
    async fn create(
        &self,
        staff: Staff,
        context: RequestContext,
        /// The event's public id.
        event_id: Path<String>,
        body: Body<NewDisplayBody>,
    ) -> Result<Created<MadeDisplayBody>, Problem> {
        let from = context.audit_context(staff.0.actor());
        let note = body.0.note.unwrap_or_default();
        let (made, token) = self.0.create_display(event_id.0, &note, staff.0.id, from).await?;
        Ok(Created(MadeDisplayBody::of(made, token, &self.0.public_origin)))
    }

    /// List the display tokens of an event
    ///
    /// The oldest first, without their secrets. Errors: `EVENT_NOT_FOUND` (404).
    #[oai(
        path = "/events/:event_id/display-tokens",
        method = "get",
        operation_id = "listDisplayTokens"
    )]
    async fn list(
        &self,
        _staff: Staff,
        /// The event's public id.
        event_id: Path<String>,
    ) -> Result<Json<DisplayListBody>, Problem> {
        let displays = self.0.displays(event_id.0).await?;
        Ok(Json(DisplayListBody { items: displays.into_iter().map(Into::into).collect() }))
    }

    /// Revoke a display token
    ///
    /// The screen shows nothing from its next request on. Errors: `EVENT_NOT_FOUND` and
    /// `DISPLAY_NOT_FOUND` (404).
    #[oai(
        path = "/events/:event_id/display-tokens/:id",
        method = "delete",
        operation_id = "revokeDisplayToken"
    )]
    async fn revoke(
        &self,
        staff: Staff,
        context: RequestContext,
        /// The event's public id.
        event_id: Path<String>,
        /// The token's id.
        id: Path<String>,
    ) -> Result<NoContent, Problem> {
        let id = RandomId::parse(&id.0).ok_or(UserError::DisplayNotFound)?;
        let from = context.audit_context(staff.0.actor());
        self.0.revoke_display(event_id.0, id, from).await?;
        Ok(NoContent)
    }

    /// Read the event of a display
    ///
    /// What the screen shows beside the code. With a display token alone. Errors: `DISPLAY_ONLY` (403) for
    /// anybody else.
    #[oai(path = "/display", method = "get", operation_id = "getDisplay")]
    async fn show(&self, screen: Screen) -> Result<Json<ShownEventBody>, Problem> {
        Ok(Json(self.0.shown_event(&screen.0.event_id)?.into()))
    }
}
