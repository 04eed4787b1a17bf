//! The feed on the wire: the JSON shapes, and the two forms in which logs arrive.

use poem::{Request, RequestBody, http::StatusCode};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, Enum, ExtractParamOptions, Object,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaParamIn, MetaRequest, MetaSchemaRef, Registry},
    types::{Example, Type},
};

use super::model::{
    AcceptedBatch, Author, Batch, BatchFault, Content, FeedSize, IdempotencyKey, Label, NewPost,
    Post, Removed,
};
use crate::{
    clock::Time,
    field::FieldError,
    http::{Cursors, Problem, RequestContext, Timestamp, media_type, parse_json, read_body},
    language::Text,
    social_log::{MAX_BATCH, Page, SocialLogError, problem::text_fault},
};

/// How many faults of a batch one answer names.
const MAX_FAULTS: usize = 50;

/// What happened to a post on a social network.
#[derive(Debug, Object)]
#[oai(rename = "NewSocialLog", deny_unknown_fields, example)]
pub(super) struct NewLogBody {
    /// The social network: 1 to 64 characters.
    pub social: String,
    /// When it happened there; any offset.
    pub timestamp: Timestamp,
    /// What was posted: at most 10,000 characters.
    pub content: String,
    /// What became of it there: 1 to 64 characters.
    pub status: String,
}

impl Example for NewLogBody {
    fn example() -> Self {
        Self {
            social: "instagram".to_owned(),
            timestamp: Timestamp(Time::from_millis(1_795_422_600_000)),
            content: "Assemblea d'istituto: il programma".to_owned(),
            status: "published".to_owned(),
        }
    }
}

impl TryFrom<NewLogBody> for NewPost {
    type Error = Vec<FieldError>;

    fn try_from(body: NewLogBody) -> Result<Self, Self::Error> {
        let mut faults = Vec::new();
        let social = Label::parse(&body.social).map_err(|f| faults.push(text_fault("social", f)));
        let content =
            Content::parse(body.content).map_err(|f| faults.push(text_fault("content", f)));
        let status = Label::parse(&body.status).map_err(|f| faults.push(text_fault("status", f)));
        match (social, content, status) {
            (Ok(social), Ok(content), Ok(status)) => {
                Ok(Self { social, timestamp: body.timestamp.0, content, status })
            }
            _ => Err(faults),
        }
    }
}

/// Logs that were stored.
#[derive(Debug, Object)]
#[oai(rename = "SocialLogsAccepted", example)]
pub(super) struct AcceptedBody {
    /// How many.
    pub accepted: u64,
    /// The id of the first; the others follow without gaps.
    pub first_id: u64,
    /// The id of the last.
    pub last_id: u64,
}

impl Example for AcceptedBody {
    fn example() -> Self {
        Self { accepted: 3, first_id: 41, last_id: 43 }
    }
}

impl From<AcceptedBatch> for AcceptedBody {
    fn from(AcceptedBatch { accepted, first_id, last_id }: AcceptedBatch) -> Self {
        Self { accepted, first_id, last_id }
    }
}

/// A stored log.
#[derive(Debug, Object)]
#[oai(rename = "SocialLog")]
pub(super) struct LogBody {
    /// From 1, in the order of arrival.
    pub id: u64,
    /// The social network.
    pub social: String,
    /// When it happened there.
    pub timestamp: Timestamp,
    /// What was posted.
    pub content: String,
    /// What became of it there.
    pub status: String,
    /// When it arrived here.
    pub received_at: Timestamp,
    /// Who sent it.
    pub author: AuthorBody,
}

impl From<Post> for LogBody {
    fn from(log: Post) -> Self {
        Self {
            id: log.id,
            social: log.social.as_str().to_owned(),
            timestamp: log.timestamp.into(),
            content: log.content.as_str().to_owned(),
            status: log.status.as_str().to_owned(),
            received_at: log.received_at.into(),
            author: log.author.into(),
        }
    }
}

/// Who sent a log.
#[derive(Debug, Object)]
#[oai(rename = "SocialLogAuthor")]
pub(super) struct AuthorBody {
    /// What they are.
    pub kind: AuthorKind,
    /// The person's id, when it is one.
    pub id: Option<u64>,
    /// The API key that sent it for them, when one did: `api-key:` and the first half of its id. Else it is not
    /// there.
    #[oai(skip_serializing_if_is_none)]
    pub key: Option<String>,
}

/// What the author of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SocialLogAuthorKind", rename_all = "snake_case")]
pub(super) enum AuthorKind {
    /// A person.
    User,
    /// Another system, from which old logs were brought over.
    Import,
}

impl From<Author> for AuthorBody {
    fn from(author: Author) -> Self {
        match author {
            Author::User(id) => Self { kind: AuthorKind::User, id: Some(id.0), key: None },
            Author::Import => Self { kind: AuthorKind::Import, id: None, key: None },
            Author::Key { key, owner } => {
                Self { kind: AuthorKind::User, id: Some(owner.0), key: Some(key.to_string()) }
            }
        }
    }
}

/// Logs that were removed.
#[derive(Debug, Object)]
#[oai(rename = "SocialLogsRemoved", example)]
pub(super) struct RemovedBody {
    /// How many.
    pub removed: u64,
    /// What they took, in bytes.
    pub bytes: u64,
}

impl Example for RemovedBody {
    fn example() -> Self {
        Self { removed: 1_204, bytes: 3_145_728 }
    }
}

