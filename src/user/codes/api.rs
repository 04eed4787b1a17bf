//! The route of codes.

use poem_openapi::{OpenApi, param::Path};

use super::{super::UserService, dto::CodeReply, format::CodeFormat};
use crate::http::{Problem, StaffOrDisplay, Tag};

/// The code of an event.
pub struct CodesApi(pub(in super::super) UserService);

#[OpenApi]
impl CodesApi {
    /// Show the code of an event
    ///
    /// JSON, or a QR picture when `Accept` prefers `image/svg+xml` or `image/png`. Shown before the
    /// event opens too. For staff, and for a display with a token of this event. Errors: `EVENT_NOT_FOUND` (404), `EVENT_INACTIVE` and `CLOSED` (409).
    #[oai(
        path = "/events/:event_id/code",
        method = "get",
        operation_id = "getEventCode",
        tag = "Tag::Events"
    )]
    async fn show(
        &self,
        caller: StaffOrDisplay,
        format: CodeFormat,
        /// The event's public id.
        event_id: Path<String>,
    ) -> Result<CodeReply, Problem> {
        caller.may_see(&event_id.0)?;
        Ok(CodeReply::of(self.0.shown_code(&event_id.0)?, format)?)
    }
}
