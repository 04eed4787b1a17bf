//! Where every error becomes its response: the only place that writes `application/problem+json`.

use poem::{
    IntoResponse, PathPattern, Response,
    error::{MethodNotAllowedError, NotFoundError},
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::error::{AuthorizationError, ContentTypeError, ParseParamError, ParsePathError};

use super::{DescribedRoute, Settings, observe::Exchange};
use crate::{
    field::FieldError,
    http::{Caller, Problem, RequestContext},
    language::Text,
    limit::RateLimitStatus,
};

/// A problem, and the route that it came of when one was met.
pub(super) struct Refusal<'s> {
    problem: Problem,
    endpoint: Option<PathPattern>,
    route: Option<&'s DescribedRoute>,
}

impl<'s> Refusal<'s> {
    /// Finds the problem in an error.
    pub(super) fn of(error: poem::Error, settings: &'s Settings) -> Self {
        let endpoint = error.data::<PathPattern>().cloned();
        let route = endpoint.as_ref().and_then(|endpoint| settings.described.get(&*endpoint.0));
        Self { problem: translate(error, route), endpoint, route }
    }

    /// The same of another problem.
    pub(super) fn map(self, change: impl FnOnce(Problem) -> Problem) -> Self {
        Self { problem: change(self.problem), ..self }
    }
}

/// Answers with a problem, in the client's language, and logs what the client is not told.
pub(super) fn respond(
    refusal: Refusal<'_>,
    exchange: &Exchange,
    context: &RequestContext,
    settings: &Settings,
) -> Response {
    let Refusal { problem, endpoint, route } = refusal;
    // Being busy is no fault: the request's own line says it, and anybody can bring it about.
    if problem.status.is_server_error() && problem.code != "BUSY" {
        let cause = problem.cause.as_deref().unwrap_or_default();
        tracing::error!(request_id = %context.id, code = problem.code, ?cause, "failed");
        settings.metrics.system_error("internal");
    }
    let body = problem.to_body(context.language, exchange.path(), &context.id.to_string());
    let mut response = poem::web::Json(&body).with_status(problem.status).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json; charset=utf-8"),
    );
    if let Ok(language) = HeaderValue::from_str(context.language.code()) {
        headers.insert(header::CONTENT_LANGUAGE, language);
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        if let Some(policy) = problem.exceeded {
            response.set_data(RateLimitStatus { policy, remaining: 0, reset_seconds: seconds });
        }
    }
    let headers = response.headers_mut();
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(endpoint) = endpoint {
        if problem.status == StatusCode::METHOD_NOT_ALLOWED {
            let allow = route.and_then(|route| HeaderValue::from_str(&route.allow).ok());
            headers.insert(header::ALLOW, allow.unwrap_or(HeaderValue::from_static("GET, HEAD")));
        }
        response.set_data(endpoint);
    }
    response
}

/// Finds the problem in an error: ours as it is, poem's by its kind.
fn translate(error: poem::Error, route: Option<&DescribedRoute>) -> Problem {
    let error = match error.downcast::<Problem>() {
        Ok(problem) => return problem,
        Err(error) => error,
    };
    if error.is::<AuthorizationError>() {
        return Caller::missing();
    }
    if error.is::<NotFoundError>() {
        return Problem::not_found();
    }
    if error.is::<MethodNotAllowedError>() {
        return Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "This address does not take this method.",
            "Questo indirizzo non accetta questo metodo.",
        );
    }
    if let Some(ParseParamError { name, .. }) = error.downcast_ref() {
        return invalid_parameter(name);
    }
    if let Some(ParsePathError { name, .. }) = error.downcast_ref() {
        return invalid_parameter(own_name(name, route).unwrap_or(name));
    }
    if error.is::<ContentTypeError>() || error.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "This content type is not taken here.",
            "Questo tipo di contenuto non è accettato qui.",
        );
    }
    if error.status().is_client_error() {
        return Problem::new(
            error.status(),
            "BAD_REQUEST",
            "The request cannot be understood.",
            "La richiesta non è comprensibile.",
        );
    }
    Problem::internal(error)
}

/// The name that a parameter of the path has in the document: the router knows it as `param0`.
fn own_name<'r>(name: &str, route: Option<&'r DescribedRoute>) -> Option<&'r str> {
    let number: usize = name.strip_prefix("param")?.parse().ok()?;
    route?.template.split('/').filter_map(|segment| segment.strip_prefix(':')).nth(number)
}

fn invalid_parameter(name: &str) -> Problem {
    let problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "INVALID_PARAMETER",
        "A parameter in the address does not have the expected form.",
        "Un parametro nell'indirizzo non ha la forma attesa.",
    );
    let message = Text::fixed("does not have the expected form", "non ha la forma attesa");
    Problem { errors: vec![FieldError { field: name.to_owned().into(), message }], ..problem }
}
