//! The web app and Swagger UI, embedded: the files of `static/`, and the two that poem-openapi brings, under
//! the policy that browsers hold their pages to.
//!
//! `build.rs` compressed them and put the version, a hash of all, into the names by which pages ask for
//! them. What is asked for by this version's name may be kept for ever. Whatever else is asked for (by
//! no version, or by the one that a page from before an upgrade knows) is answered with today's file and
//! may be kept only if it is asked for again: an open page goes on, and no cache keeps a new file under
//! an old name.

mod encoding;
mod file;
#[cfg(test)]
mod module_graph;

use std::sync::OnceLock;

use hyper::body::Bytes;
use poem::{Response, http::HeaderMap};

use crate::http::Problem;
use file::Plain;
pub use file::{File, Keeping};

include!(concat!(env!("OUT_DIR"), "/static.rs"));

/// The app's policy: its own files and nothing else; `blob:` for pictures of codes and the camera.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; \
    manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// One file of `static/`.
struct Embedded {
    path: &'static str,
    hash: &'static str,
    /// Nothing where there is a form by gzip, which gives it.
    plain: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
    inflated: OnceLock<Bytes>,
}

/// The app's one page, which every path of the app answers with; it reads the path itself.
///
/// # Errors
/// Never, as long as the binary holds `static/index.html`.
pub fn page(asked: &HeaderMap) -> Result<Response, Problem> {
    file("index.html", asked)
}

/// A file below `static/` in the form that suits the client, or 304 when it has it already.
///
/// # Errors
/// 404 for what is not there, and for files that are not the app's (documentation).
pub fn file(path: &str, asked: &HeaderMap) -> Result<Response, Problem> {
    let (keeping, path) = match path.split_once('/') {
        Some((VERSION, path)) => (Keeping::Immutable, path),
        Some((other, path)) if looks_like_a_version(other) => (Keeping::Revalidated, path),
        _ => (Keeping::Revalidated, path),
    };
    let found = FILES.binary_search_by(|file| file.path.cmp(path)).ok();
    let found = found.and_then(|at| FILES.get(at)).ok_or_else(Problem::not_found)?;
    let content_type = content_type(path).ok_or_else(Problem::not_found)?;
    let file = File {
        content_type,
        hash: found.hash.into(),
        plain: match found.plain {
            Some(bytes) => Plain::Kept(Bytes::from_static(bytes)),
            None => Plain::InGzip(&found.inflated),
        },
        gzip: found.gzip.map(Bytes::from_static),
        brotli: found.brotli.map(Bytes::from_static),
        policy: Some(POLICY),
    };
    Ok(file.answer(asked, keeping))
}

/// Where a browser finds each file that it has to keep to start the app without a network, under this version's
/// names; `/` is the page. For a service worker, which is answered with no names that may be kept longer.
pub fn precache() -> impl Iterator<Item = String> {
    let files = PRECACHE.iter().map(|path| format!("/static/{VERSION}/{path}"));
    std::iter::once("/".to_owned()).chain(files)
}

