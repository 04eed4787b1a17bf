//! Security headers of every answer. A surface that needs other ones (the web app, the documentation)
//! sets its own policy before; what it does not set is as strict here as it can be.

use std::sync::LazyLock;

use poem::{
    Response,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};

use crate::http::RequestContext;

/// What every answer carries, unless its handler said otherwise.
const EVERYTHING: [(HeaderName, HeaderValue); 6] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
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
const PAGES: [(HeaderName, HeaderValue); 3] = [
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
];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers of JSON, put together once: a copy is cheaper than nine insertions.
static OF_JSON: LazyLock<HeaderMap> = LazyLock::new(|| HeaderMap::from_iter(EVERYTHING));
/// The headers of everything else.
static OF_PAGES: LazyLock<HeaderMap> =
    LazyLock::new(|| EVERYTHING.into_iter().chain(PAGES).collect());

pub(super) fn decorate(response: &mut Response, context: &RequestContext) {
    let own = std::mem::take(response.headers_mut());
    let defaults = if is_json(&own) { &OF_JSON } else { &OF_PAGES };
    let headers = response.headers_mut();
    headers.clone_from(defaults);
    headers.extend(own);
    if let Ok(id) = HeaderValue::from_str(&context.id.to_string()) {
        headers.insert(REQUEST_ID, id);
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
