//! The operations on the social feed.

use poem_openapi::{OpenApi, param::Query, payload::Json};

use super::{
    dto::{AcceptedBody, IdempotencyHeader, LogPage, NewLogs, RemovedBody, SizeBody},
    model::{Author, PostFilter, WantedAuthor},
};
use crate::{
    http::{
        Admin, Created, PageQuery, Principal, Problem, ReadSocial, RequestContext, Tag, Timestamp,
        UserOrKey, WriteSocial,
    },
    social_log::{KeyName, SocialLogError, SocialLogService},
};

/// The operations on the social feed.
pub struct FeedApi(SocialLogService);

impl FeedApi {
    pub(in crate::social_log) const fn new(service: SocialLogService) -> Self {
        Self(service)
    }
}

#[OpenApi(tag = "Tag::SocialLog")]
#[allow(clippy::too_many_arguments, reason = "one for each parameter of the operation")]
impl FeedApi {
    /// Report posts
    ///
    /// One log as JSON, or up to 1,000 as NDJSON (`application/x-ndjson`), which are stored together
    /// or not at all. With an `Idempotency-Key` (1 to 128 visible ASCII characters) the same logs
    /// sent again within 24 hours by the same caller get the same answer and are not stored twice.
    /// API keys need `social:write`, and report for their owner.
    ///
    /// Who may report posts and how many bytes a day is configured (`[social]`); what the texts take counts, and
    /// 128 bytes for each log.
    ///
    /// Errors: `IDEMPOTENCY_KEY_INVALID` (400), `POSTING_NOT_ALLOWED` (403), `IDEMPOTENCY_KEY_REUSED` (409),
    /// `QUOTA_EXCEEDED` (429 with `Retry-After` until the next day in UTC; 413 when it is more than a whole
    /// day's), `VALIDATION_FAILED` (422), where a field of a batch is named `lines.N.field`, N from 1, and
    /// `INSUFFICIENT_STORAGE` (507).
    #[oai(path = "/social/logs", method = "post", operation_id = "submitSocialLogs")]
    async fn submit(
        &self,
        caller: UserOrKey<WriteSocial>,
        /// Names this submission, so that sending it again stores nothing twice.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyHeader,
        logs: NewLogs,
    ) -> Result<Created<AcceptedBody>, Problem> {
        let feed = self.0.feed();
        feed.may_post(caller.0.role, caller.0.key().is_some())?;
        let accepted = feed.submit(author_of(&caller.0), logs.0, key.0).await?;
        Ok(Created(accepted.into()))
    }

    /// List posts
    ///
    /// Newest first, by arrival. One page looks at 20,000 logs at most and is full with 2 MiB of text; so it
    /// may hold fewer than `limit`, even none, and still have a `next_cursor` with which the search goes
    /// on. API keys need `social:read`.
    ///
    /// Errors: `CURSOR_INVALID` (400).
    #[oai(path = "/social/logs", method = "get", operation_id = "listSocialLogs")]
    async fn list(
        &self,
        _reader: UserOrKey<ReadSocial>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
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
        /// Only what they reported: `user:7` (with what API keys reported for them),
        /// `api-key:0123456789abcdef` or `import`.
        author: Query<Option<String>>,
        /// Only what arrived here at this moment or later.
        received_from: Query<Option<Timestamp>>,
        /// Only what arrived here before this moment.
        received_to: Query<Option<Timestamp>>,
    ) -> Result<Json<LogPage>, Problem> {
        let query = PageQuery { cursor: cursor.0, limit: limit.0 };
        let before = self.0.cursors.open(LogPage::LIST, &query)?;
        let filter = PostFilter {
            social: social.0,
            status: status.0,
            from: from.0.map(|from| from.0),
            to: to.0.map(|to| to.0),
            text: text.0,
            author: wanted(author.0.as_deref())?,
            received_from: received_from.0.map(|from| from.0),
            received_to: received_to.0.map(|to| to.0),
        };
        let page = self.0.feed().newest(before, query.limit(), filter).await?;
        Ok(Json(LogPage::of(page, &self.0.cursors)?))
    }

