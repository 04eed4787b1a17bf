//! Swagger UI, out of the binary and under a policy without inline scripts or styles.
//!
//! poem-openapi carries Swagger UI as one page with everything inline. `build.rs` takes it apart, and its script
//! and style are files of their own; the page around them and the few lines that start it are ours
//! (`static/docs/`).

use poem::{
    Response,
    http::{HeaderMap, header},
};

use crate::{assets, http::Problem};

/// Swagger UI sets styles on elements through the DOM, which this allows, and shows inline pictures.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A file below `/docs`, the page itself for the empty path.
pub(super) fn file(path: &str, asked: &HeaderMap) -> Result<Response, Problem> {
    let name = if path.is_empty() { "index.html" } else { path };
    let mut response = assets::file(&format!("docs/{name}"), asked)?;
    let policy = header::HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}
