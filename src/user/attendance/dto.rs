//! Attendance on the wire.

use poem::{IntoResponse, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse, Enum, Object,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{Example, Type},
};

use super::{
    model::{AttendanceStatus, ScanInput, ScanOutcome, Source},
    reads::AttendanceRow,
    scans::{Hold, ScanAnswer},
    statistics::{RATE_FORMULA, Statistics},
};
use crate::{clock::Time, http::Timestamp, ids::UserId, language::Language};

/// A scan: exactly one of `code`, `typed_code` and `hold`, and a nonce.
#[derive(Debug, Object)]
#[oai(rename = "NewScan", deny_unknown_fields, example)]
pub(super) struct NewScanBody {
    /// The code, or the link that ends in it, in any case.
    code: Option<String>,
    /// The 8 digits, with or without spaces.
    typed_code: Option<String>,
    /// What `POST /scans/holds` answered; the scan then counts as of that moment.
    hold: Option<String>,
    /// 8 to 64 letters, digits, hyphens or underscores, chosen by the client: new for each scan, the
    /// same for each try of one scan.
    nonce: String,
}

impl Example for NewScanBody {
    fn example() -> Self {
        Self {
            code: Some("HTTPS://LOCALHOST:8443/S/000001R749JR13SHR9F0FPAAPSQ16".to_owned()),
            typed_code: None,
            hold: None,
            nonce: "b0c7a2d4-5f1e".to_owned(),
        }
    }
}

impl From<NewScanBody> for ScanInput {
    fn from(body: NewScanBody) -> Self {
        let NewScanBody { code, typed_code, hold, nonce } = body;
        Self { code, typed_code, hold, nonce, browser: None }
    }
}

/// A code to be held.
#[derive(Debug, Object)]
#[oai(rename = "NewHold", deny_unknown_fields, example)]
pub(super) struct NewHoldBody {
    /// The code, or the link that ends in it, in any case.
    pub(super) code: String,
}

impl Example for NewHoldBody {
    fn example() -> Self {
        Self { code: "000001R749JR13SHR9F0FPAAPSQ16".to_owned() }
    }
}

/// A hold: send it with a scan once signed in.
#[derive(Debug, Object)]
#[oai(rename = "Hold")]
pub(super) struct HoldBody {
    /// What to send as `hold`.
    hold: String,
    /// The event that it is for.
    event_name: String,
    /// When it can no longer be redeemed.
    expires_at: Timestamp,
}

impl From<Hold> for HoldBody {
    fn from(hold: Hold) -> Self {
        Self { hold: hold.hold, event_name: hold.event_name, expires_at: hold.expires_at.into() }
    }
}

/// What became of a scan.
#[derive(Debug, Object)]
#[oai(rename = "ScanAnswer", example)]
pub(super) struct ScanAnswerBody {
    /// Whether this scan was the first.
    outcome: OutcomeBody,
    /// The event's public id.
    event_id: String,
    /// The event's name.
    event_name: String,
    /// What is held of you.
    status: StatusBody,
    /// Whole minutes after the start; null when not late.
    minutes_late: Option<u32>,
    /// The moment that counted.
    scanned_at: Timestamp,
}

impl Example for ScanAnswerBody {
    fn example() -> Self {
        Self {
            outcome: OutcomeBody::Recorded,
            event_id: "corso-di-rust-2026-11-23".to_owned(),
            event_name: "Corso di Rust".to_owned(),
            status: StatusBody::Present,
            minutes_late: None,
            scanned_at: Timestamp(Time::from_millis(1_795_420_805_000)),
        }
    }
}

impl From<ScanAnswer> for ScanAnswerBody {
    fn from(answer: ScanAnswer) -> Self {
        Self {
            outcome: match answer.outcome {
                ScanOutcome::Recorded => OutcomeBody::Recorded,
                ScanOutcome::AlreadyRecorded => OutcomeBody::AlreadyRecorded,
            },
            event_id: answer.event_id,
            event_name: answer.event_name,
            status: answer.status.into(),
            minutes_late: answer.minutes_late,
            scanned_at: answer.scanned_at.into(),
        }
    }
}

