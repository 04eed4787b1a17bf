//! The routes of scans and attendance.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    super::UserService,
    dto::{
        AttendanceBody, AttendancePageBody, EventAttendanceBody, HoldBody, NewHoldBody,
        NewScanBody, ScanReply, StatisticsBody, StatusBody, TodayBody,
    },
    reads::AttendanceRow,
};
use crate::{
    http::{
        Body, Created, PageQuery, PersonOrKey, Problem, ReadAttendance, RequestContext, SignedIn,
        Tag, WriteAttendance,
    },
    ids::UserId,
};

/// Scanning codes, and the attendance that comes of it.
pub struct AttendanceApi(pub(in super::super) UserService);

#[OpenApi]
impl AttendanceApi {
    /// Scan a code
    ///
    /// The same nonce gets the same answer, also after the code has expired. An API key with
    /// `attendance:write` records its owner. Errors:
    /// `VALIDATION_FAILED` (422), `CODE_INVALID` (404), `CODE_EXPIRED` (410), `TOO_EARLY`, `CLOSED`
    /// and `EVENT_INACTIVE` (409), `NOT_EXPECTED` (403).
    #[oai(path = "/scans", method = "post", operation_id = "createScan", tag = "Tag::Attendance")]
    async fn scan(
        &self,
        caller: PersonOrKey<WriteAttendance>,
        body: Body<NewScanBody>,
    ) -> Result<ScanReply, Problem> {
        Ok(self.0.scan(caller.0.id, body.0.into()).await?.into())
    }

    /// Hold a code
    ///
    /// Trades a fresh code for a hold that lives 10 minutes, so that signing in first does not lose
    /// it: a scan by hold counts as of this moment. Errors: `VALIDATION_FAILED` (422),
    /// `CODE_INVALID` (404), `CODE_EXPIRED` (410), `TOO_EARLY`, `CLOSED` and `EVENT_INACTIVE` (409).
    #[oai(
        path = "/scans/holds",
        method = "post",
        operation_id = "createHold",
        tag = "Tag::Attendance"
    )]
    async fn hold(&self, body: Body<NewHoldBody>) -> Result<Created<HoldBody>, Problem> {
        Ok(Created(self.0.hold(&body.0.code)?.into()))
    }

    /// List your attendance
    ///
    /// The newest first. Errors: `CURSOR_INVALID` (400).
    #[oai(
        path = "/me/attendance",
        method = "get",
        operation_id = "listMyAttendance",
        tag = "Tag::Me"
    )]
    async fn history(
        &self,
        caller: SignedIn,
        context: RequestContext,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
    ) -> Result<Json<AttendancePageBody>, Problem> {
        let page = PageQuery { cursor: cursor.0, limit: limit.0 };
        let list = format!("attendance/user/{}", caller.0.id);
        let before = self.0.cursors.open(&list, &page)?;
        let rows = self.0.history(caller.0.id, before, page.limit() + 1).await?;
        let (rows, next_cursor) = self.0.cursors.cut(&list, rows, page.limit(), |row| {
            (row.attendance.scanned_at.as_millis(), row.number)
        })?;
        let items = bodies(rows, &context);
        Ok(Json(AttendancePageBody { items, next_cursor }))
    }

    /// List your attendance of today
    ///
    /// Today is the date of each event's own time zone.
    #[oai(
        path = "/me/attendance/today",
        method = "get",
        operation_id = "listMyAttendanceToday",
        tag = "Tag::Me"
    )]
    async fn today(
        &self,
        caller: SignedIn,
        context: RequestContext,
    ) -> Result<Json<TodayBody>, Problem> {
        let (date, rows) = self.0.today(caller.0.id).await?;
        Ok(Json(TodayBody { date, items: bodies(rows, &context) }))
    }

    /// List an event's attendance
    ///
    /// By user id, with the figures of the whole event. People who were deleted are in it without their
    /// name. API keys need `attendance:read`. Errors: `CURSOR_INVALID` (400),
    /// `EVENT_NOT_FOUND` (404).
    #[oai(
        path = "/events/:event_id/attendance",
        method = "get",
        operation_id = "listEventAttendance",
        tag = "Tag::Attendance"
    )]
    async fn list(
        &self,
        _reader: PersonOrKey<ReadAttendance>,
        context: RequestContext,
        /// The event's public id.
        event_id: Path<String>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
        /// Only people of this status.
        status: Query<Option<StatusBody>>,
    ) -> Result<Json<EventAttendanceBody>, Problem> {
        let page = PageQuery { cursor: cursor.0, limit: limit.0 };
        let list = format!("attendance/event/{}", event_id.0);
        let after = self.0.cursors.open::<UserId>(&list, &page)?;
        let status = status.0.map(Into::into);
        let (rows, statistics) =
            self.0.attendance(event_id.0, status, after, page.limit() + 1).await?;
        let (rows, next_cursor) =
            self.0.cursors.cut(&list, rows, page.limit(), |row| row.person)?;
        let items = bodies(rows, &context);
        Ok(Json(EventAttendanceBody { items, next_cursor, statistics: statistics.into() }))
    }

    /// Read an event's statistics
    ///
    /// API keys need `attendance:read`. Errors: `EVENT_NOT_FOUND` (404).
    #[oai(
        path = "/events/:event_id/statistics",
        method = "get",
        operation_id = "getEventStatistics",
        tag = "Tag::Attendance"
    )]
    async fn statistics(
        &self,
        _reader: PersonOrKey<ReadAttendance>,
        /// The event's public id.
        event_id: Path<String>,
    ) -> Result<Json<StatisticsBody>, Problem> {
        Ok(Json(self.0.statistics(&event_id.0)?.into()))
    }
}

/// Rows as the asker reads them.
fn bodies(rows: Vec<AttendanceRow>, context: &RequestContext) -> Vec<AttendanceBody> {
    rows.into_iter().map(|row| AttendanceBody::new(row, context.language)).collect()
}
