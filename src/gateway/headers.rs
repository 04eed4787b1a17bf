//! Security headers of every answer. A surface that needs other ones (the web app, the documentation)
//! sets its own policy before; what it does not set is as strict here as it can be.

use poem::{
    Response,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};

use crate::{config::ServerConfig, http::RequestContext};

/// What every answer carries, unless its handler said otherwise.
const EVERYTHING: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// What a browser heeds only of what it shows as a page. JSON does without: these headers are longer
/// than most of what the API answers.
const PAGES: [(HeaderName, HeaderValue); 4] = [
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(self), fullscreen=(self), screen-wake-lock=(self), geolocation=(), \
             microphone=(), payment=(), usb=()",
        ),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // Costs nothing, since no page shows anything of another origin, and gives it a process of its own.
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        HeaderValue::from_static("require-corp"),
    ),
];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers of answers, put together once: a copy is cheaper than nine insertions.
pub(super) struct Headers {
    of_json: HeaderMap,
    of_everything_else: HeaderMap,
}

impl Headers {
    /// Browsers are told to come back over HTTPS alone (RFC 6797), for as long as is configured. Not on
    /// this machine's own name: it would lock a developer's browser out of whatever else runs there.
    /// Nothing is said of hosts below, which are somebody else's to speak for.
    pub(super) fn new(server: &ServerConfig) -> Self {
        let strict = format!("max-age={}", server.hsts_seconds);
        let strict = HeaderValue::from_str(&strict).ok().filter(|_| !server.public_url.is_local());
        let strict = strict.map(|strict| (header::STRICT_TRANSPORT_SECURITY, strict));
        let of_json: HeaderMap = EVERYTHING.into_iter().chain(strict).collect();
        let mut of_everything_else = of_json.clone();
        of_everything_else.extend(PAGES);
        Self { of_json, of_everything_else }
    }

    /// Adds to an answer what its handler did not say.
    pub(super) fn decorate(&self, response: &mut Response, context: &RequestContext) {
        let own = std::mem::take(response.headers_mut());
        let defaults = if is_json(&own) { &self.of_json } else { &self.of_everything_else };
        let headers = response.headers_mut();
        headers.clone_from(defaults);
        headers.extend(own);
        if let Ok(id) = HeaderValue::from_str(&context.id.to_string()) {
            headers.insert(REQUEST_ID, id);
        }
    }
}

/// Whether the answer is `application/json` or one of its kind (`application/problem+json`).
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| {
        text.starts_with("application/")
            && text.split(';').next().unwrap_or_default().ends_with("json")
    })
}