impl From<Removed> for RemovedBody {
    fn from(Removed { posts, bytes }: Removed) -> Self {
        Self { removed: posts, bytes }
    }
}

/// How much there is in the feed.
#[derive(Debug, Object)]
#[oai(rename = "SocialFeedSize", example)]
pub(super) struct SizeBody {
    /// How many logs.
    pub posts: u64,
    /// What they take, in bytes.
    pub bytes: u64,
    /// What they may take, in bytes.
    pub bound_bytes: u64,
}

impl Example for SizeBody {
    fn example() -> Self {
        Self { posts: 20_413, bytes: 48_234_496, bound_bytes: 4_294_967_296 }
    }
}

impl From<FeedSize> for SizeBody {
    fn from(FeedSize { posts, bytes, bound_bytes }: FeedSize) -> Self {
        Self { posts, bytes, bound_bytes }
    }
}

/// Logs, newest first.
#[derive(Debug, Object)]
#[oai(rename = "SocialLogPage")]
pub(super) struct LogPage {
    /// Perhaps fewer than asked for, even none, when the filter lets little through.
    pub items: Vec<LogBody>,
    /// Where the next page starts; null at the end of the list.
    pub next_cursor: Option<String>,
}

impl LogPage {
    /// The name of the list in its cursors.
    pub(super) const LIST: &str = "social_logs";

    /// The wire's form of a page.
    pub(super) fn of(page: Page<Post>, cursors: &Cursors) -> Result<Self, Problem> {
        Ok(Self {
            items: page.items.into_iter().map(LogBody::from).collect(),
            next_cursor: page.next.map(|next| cursors.sign(Self::LIST, &next)).transpose()?,
        })
    }
}

/// The body of a submission: one log as `application/json`, or up to 1,000 as `application/x-ndjson`,
/// one a line. Lines without anything on them are passed over.
pub(super) struct NewLogs(pub Batch);

impl<'a> ApiExtractor<'a> for NewLogs {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Json<NewLogBody> as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let form = |content_type| MetaMediaType {
            content_type,
            schema: <Json<NewLogBody> as Payload>::schema_ref(),
        };
        Some(MetaRequest {
            description: Some(
                "One log as JSON, or 1 to 1,000 logs as NDJSON: one such object a line.",
            ),
            content: vec![form("application/json"), form("application/x-ndjson")],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let read = match media_type(request).as_str() {
            "application/json" => one_log,
            "application/x-ndjson" => log_lines,
            _ => return Err(unsupported().into()),
        };
        let limits = &RequestContext::of(request)?.body;
        let bytes = read_body(request, body, limits).await?;
        Ok(Self(read(&bytes)?))
    }
}

fn one_log(bytes: &[u8]) -> Result<Batch, Problem> {
    read_log(bytes).map(Batch::of_one)
}

fn read_log(bytes: &[u8]) -> Result<NewPost, Problem> {
    parse_json::<NewLogBody>(bytes)?.try_into().map_err(Problem::invalid)
}

fn log_lines(bytes: &[u8]) -> Result<Batch, Problem> {
    let lines = (1_usize..).zip(bytes.split(|byte| *byte == b'\n'));
    let lines: Vec<_> = lines.filter(|(_, line)| !line.trim_ascii().is_empty()).collect();
    if lines.len() > MAX_BATCH {
        return Err(BatchFault::TooLong.into());
    }
    let (mut logs, mut faults) = (Vec::with_capacity(lines.len()), Vec::new());
    for (number, line) in lines {
        match read_log(line) {
            Ok(log) => logs.push(log),
            Err(problem) => faults.extend(at_line(number, problem)),
        }
        if faults.len() >= MAX_FAULTS {
            break;
        }
    }
    if faults.is_empty() { Ok(Batch::new(logs)?) } else { Err(Problem::invalid(faults)) }
}

/// The faults of one line, by names that say which; lines count from 1, as editors do.
fn at_line(number: usize, problem: Problem) -> Vec<FieldError> {
    let line = format!("lines.{number}");
    if problem.errors.is_empty() {
        let message = Text::fixed("is not valid JSON", "non è JSON valido");
        return vec![FieldError { field: line.into(), message }];
    }
    let name =
        |field: &str| if field.is_empty() { line.clone() } else { format!("{line}.{field}") };
    let faults = problem.errors.into_iter();
    faults.map(|fault| FieldError { field: name(&fault.field).into(), ..fault }).collect()
}

const fn unsupported() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "Send one log as application/json or many as application/x-ndjson.",
        "Invia un log come application/json o più d'uno come application/x-ndjson.",
    )
}

/// The `Idempotency-Key` header, when there is one. poem's own extractor passes over a value that is
/// not ASCII and would store twice what was meant to be stored once; this one refuses it.
pub(super) struct IdempotencyHeader(pub Option<IdempotencyKey>);

impl<'a> ApiExtractor<'a> for IdempotencyHeader {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

    type ParamType = ();
    type ParamRawType = ();

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(String::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let mut values = request.headers().get_all(options.name).iter();
        let key = match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => IdempotencyKey::parse(value.as_bytes())
                .map(Some)
                .ok_or(SocialLogError::IdempotencyKeyInvalid),
            (Some(_), Some(_)) => Err(SocialLogError::IdempotencyKeyInvalid),
        };
        Ok(Self(key.map_err(Problem::from)?))
    }
}
