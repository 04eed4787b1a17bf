//! Security headers of every answer. A surface that needs other ones (the web app, the documentation)
//! sets its own policy before; what it does not set is as strict here as it can be.

use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

use crate::http::RequestContext;

/// What every answer carries, unless its handler said otherwise.
const DEFAULTS: [(HeaderName, HeaderValue); 9] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
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
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) fn decorate(response: &mut Response, context: &RequestContext) {
    let headers = response.headers_mut();
    headers.reserve(DEFAULTS.len() + 1);
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(value);
    }
    if let Ok(id) = HeaderValue::from_str(&context.id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
}