    /// Remove posts
    ///
    /// Every log that fits all of the filters, which are those of the list; without any, `all=true` must say
    /// that all are meant. It goes on when the client goes away; the same again removes what is left. What was
    /// asked for and how much was removed is noted in the audit trail. Works on a disk that is nearly full.
    ///
    /// Errors: `FILTER_REQUIRED` (422).
    #[oai(path = "/social/logs", method = "delete", operation_id = "removeSocialLogs")]
    async fn remove(
        &self,
        caller: Admin,
        context: RequestContext,
        /// Only what they reported: `user:7` (with what API keys reported for them),
        /// `api-key:0123456789abcdef` or `import`.
        author: Query<Option<String>>,
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
        /// Only what arrived here at this moment or later.
        received_from: Query<Option<Timestamp>>,
        /// Only what arrived here before this moment.
        received_to: Query<Option<Timestamp>>,
        /// That every post is meant, when nothing else is said.
        all: Query<Option<bool>>,
    ) -> Result<Json<RemovedBody>, Problem> {
        let filter = PostFilter {
            social: social.0,
            status: status.0,
            from: from.0.map(|from| from.0),
            to: to.0.map(|to| to.0),
            text: text.0,
            author: wanted(author.0.as_deref())?,
            received_from: received_from.0.map(|from| from.0),
            received_to: received_to.0.map(|to| to.0),
        };
        let provenance = context.audit_context(caller.0.actor());
        let (service, all) = (self.0.clone(), all.0 == Some(true));
        // On a task of its own: a client that goes away does not keep it from ending, nor from being noted.
        let removing =
            tokio::spawn(async move { service.remove_posts(filter, all, provenance).await });
        Ok(Json(removing.await.map_err(Problem::internal)??.into()))
    }

    /// Say how much there is
    ///
    /// How many posts there are, what they take, and what they may take (`social.total_mib`).
    #[oai(path = "/social/size", method = "get", operation_id = "getSocialFeedSize")]
    async fn size(&self, _admin: Admin) -> Result<Json<SizeBody>, Problem> {
        Ok(Json(self.0.feed().size()?.into()))
    }
}

fn author_of(caller: &Principal) -> Author {
    match caller.key() {
        Some(key) => Author::Key { key: KeyName::of(key), owner: caller.id },
        None => Author::User(caller.id),
    }
}

fn wanted(author: Option<&str>) -> Result<Option<WantedAuthor>, SocialLogError> {
    let read = |author| WantedAuthor::parse(author).ok_or(SocialLogError::AuthorUnknown);
    author.map(read).transpose()
}

#[cfg(test)]
pub(in crate::social_log) mod tests {
    use std::time::Duration;

