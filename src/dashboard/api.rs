//! The operations of watching; all of them for administrators.

use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::Query,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};

use super::{
    dto::{HealthBody, InsightsBody, LogLevel, LogsBody, SecurityBody, SeriesBody},
    service::{Dashboard, SeriesQuery},
};
use crate::http::{
    Admin, EVENT_STREAM, FollowRequest, Problem, RequestContext, Tag, Timestamp, stream_answer,
};

/// The operations of watching.
pub struct DashboardApi(pub Dashboard);

#[OpenApi(tag = "Tag::Dashboard")]
impl DashboardApi {
    /// How the machine and the appliance are
    ///
    /// Machine, process, parts, databases, certificate, backup, and what of it somebody should look at.
    /// Figures of machine and process are those of the last sample, taken every ten seconds.
    #[oai(path = "/dashboard/health", method = "get", operation_id = "getDashboardHealth")]
    async fn health(
        &self,
        _admin: Admin,
        context: RequestContext,
    ) -> Result<Json<HealthBody>, Problem> {
        Ok(Json(self.0.health(context.language)))
    }

    /// Who tries what
    ///
    /// Logins, tokens, limits, sessions, and a level with its rule and its reasons. Counts from the audit
    /// trail look at its newest 100,000 entries; a stretch of time that they do not reach is null.
    #[oai(path = "/dashboard/security", method = "get", operation_id = "getDashboardSecurity")]
    async fn security(
        &self,
        _admin: Admin,
        context: RequestContext,
    ) -> Result<Json<SecurityBody>, Problem> {
        Ok(Json(self.0.security(context.language).await?))
    }

    /// How the appliance is used
    ///
    /// Scans by hour and day, people, events, social logs, and requests by route.
    #[oai(path = "/dashboard/insights", method = "get", operation_id = "getDashboardInsights")]
    async fn insights(&self, _admin: Admin) -> Result<Json<InsightsBody>, Problem> {
        Ok(Json(self.0.insights().await?))
    }

    /// Figures over time
    ///
    /// A day of samples at one every ten seconds, and before it a month of periods of ten minutes. A step
    /// of which nothing is known is null.
    ///
    /// Errors: `METRIC_UNKNOWN` (400), which lists the metrics that there are, and `VALIDATION_FAILED`
    /// (422) for a range beyond 31 days or more than 2,160 steps.
    #[oai(path = "/dashboard/series", method = "get", operation_id = "getDashboardSeries")]
    async fn series(
        &self,
        _admin: Admin,
        /// Names of metrics, commas between them, at most 16: `machine_cpu_percent,connections`;
        /// `requests_per_second` when left out.
        metric: Query<Option<String>>,
        /// Where it begins; an hour before `to` when left out.
        from: Query<Option<Timestamp>>,
        /// Where it ends; now when left out.
        to: Query<Option<Timestamp>>,
        /// Seconds of a step; when left out as many as make 360 steps, but not under 20.
        step: Query<Option<u32>>,
    ) -> Result<Json<SeriesBody>, Problem> {
        let query = SeriesQuery {
            metrics: metric.0.unwrap_or_else(|| "requests_per_second".to_owned()),
            from: from.0.map(|from| from.0),
            to: to.0.map(|to| to.0),
            step_seconds: step.0,
        };
        Ok(Json(self.0.series(query).await?))
    }

    /// The last log lines
    ///
    /// Of the last 2,000 lines (and 1 MiB). With `Accept: text/event-stream` the answer goes on with every
    /// line as it is written: events `line` with a line in JSON, and `missed` with the number of lines
    /// that a slow reader was too late for. A request with `Last-Event-ID` goes on behind that line.
    ///
    /// Errors: `TOO_MANY_FOLLOWERS` (429) when eight others follow.
    #[oai(path = "/dashboard/logs", method = "get", operation_id = "getDashboardLogs")]
    async fn logs(
        &self,
        admin: Admin,
        follow: FollowRequest,
        /// Only lines that are at least this important.
        level: Query<Option<LogLevel>>,
        /// Only lines that hold this text, in whatever case.
        text: Query<Option<String>>,
        /// How many lines, the newest; 200 when left out, 2,000 at most.
        limit: Query<Option<u32>>,
    ) -> Result<LogsAnswer, Problem> {
        let FollowRequest::After(seen) = follow else {
            return Ok(LogsAnswer::Page(self.0.logs(level.0, text.0.as_deref(), limit.0)));
        };
        let stream = self.0.follow(&admin.0, level.0, text.0, limit.0, seen)?;
        Ok(LogsAnswer::Stream(stream_answer(stream)))
    }
}

/// Log lines, at once or as they come.
enum LogsAnswer {
    Page(LogsBody),
    Stream(Response),
}

impl IntoResponse for LogsAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => Json(page).into_response(),
            Self::Stream(stream) => stream,
        }
    }
}

impl ApiResponse for LogsAnswer {
    fn meta() -> MetaResponses {
        let page = MetaMediaType {
            content_type: <Json<LogsBody> as Payload>::CONTENT_TYPE,
            schema: <Json<LogsBody> as Payload>::schema_ref(),
        };
        let stream = MetaMediaType {
            content_type: EVENT_STREAM,
            schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
        };
        let answer = MetaResponse {
            description: "The lines, or a stream of them.",
            status: Some(200),
            status_range: None,
            content: vec![page, stream],
            headers: vec![],
        };
        MetaResponses { responses: vec![answer] }
    }

    fn register(registry: &mut Registry) {
        <LogsBody as Type>::register(registry);
    }
}
