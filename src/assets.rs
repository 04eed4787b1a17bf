//! The web app, embedded: every file of `static/`, with an `ETag` and the policy that browsers hold
//! its pages to.

use poem::{
    IntoResponse, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use rust_embed::RustEmbed;

use crate::http::Problem;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

/// The app's policy: its own files and nothing else; `blob:` for pictures of codes and the camera.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; \
    manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// The app's one page, which every path of the app answers with; it reads the path itself.
///
/// # Errors
/// Never, as long as the binary holds `static/index.html`.
pub fn page(if_none_match: Option<&str>) -> Result<Response, Problem> {
    file("index.html", if_none_match)
}

/// A file below `static/`, or 304 when the client has it already.
///
/// # Errors
/// 404 for what is not there, and for files that are not the app's (documentation).
pub fn file(path: &str, if_none_match: Option<&str>) -> Result<Response, Problem> {
    let content_type = content_type(path).ok_or_else(Problem::not_found)?;
    let found = Static::get(path).ok_or_else(Problem::not_found)?;
    let etag = etag(&found.metadata.sha256_hash());
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::ETAG, etag.as_str()),
        // Asked again each time and mostly answered 304: an upgrade is seen at once.
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    let response = if matches(if_none_match, &etag) {
        with_headers(StatusCode::NOT_MODIFIED.into_response(), &headers)
    } else {
        match found.data {
            std::borrow::Cow::Borrowed(bytes) => with_headers(bytes.into_response(), &headers),
            std::borrow::Cow::Owned(bytes) => with_headers(bytes.into_response(), &headers),
        }
    };
    Ok(response)
}

fn with_headers(mut response: Response, headers: &[(HeaderName, &str)]) -> Response {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn etag(hash: &[u8; 32]) -> String {
    let prefix = hash.first_chunk().copied().unwrap_or([0; 16]);
    format!("\"{:032x}\"", u128::from_be_bytes(prefix))
}

/// `If-None-Match` (RFC 9110 §13.1.2): any of the listed tags, weakly compared.
fn matches(if_none_match: Option<&str>, etag: &str) -> bool {
    if_none_match.is_some_and(|tags| {
        tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    })
}

fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "json" => Some("application/json"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "webmanifest" => Some("application/manifest+json"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_a_second_visit_costs_nothing() {
        let first = page(None).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let etag = first.header(header::ETAG).unwrap();
        assert_eq!(page(Some(etag)).unwrap().status(), StatusCode::NOT_MODIFIED);
        assert_eq!(page(Some("\"other\"")).unwrap().status(), StatusCode::OK);
    }

    #[test]
    fn documentation_and_paths_outside_are_not_served() {
        for path in ["README.md", "../Cargo.toml", "nothing.js", "", "vendor"] {
            assert!(file(path, None).is_err(), "{path}");
        }
    }
}
