//! The routes of events.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    super::UserService,
    dto::{EventBody, EventChangesBody, EventPageBody, NewEventBody},
};
use crate::http::{
    Body, Created, NoContent, PageQuery, Problem, ReadAttendance, RequestContext, Staff, Tag,
    UserOrKey,
};

/// Names the list to its cursors.
const EVENTS: &str = "events";

/// Events: make, read, activate, delete.
pub struct EventsApi(pub(in super::super) UserService);

#[OpenApi]
impl EventsApi {
    /// Make an event
    ///
    /// Errors: `VALIDATION_FAILED` (422), `EVENT_EXISTS` (409) for the same name and date.
    #[oai(path = "/events", method = "post", operation_id = "createEvent", tag = "Tag::Events")]
    async fn create(
        &self,
        staff: Staff,
        context: RequestContext,
        body: Body<NewEventBody>,
    ) -> Result<Created<EventBody>, Problem> {
        let from = context.audit_context(staff.0.actor());
        let event = self.0.create_event(body.0.into(), staff.0.id, from).await?;
        Ok(Created(event.into()))
    }

    /// List events
    ///
    /// The newest first. API keys need `attendance:read`. Errors: `CURSOR_INVALID` (400).
    #[oai(path = "/events", method = "get", operation_id = "listEvents", tag = "Tag::Events")]
    async fn list(
        &self,
        _reader: UserOrKey<ReadAttendance>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
    ) -> Result<Json<EventPageBody>, Problem> {
        let page = PageQuery { cursor: cursor.0, limit: limit.0 };
        let before = self.0.cursors.open(EVENTS, &page)?;
        let events = self.0.events(before, page.limit() + 1).await?;
        let (events, next_cursor) =
            self.0.cursors.cut(EVENTS, events, page.limit(), |event| event.number)?;
        Ok(Json(EventPageBody { items: events.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Read an event
    ///
    /// API keys need `attendance:read`. Errors: `EVENT_NOT_FOUND` (404).
    #[oai(
        path = "/events/:event_id",
        method = "get",
        operation_id = "getEvent",
        tag = "Tag::Events"
    )]
    async fn read(
        &self,
        _reader: UserOrKey<ReadAttendance>,
        /// The event's public id.
        event_id: Path<String>,
    ) -> Result<Json<EventBody>, Problem> {
        Ok(Json(self.0.event(event_id.0).await?.into()))
    }

    /// Activate or deactivate an event
    ///
    /// Errors: `VALIDATION_FAILED` (422), `EVENT_NOT_FOUND` (404).
    #[oai(
        path = "/events/:event_id",
        method = "patch",
        operation_id = "updateEvent",
        tag = "Tag::Events"
    )]
    async fn update(
        &self,
        staff: Staff,
        context: RequestContext,
        /// The event's public id.
        event_id: Path<String>,
        body: Body<EventChangesBody>,
    ) -> Result<Json<EventBody>, Problem> {
        let from = context.audit_context(staff.0.actor());
        Ok(Json(self.0.set_event_active(event_id.0, body.0.is_active, from).await?.into()))
    }

    /// Delete an event
    ///
    /// Its attendance goes with it; what the audit trail holds stays. Errors: `EVENT_NOT_FOUND`
    /// (404).
    #[oai(
        path = "/events/:event_id",
        method = "delete",
        operation_id = "deleteEvent",
        tag = "Tag::Events"
    )]
    async fn delete(
        &self,
        staff: Staff,
        context: RequestContext,
        /// The event's public id.
        event_id: Path<String>,
    ) -> Result<NoContent, Problem> {
        let from = context.audit_context(staff.0.actor());
        self.0.delete_event(event_id.0, from).await?;
        Ok(NoContent)
    }
}
