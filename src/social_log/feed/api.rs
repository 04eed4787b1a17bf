//! The operations on the social feed.

use poem_openapi::{OpenApi, param::Query, payload::Json};

use super::{
    dto::{AcceptedBody, IdempotencyHeader, LogBody, LogPage, NewLogs},
    model::{Author, LogFilter},
    service::Feed,
};
use crate::http::{Created, Cursors, PageQuery, Problem, SignedIn, Staff, Tag, Timestamp};

/// The name of the list in its cursors.
const LIST: &str = "social_logs";

/// The operations on the social feed.
pub struct FeedApi {
    feed: Feed,
    cursors: Cursors,
}

impl FeedApi {
    pub(in crate::social_log) const fn new(feed: Feed, cursors: Cursors) -> Self {
        Self { feed, cursors }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::SocialLog")]
#[allow(clippy::too_many_arguments, reason = "one for each parameter of the operation")]
impl FeedApi {
    /// Report posts
    ///
    /// One log as JSON, or up to 1,000 as NDJSON (`application/x-ndjson`), which are stored together
    /// or not at all. With an `Idempotency-Key` (1 to 128 visible ASCII characters) the same logs
    /// sent again within 24 hours by the same caller get the same answer and are not stored twice.
    ///
    /// Errors: 400 `MALFORMED_JSON`, `IDEMPOTENCY_KEY_INVALID`; 401 `TOKEN_MISSING`; 409
    /// `IDEMPOTENCY_KEY_REUSED`; 413 `BODY_TOO_LARGE`; 415 `UNSUPPORTED_MEDIA_TYPE`; 422
    /// `VALIDATION_FAILED`, where a field of a batch is named `lines.N.field`, N from 1; 503 `BUSY`.
    #[oai(path = "/social/logs", method = "post", operation_id = "submitSocialLogs")]
    async fn submit(
        &self,
        caller: SignedIn,
        /// Names this submission, so that sending it again stores nothing twice.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyHeader,
        logs: NewLogs,
    ) -> Result<Created<AcceptedBody>, Problem> {
        let author = Author::User(caller.0.id);
        let accepted = self.feed.submit(author, logs.0, key.0).await?;
        Ok(Created(accepted.into()))
    }

    /// List posts
    ///
    /// Newest first, by arrival. One page looks at 20,000 logs at most; when few of them fit the
    /// filter it may hold fewer than `limit`, even none, and still have a `next_cursor` with which the
    /// search goes on.
    ///
    /// Errors: 400 `CURSOR_INVALID`; 401 `TOKEN_MISSING`; 403 `FORBIDDEN`.
    #[oai(path = "/social/logs", method = "get", operation_id = "listSocialLogs")]
    async fn list(
        &self,
        _staff: Staff,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many at most: 50 when not given, up to 200.
        limit: Query<Option<u32>>,
        /// Only of this social network.
        social: Query<Option<String>>,
        /// Only with this status.
        status: Query<Option<String>>,
        /// Only what happened at this moment or later.
        from: Query<Option<Timestamp>>,
        /// Only what happened before this moment.
        to: Query<Option<Timestamp>>,
        /// Only with this text in the content, whatever its case.
        text: Query<Option<String>>,
    ) -> Result<Json<LogPage>, Problem> {
        let query = PageQuery { cursor: cursor.0, limit: limit.0 };
        let before = self.cursors.open(LIST, &query)?;
        let filter = LogFilter {
            social: social.0,
            status: status.0,
            from: from.0.map(|from| from.0),
            to: to.0.map(|to| to.0),
            text: text.0,
        };
        let page = self.feed.newest(before, query.limit(), filter).await?;
        let next_cursor = page.next.map(|id| self.cursors.seal(LIST, &id)).transpose()?;
        Ok(Json(LogPage {
            items: page.items.into_iter().map(LogBody::from).collect(),
            next_cursor,
        }))
    }
}