/// Whether a scan was the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ScanOutcome", rename_all = "snake_case")]
enum OutcomeBody {
    /// It is recorded: by this request, or by one with the same nonce.
    Recorded,
    /// An earlier scan was recorded, and stays.
    AlreadyRecorded,
}

/// 201 for a scan that is recorded, 200 for one that was already.
pub(super) struct ScanReply(ScanAnswerBody);

impl From<ScanAnswer> for ScanReply {
    fn from(answer: ScanAnswer) -> Self {
        Self(answer.into())
    }
}

impl IntoResponse for ScanReply {
    fn into_response(self) -> Response {
        let status = match self.0.outcome {
            OutcomeBody::Recorded => StatusCode::CREATED,
            OutcomeBody::AlreadyRecorded => StatusCode::OK,
        };
        Json(self.0).with_status(status).into_response()
    }
}

impl ApiResponse for ScanReply {
    fn meta() -> MetaResponses {
        let response = |status, description| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: <Json<ScanAnswerBody> as Payload>::CONTENT_TYPE,
                schema: <Json<ScanAnswerBody> as Payload>::schema_ref(),
            }],
            headers: vec![],
        };
        MetaResponses {
            responses: vec![
                response(201, "Recorded, now or by an earlier try with the same nonce."),
                response(200, "An earlier scan was recorded; this is what it came to."),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        <ScanAnswerBody as Type>::register(registry);
    }
}

/// Whether a person was there, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "AttendanceStatus", rename_all = "snake_case")]
pub(super) enum StatusBody {
    /// There, in time.
    Present,
    /// There, late.
    Late,
    /// In hospital.
    Hospital,
    /// Family.
    Family,
    /// An emergency.
    Emergency,
    /// Vacation.
    #[oai(rename = "vacancy")]
    Vacation,
    /// Personal reasons.
    Personal,
    /// Expected, and nothing is known.
    NotRegistered,
}

impl From<AttendanceStatus> for StatusBody {
    fn from(status: AttendanceStatus) -> Self {
        match status {
            AttendanceStatus::Present => Self::Present,
            AttendanceStatus::Late => Self::Late,
            AttendanceStatus::Hospital => Self::Hospital,
            AttendanceStatus::Family => Self::Family,
            AttendanceStatus::Emergency => Self::Emergency,
            AttendanceStatus::Vacation => Self::Vacation,
            AttendanceStatus::Personal => Self::Personal,
            AttendanceStatus::NotRegistered => Self::NotRegistered,
        }
    }
}

impl From<StatusBody> for AttendanceStatus {
    fn from(status: StatusBody) -> Self {
        match status {
            StatusBody::Present => Self::Present,
            StatusBody::Late => Self::Late,
            StatusBody::Hospital => Self::Hospital,
            StatusBody::Family => Self::Family,
            StatusBody::Emergency => Self::Emergency,
            StatusBody::Vacation => Self::Vacation,
            StatusBody::Personal => Self::Personal,
            StatusBody::NotRegistered => Self::NotRegistered,
        }
    }
}

/// How a person's attendance came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "AttendanceSource", rename_all = "snake_case")]
enum SourceBody {
    /// They scanned or typed a code.
    Scan,
    /// Staff marked them.
    Manual,
    /// Staff scanned their badge.
    Badge,
    /// It was imported.
    Import,
    /// They scanned a code before they had signed in.
    Hold,
}

/// One person at one event.
#[derive(Debug, Object)]
#[oai(rename = "Attendance")]
pub(super) struct AttendanceBody {
    /// The event's public id.
    event_id: String,
    /// The event's name.
    event_name: String,
    /// Who.
    user_id: u64,
    /// Given name; of somebody who was deleted the words for that, in the asked language.
    name: String,
    /// Family name; empty when they were deleted.
    surname: String,
    /// Whether they were deleted: what they attended stays in the counts, under no name.
    is_deleted: bool,
    /// What is held of them.
    status: StatusBody,
    /// The moment that counted.
    scanned_at: Timestamp,
    /// Whole minutes after the start; null when not late.
    minutes_late: Option<u32>,
    /// How it came to be known.
    source: SourceBody,
    /// When staff corrected it last, if ever.
    updated_at: Option<Timestamp>,
    /// The id of who corrected it last.
    updated_by: Option<u64>,
    /// Why it was corrected.
    reason: Option<String>,
}

