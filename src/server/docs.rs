//! Swagger UI, out of the binary and under a policy without inline scripts or styles.
//!
//! poem-openapi carries Swagger UI as one page with everything inline. It is taken apart and compressed
//! once, when first asked for, and its script and style are served as files of their own; the page
//! around them and the few lines that start it are ours (`static/docs/`).

use std::sync::OnceLock;

use poem::{
    Response,
    http::{HeaderMap, header},
};
use poem_openapi::OpenApiService;

use crate::{
    assets::{self, File, Keeping},
    http::Problem,
};

/// Swagger UI sets styles on elements through the DOM, which this allows, and shows inline pictures.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Swagger UI's two files.
struct Parts {
    script: File,
    style: File,
}

/// A file below `/docs`, the page itself for the empty path.
pub(super) fn file(path: &str, asked: &HeaderMap) -> Result<Response, Problem> {
    let mut response = match path {
        "swagger-ui.js" => parts()?.script.answer(asked, Keeping::Revalidated),
        "swagger-ui.css" => parts()?.style.answer(asked, Keeping::Revalidated),
        "" => assets::file("docs/index.html", asked)?,
        other => assets::file(&format!("docs/{other}"), asked)?,
    };
    let policy = header::HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
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
        style: File::made(
            "text/css; charset=utf-8",
            between("<style charset=\"UTF-8\">", "</style>")?,
            Some(POLICY),
        ),
        script: File::made(
            "text/javascript; charset=utf-8",
            between("<script charset=\"UTF-8\">", "</script>")?,
            Some(POLICY),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swagger_ui_comes_apart_whole() {
        let parts = parts().unwrap();
        let text = |file: &File| String::from_utf8(file.plain.to_vec()).unwrap();
        let (script, style) = (text(&parts.script), text(&parts.style));
        assert!(script.contains("SwaggerUIBundle") && script.len() > 500_000);
        assert!(style.contains(".swagger-ui") && style.len() > 50_000);
        assert!(parts.script.gzip.as_ref().is_some_and(|gzip| gzip.len() * 2 < script.len()));
    }
}
