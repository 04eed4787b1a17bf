//! Cross-origin requests (Fetch §3.2): nobody's by default, listed origins' when configured.
//!
//! Our own, because poem's reflects every origin when none is listed. Here an origin that is not
//! listed gets an answer without CORS headers, which its browser then withholds; credentials are never
//! allowed, since other sites send a bearer token and never our cookie. As soon as any origin is listed
//! every answer varies by `Origin`, also those to requests without one: a cache must not give the answer
//! for one origin, or for none, to another.

use poem::{
    Request, Response,
    http::{HeaderValue, Method, StatusCode, header},
};

use crate::config::CorsConfig;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, accept-language, idempotency-key, last-event-id",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, retry-after, ratelimit, ratelimit-policy, content-disposition",
);
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

pub(super) struct Cors {
    allowed: Vec<HeaderValue>,
}

impl Cors {
    pub(super) fn new(config: &CorsConfig) -> Self {
        let allowed = config.allowed_origins.iter();
        Self { allowed: allowed.filter_map(|o| HeaderValue::from_str(o).ok()).collect() }
    }

    /// The request's origin, if it is a listed one.
    pub(super) fn origin(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        self.allowed.iter().find(|allowed| *allowed == origin).cloned()
    }

    /// The answer to a preflight of a listed origin.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let is_preflight = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight {
            return None;
        }
        self.origin(request)?;
        let mut response = StatusCode::NO_CONTENT.into();
        let headers = Response::headers_mut(&mut response);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        Some(response)
    }

    /// Lets a listed origin read the answer.
    pub(super) fn decorate(&self, response: &mut Response, origin: Option<HeaderValue>) {
        if self.allowed.is_empty() {
            return;
        }
        response.headers_mut().append(header::VARY, ORIGIN);
        if let Some(origin) = origin {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}
