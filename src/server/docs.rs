//! Swagger UI, out of the binary and under a policy without inline scripts or styles.
//!
//! poem-openapi carries Swagger UI as one page with everything inline. It is taken apart once, when
//! first asked for, and its script and style are served as files of their own; the page around them
//! and the few lines that start it are ours (`static/docs/`).

use std::sync::OnceLock;

use poem::{IntoResponse, Response, http::header};
use poem_openapi::OpenApiService;

use crate::{assets, http::Problem};

/// Swagger UI sets styles on elements through the DOM, which this allows, and shows inline pictures.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Swagger UI's two files.
struct Parts {
    script: String,
    style: String,
}

/// A file below `/docs`, the page itself for the empty path.
pub(super) fn file(path: &str, if_none_match: Option<&str>) -> Result<Response, Problem> {
    let mut response = match path {
        "swagger-ui.js" => part(&parts()?.script, "text/javascript; charset=utf-8"),
        "swagger-ui.css" => part(&parts()?.style, "text/css; charset=utf-8"),
        "" => assets::file("docs/index.html", if_none_match)?,
        other => assets::file(&format!("docs/{other}"), if_none_match)?,
    };
    let policy = header::HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn part(text: &'static str, content_type: &'static str) -> Response {
    text.with_content_type(content_type)
        .with_header(header::CACHE_CONTROL, "max-age=3600")
        .into_response()
}

fn parts() -> Result<&'static Parts, Problem> {
    static PARTS: OnceLock<Option<Parts>> = OnceLock::new();
    let parts =
        PARTS.get_or_init(|| take_apart(&OpenApiService::new((), "", "").swagger_ui_html()));
    parts.as_ref().ok_or_else(|| Problem::internal("Swagger UI has another form than expected"))
}

fn take_apart(page: &str) -> Option<Parts> {
    let between = |open: &str, close: &str| {
        let (_, rest) = page.split_once(open)?;
        rest.split_once(close).map(|(inner, _)| inner.to_owned())
    };
    Some(Parts {
        style: between("<style charset=\"UTF-8\">", "</style>")?,
        script: between("<script charset=\"UTF-8\">", "</script>")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swagger_ui_comes_apart_whole() {
        let parts = parts().unwrap();
        assert!(parts.script.contains("SwaggerUIBundle") && parts.script.len() > 500_000);
        assert!(parts.style.contains(".swagger-ui") && parts.style.len() > 50_000);
    }
}