fn looks_like_a_version(segment: &str) -> bool {
    segment.len() == VERSION.len() && segment.bytes().all(|byte| byte.is_ascii_hexdigit())
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
    use std::collections::BTreeMap;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_files_are_in_the_order_in_which_they_are_looked_for_and_each_has_a_type() {
        assert!(FILES.is_sorted_by(|one, next| one.path < next.path));
        assert!(FILES.len() > 60);
        for file in &FILES {
            assert!(content_type(file.path).is_some(), "{}", file.path);
        }
    }

    #[test]
    fn what_compresses_well_is_a_third_of_itself_and_is_had_whole() {
        let (mut plain, mut gzip, mut brotli) = (0, 0, 0);
        for file in &FILES {
            let answer = self::file(file.path, &HeaderMap::new()).unwrap();
            let bytes = answer.into_body().into_bytes().now_or_never().unwrap().unwrap();
            let hash = crate::crypto::sha256(&bytes);
            let begin = u64::from_be_bytes(hash[..8].try_into().unwrap());
            assert_eq!(format!("{begin:016x}"), file.hash, "{}", file.path);
            if file.path.starts_with("docs/") {
                assert!(file.brotli.is_none(), "{}", file.path);
                continue;
            }
            assert_eq!(file.brotli.is_some(), file.gzip.is_some(), "{}", file.path);
            plain += bytes.len();
            gzip += file.gzip.map_or(bytes.len(), <[u8]>::len);
            brotli += file.brotli.map_or(bytes.len(), <[u8]>::len);
        }
        assert!(brotli < gzip && brotli * 3 < plain, "{plain} {gzip} {brotli}");
    }

    fn text(path: &str) -> String {
        let answer = file(path, &HeaderMap::new()).unwrap();
        let bytes = answer.into_body().into_bytes().now_or_never().unwrap().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// Every script below `js` and `vendor`.
    fn modules() -> BTreeMap<String, String> {
        let paths = FILES.iter().map(|file| file.path);
        let is_script = |path: &str| content_type(path).is_some_and(|it| it.contains("javascript"));
        let paths = paths.filter(|path| is_script(path) && !path.starts_with("docs/"));
        paths.map(|path| (path.to_owned(), text(path))).collect()
    }

    #[test]
    fn the_page_preloads_all_that_its_first_module_needs_to_start() {
        let page = text("index.html");
        let preload = format!("<link rel=\"modulepreload\" href=\"/static/{VERSION}/");
        let preloaded: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix(&preload)?.strip_suffix("\">"))
            .collect();
        let graph = module_graph::start_graph(&modules(), "js/main.js").unwrap();
        assert_eq!(preloaded, graph[1..]);
        assert!(preloaded.len() > 15 && preloaded.contains(&"vendor/preact/hooks.js"), "{page}");
        assert!(!preloaded.iter().any(|path| path.starts_with("js/pages/")), "{page}");
        assert!(page.contains(&format!("src=\"/static/{VERSION}/js/main.js\"")), "{page}");
        assert!(!page.contains("<!--"), "{page}");
    }

    #[test]
    fn every_module_has_its_imports_at_the_top_and_all_of_them_are_there() {
        let modules = modules();
        for (path, text) in &modules {
            let graph = module_graph::start_graph(&modules, path).unwrap();
            for line in
                text.lines().filter(|line| line.starts_with("import ") && !line.contains("import("))
            {
                let Some((_, name)) = line.split_once(" from '") else { continue };
                let name = name.split('\'').next().unwrap().rsplit('/').next().unwrap();
                assert!(graph.iter().any(|found| found.ends_with(name)), "{path}: {line}");
            }
        }
    }

    #[test]
    fn what_is_to_be_kept_for_a_start_without_a_network_is_the_whole_app() {
        let kept: Vec<_> = precache().collect();
        assert_eq!(kept[0], "/");
        for path in modules().into_keys().chain(
            ["css/base.css", "i18n/en.json", "i18n/it.json", "icon.svg", "manifest.webmanifest"]
                .map(str::to_owned),
        ) {
            assert!(kept.contains(&format!("/static/{VERSION}/{path}")), "{path}");
        }
        for url in &kept[1..] {
            let path = url.strip_prefix("/static/").unwrap();
            assert!(file(path, &HeaderMap::new()).is_ok(), "{path}");
            assert!(!path.contains("/docs/") && !path.contains(".html"), "{path}");
        }
    }

    #[test]
    fn swagger_ui_is_there_without_the_page_it_came_in() {
        let (script, style) = (text("docs/swagger-ui.js"), text("docs/swagger-ui.css"));
        assert!(script.contains("SwaggerUIBundle") && script.len() > 500_000);
        assert!(style.contains(".swagger-ui") && style.len() > 50_000);
        assert!(!script.contains("</script>") && !style.contains("</style>"));
    }

    #[test]
    fn documentation_and_paths_outside_are_not_served() {
        for path in ["README.md", "../Cargo.toml", "nothing.js", "", "vendor"] {
            assert!(file(path, &HeaderMap::new()).is_err(), "{path}");
            assert!(file(&format!("{VERSION}/{path}"), &HeaderMap::new()).is_err(), "{path}");
        }
    }
}
