//! The routes of scans and attendance.

use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
    registry::{MetaResponses, Registry},
};

use super::{
    super::{UserService, codes::BrowserKey},
    dto::{
        AttendanceBody, AttendancePageBody, EventAttendanceBody, HoldBody, NewHoldBody,
        NewScanBody, ScanReply, StatisticsBody, StatusBody, TodayBody,
    },
    model::ScanInput,
    reads::AttendanceRow,
};
use crate::{
    http::{
        Body, Created, PageQuery, Problem, ReadAttendance, RequestContext, SignedIn, Tag,
        UserOrKey, WriteAttendance, cookie_of, set_cookie,
    },
    ids::UserId,
};

/// The cookie by which a browser is known that was given a hold.
const HOLD_COOKIE: &str = "__Host-hold";
/// Longer than any hold lives; asking for another one puts it off.
const HOLD_COOKIE_SECONDS: u32 = 3_600;

/// Scanning codes, and the attendance that comes of it.
pub struct AttendanceApi(pub(in super::super) UserService);

#[OpenApi]
impl AttendanceApi {
    /// Scan a code
    ///
    /// The same nonce gets the same answer, also after the code has expired. An API key with
    /// `attendance:write` records its owner. Errors:
    /// `VALIDATION_FAILED` (422), `CODE_INVALID` (404), `CODE_EXPIRED` (410), `TOO_EARLY`, `CLOSED`
    /// and `EVENT_INACTIVE` (409), `NOT_EXPECTED` (403); with a hold also `HOLD_OF_ANOTHER_BROWSER` (403) and
    /// `HOLD_SPENT` (409); with a typed code `TOO_MANY_ATTEMPTS` (429) after too many wrong ones.
    #[oai(path = "/scans", method = "post", operation_id = "createScan", tag = "Tag::Attendance")]
    async fn scan(
        &self,
        caller: UserOrKey<WriteAttendance>,
        request: &poem::Request,
        body: Body<NewScanBody>,
        context: RequestContext,
    ) -> Result<ScanReply, Problem> {
        let browser = browser_of(request).map(|key| key.id());
        let input = ScanInput { browser, ..body.0.into() };
        Ok(self.0.scan(caller.0.id, input, &context).await?.into())
    }

    /// Hold a code
    ///
    /// Trades a fresh code for a hold that lives 10 minutes, so that signing in first does not lose
    /// it: a scan by hold counts as of this moment when it comes within 2 minutes, and as of when it comes after
    /// that. The hold is for one person, and for whoever sends the cookie `__Host-hold` that comes with this
    /// answer. Errors: `VALIDATION_FAILED` (422),
    /// `CODE_INVALID` (404), `CODE_EXPIRED` (410), `TOO_EARLY`, `CLOSED` and `EVENT_INACTIVE` (409).
    #[oai(
        path = "/scans/holds",
        method = "post",
        operation_id = "createHold",
        tag = "Tag::Attendance"
    )]
    async fn hold(
        &self,
        request: &poem::Request,
        body: Body<NewHoldBody>,
    ) -> Result<HoldReply, Problem> {
        let key = browser_of(request).map_or_else(BrowserKey::generate, Ok);
        let key = key.map_err(Problem::internal)?;
        let hold = self.0.hold(&body.0.code, key.id())?;
        let cookie = set_cookie(HOLD_COOKIE, &key.text(), HOLD_COOKIE_SECONDS);
        Ok(HoldReply { hold: Created(hold.into()), cookie })
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
        _reader: UserOrKey<ReadAttendance>,
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
        _reader: UserOrKey<ReadAttendance>,
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

/// The key of the browser that asks, when it has one.
fn browser_of(request: &poem::Request) -> Option<BrowserKey> {
    BrowserKey::read(&cookie_of(request, HOLD_COOKIE)?)
}

/// A hold, and the cookie of the browser that it is for.
struct HoldReply {
    hold: Created<HoldBody>,
    cookie: String,
}

impl IntoResponse for HoldReply {
    fn into_response(self) -> Response {
        self.hold.with_header(header::SET_COOKIE, self.cookie).into_response()
    }
}

impl ApiResponse for HoldReply {
    fn meta() -> MetaResponses {
        <Created<HoldBody> as ApiResponse>::meta()
    }

    fn register(registry: &mut Registry) {
        <Created<HoldBody> as ApiResponse>::register(registry);
    }
}