impl AttendanceBody {
    /// What a reader of `language` sees of a row.
    pub(super) fn new(row: AttendanceRow, language: Language) -> Self {
        let name = row.shown_name(language).to_owned();
        let held = row.attendance;
        Self {
            event_id: row.event_id,
            event_name: row.event_name,
            user_id: row.person.0,
            name,
            surname: row.surname,
            is_deleted: row.is_deleted,
            status: held.status.into(),
            scanned_at: held.scanned_at.into(),
            minutes_late: held.minutes_late,
            source: match held.source {
                Source::Scan => SourceBody::Scan,
                Source::Manual => SourceBody::Manual,
                Source::Badge => SourceBody::Badge,
                Source::Import => SourceBody::Import,
                Source::Hold => SourceBody::Hold,
            },
            updated_at: held.updated_at.map(Timestamp),
            updated_by: held.updated_by.map(|UserId(id)| id),
            reason: held.reason,
        }
    }
}

/// A page of attendance.
#[derive(Debug, Object)]
#[oai(rename = "AttendancePage")]
pub(super) struct AttendancePageBody {
    /// The newest first.
    pub(super) items: Vec<AttendanceBody>,
    /// Where the next page starts; null on the last.
    pub(super) next_cursor: Option<String>,
}

/// Your attendance of today.
#[derive(Debug, Object)]
#[oai(rename = "TodayAttendance")]
pub(super) struct TodayBody {
    /// Today, `YYYY-MM-DD`, in the appliance's own time zone.
    pub(super) date: String,
    /// At events that are dated today in their own time zones; the newest first.
    pub(super) items: Vec<AttendanceBody>,
}

/// A page of an event's attendance, with the figures of the whole event.
#[derive(Debug, Object)]
#[oai(rename = "EventAttendancePage")]
pub(super) struct EventAttendanceBody {
    /// By user id.
    pub(super) items: Vec<AttendanceBody>,
    /// Where the next page starts; null on the last.
    pub(super) next_cursor: Option<String>,
    /// Of the whole event, whatever the page and the filter.
    pub(super) statistics: StatisticsBody,
}

/// Figures of an event.
#[derive(Debug, Object)]
#[oai(rename = "EventStatistics")]
pub(crate) struct StatisticsBody {
    /// How many people are expected; null when anyone may come.
    expected: Option<u32>,
    /// How many people something is held of.
    recorded: u32,
    /// How many came in time.
    present: u32,
    /// How many came late.
    late: u32,
    /// How many gave a reason for not coming.
    excused: u32,
    /// How many expected people nothing is held of; 0 until the event has closed.
    not_registered: u32,
    /// How many have each status, every status named.
    by_status: Vec<StatusCountBody>,
    /// From 0 to 1; null when nobody said how many are expected.
    attendance_rate: Option<f64>,
    /// How `attendance_rate` is computed.
    rate_formula: String,
}

/// How many have a status.
#[derive(Debug, Object)]
#[oai(rename = "StatusCount")]
struct StatusCountBody {
    /// The status.
    status: StatusBody,
    /// How many.
    count: u32,
}

impl From<Statistics> for StatisticsBody {
    fn from(statistics: Statistics) -> Self {
        let counts = statistics.by_status.iter();
        let by_status = counts
            .map(|(status, count)| StatusCountBody { status: (*status).into(), count: *count })
            .collect();
        Self {
            expected: statistics.expected,
            recorded: statistics.recorded,
            present: statistics.count(AttendanceStatus::Present),
            late: statistics.count(AttendanceStatus::Late),
            excused: statistics.excused(),
            not_registered: statistics.count(AttendanceStatus::NotRegistered),
            by_status,
            attendance_rate: statistics.attendance_rate,
            rate_formula: RATE_FORMULA.to_owned(),
        }
    }
}