    use poem::{
        Endpoint, IntoEndpoint, Request,
        http::{Method, StatusCode},
    };
    use poem_openapi::{OpenApi, OpenApiService};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        clock::{Clock, Time},
        http::{BodyBudget, BodyLimits, Caller, ClientNetwork, Credential, Cursors},
        ids::{RandomId, Role, UserId},
        language::Language,
        social_log::store::tests::temporary_store,
    };

    /// Sends a request as the gateway would hand it on; answers with the status and the JSON, or with
    /// the problem's status, code and fields.
    pub(in crate::social_log) async fn call(
        api: impl OpenApi + 'static,
        role: Role,
        mut request: Request,
    ) -> (StatusCode, Value) {
        let principal = Principal {
            id: UserId(7),
            role,
            credential: Credential::Session(RandomId([0; 16])),
            needs_second_factor: false,
            email: "anna@example.org".to_owned(),
            username: "anna".to_owned(),
            created_at: Time::EPOCH,
            last_login_at: None,
        };
        let context = RequestContext {
            id: RandomId([1; 16]),
            network: ClientNetwork::of([192, 0, 2, 7].into()),
            connection: None,
            language: Language::English,
            user_agent: None,
            body: BodyLimits {
                bytes: 1 << 20,
                time: Duration::from_secs(5),
                budget: BodyBudget::new(1 << 20),
            },
        };
        request.headers_mut().insert("authorization", "Bearer token".parse().unwrap());
        request.extensions_mut().insert(Caller::SignedIn(principal.into()));
        request.extensions_mut().insert(context);
        match OpenApiService::new(api, "test", "1").into_endpoint().call(request).await {
            Ok(response) => {
                let status = response.status();
                (status, response.into_body().into_json().await.unwrap())
            }
            Err(error) => {
                let problem = error.downcast_ref::<Problem>().unwrap();
                let fields: Vec<_> = problem.errors.iter().map(|e| e.field.as_ref()).collect();
                (problem.status, json!({ "code": problem.code, "fields": fields }))
            }
        }
    }

    struct Bench {
        _directory: tempfile::TempDir,
        service: SocialLogService,
    }

    fn bench() -> Bench {
        let (directory, store) = temporary_store();
        let clock = Clock::manual(Time::from_millis(1_795_422_600_000));
        let service = SocialLogService::open(store, clock, Cursors::new([7; 32]));
        Bench { _directory: directory, service }
    }

    impl Bench {
        fn api(&self) -> FeedApi {
            FeedApi::new(self.service.clone())
        }

        async fn post(&self, form: &str, key: Option<&[u8]>, body: &str) -> (StatusCode, Value) {
            let mut request = Request::builder()
                .method(Method::POST)
                .uri_str("/social/logs")
                .content_type(form)
                .body(body.to_owned());
            if let Some(key) = key {
                request.headers_mut().insert("idempotency-key", key.try_into().unwrap());
            }
            call(self.api(), Role::User, request).await
        }

        async fn list(&self, role: Role, query: &str) -> (StatusCode, Value) {
            let uri = format!("/social/logs{query}");
            call(self.api(), role, Request::builder().uri_str(uri).finish()).await
        }
    }

    const JSON: &str = "application/json";
    const LINES: &str = "application/x-ndjson; charset=utf-8";

    fn line(content: &str) -> String {
        json!({
            "social": "instagram",
            "timestamp": "2026-11-23T09:30:00+01:00",
            "content": content,
            "status": "published",
        })
        .to_string()
    }

    fn refusal(status: u16, code: &str, fields: &[&str]) -> (StatusCode, Value) {
        (StatusCode::from_u16(status).unwrap(), json!({ "code": code, "fields": fields }))
    }

    #[tokio::test]
    async fn a_log_comes_back_as_it_was_sent_in_utc() {
        let bench = bench();
        let answer = bench.post(JSON, None, &line("ciao")).await;
        let accepted = json!({ "accepted": 1, "first_id": 1, "last_id": 1 });
        assert_eq!(answer, (StatusCode::CREATED, accepted));
        let log = json!({
            "id": 1,
            "social": "instagram",
            "timestamp": "2026-11-23T08:30:00.000Z",
            "content": "ciao",
            "status": "published",
            "received_at": "2026-11-23T08:30:00.000Z",
            "author": { "kind": "user", "id": 7 },
        });
        let page = json!({ "items": [log], "next_cursor": null });
        assert_eq!(bench.list(Role::Staff, "?from=2026-11-23T08:30:00Z").await.1, page);
    }

    #[tokio::test]
    async fn a_batch_is_stored_whole() {
        let bench = bench();
        let body = format!("{}\r\n\n{}\n", line("a"), line("b"));
        let accepted = json!({ "accepted": 2, "first_id": 1, "last_id": 2 });
        assert_eq!(bench.post(LINES, None, &body).await, (StatusCode::CREATED, accepted));
    }

    #[tokio::test]
    async fn a_batch_with_bad_lines_is_refused_with_all_of_them_and_nothing_is_stored() {
        let bench = bench();
        let bodies = [
            line("good"),
            "nope".to_owned(),
            line("\u{1b}[2J"),
            "[1]".to_owned(),
            r#"{"social":"x","timestamp":"now","content":"","status":"ok"}"#.to_owned(),
        ];
        let answer = bench.post(LINES, None, &bodies.join("\n")).await;
        let fields = ["lines.2", "lines.3.content", "lines.4", "lines.5.timestamp"];
        assert_eq!(answer, refusal(422, "VALIDATION_FAILED", &fields));
        assert_eq!(bench.list(Role::Staff, "").await.1["items"], json!([]));
    }

    #[tokio::test]
    async fn a_batch_holds_1_to_1000_lines() {
        let bench = bench();
        let refused = refusal(422, "VALIDATION_FAILED", &["lines"]);
        assert_eq!(bench.post(LINES, None, "\n \n").await, refused);
        let body = |lines| vec![line("a"); lines].join("\n");
        assert_eq!(bench.post(LINES, None, &body(1_001)).await, refused);
        assert_eq!(bench.post(LINES, None, &body(1_000)).await.1["last_id"], 1_000);
    }

    #[tokio::test]
    async fn other_forms_and_fields_at_fault_are_refused() {
        let bench = bench();
        let refused = refusal(415, "UNSUPPORTED_MEDIA_TYPE", &[]);
        assert_eq!(bench.post("text/plain", None, &line("a")).await, refused);
        let two_lines = format!("{0}\n{0}", line("a"));
        assert_eq!(bench.post(JSON, None, &two_lines).await, refusal(400, "MALFORMED_JSON", &[]));
        let body = r#"{"social":" ","timestamp":"2026-11-23T08:30:00Z","content":"","status":""}"#;
        let refused = refusal(422, "VALIDATION_FAILED", &["social", "status"]);
        assert_eq!(bench.post(JSON, None, body).await, refused);
        let large = "x".repeat((1 << 20) + 1);
        assert_eq!(bench.post(LINES, None, &large).await, refusal(413, "BODY_TOO_LARGE", &[]));
    }

    #[tokio::test]
    async fn the_same_key_gives_the_same_answer_whatever_the_json_looks_like() {
        let bench = bench();
        let first = bench.post(JSON, Some(b"key-1"), &line("a")).await;
        assert_eq!(first.0, StatusCode::CREATED);
        let spaced = line("a").replace(',', " , ");
        assert_eq!(bench.post(JSON, Some(b"key-1"), &spaced).await, first);
        let refused = refusal(409, "IDEMPOTENCY_KEY_REUSED", &[]);
        assert_eq!(bench.post(JSON, Some(b"key-1"), &line("b")).await, refused);
    }

    #[tokio::test]
    async fn a_key_that_is_none_is_refused_and_not_passed_over() {
        let bench = bench();
        let refused = refusal(400, "IDEMPOTENCY_KEY_INVALID", &[]);
        for key in [&b""[..], b"two words", b"\xe8", &[b'a'; 129]] {
            assert_eq!(bench.post(JSON, Some(key), &line("a")).await, refused, "{key:?}");
        }
        assert_eq!(bench.list(Role::Staff, "").await.1["items"], json!([]));
    }

    #[tokio::test]
    async fn the_list_is_for_staff_and_goes_on_by_its_own_cursors_alone() {
        let bench = bench();
        bench.post(LINES, None, &format!("{}\n{}", line("a"), line("b"))).await;
        assert_eq!(bench.list(Role::User, "").await, refusal(403, "FORBIDDEN", &[]));
        let first = bench.list(Role::Staff, "?limit=1").await.1;
        assert_eq!(first["items"][0]["content"], "b");
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = bench.list(Role::Staff, &format!("?limit=1&cursor={cursor}")).await.1;
        assert_eq!(second["items"][0]["content"], "a");
        assert_eq!(second["next_cursor"], Value::Null);
        let refused = refusal(400, "CURSOR_INVALID", &[]);
        assert_eq!(bench.list(Role::Staff, "?cursor=ABC").await, refused);
    }
}
