//! The files of the web app: in which form they come, and for how long they may be kept.

use std::io::Read as _;

use crate::support::{Answer, Appliance};

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

async fn in_form(app: &Appliance, path: &str, accept: &str) -> Answer {
    app.send(app.client.get(app.url(path)).header("accept-encoding", accept)).await
}

/// The path below which this version's files are, as the page says it.
async fn versioned(app: &Appliance) -> String {
    let page = app.page("/").await.text();
    let (_, rest) = page.split_once("src=\"/static/").unwrap();
    format!("/static/{}/", rest.split('/').next().unwrap())
}

#[tokio::test]
async fn a_file_comes_in_the_smallest_form_that_the_client_takes() {
    let app = Appliance::start().await;
    for path in ["/static/js/main.js", "/static/css/base.css", "/static/i18n/it.json"] {
        let plain = app.page(path).await;
        assert!(plain.headers.get("content-encoding").is_none());
        let gzip = in_form(&app, path, "gzip, deflate").await;
        assert_eq!(gzip.header("content-encoding"), "gzip", "{path}");
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*gzip.bytes).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain.bytes, "{path}");
        let brotli = in_form(&app, path, "gzip, deflate, br, zstd").await;
        assert_eq!(brotli.header("content-encoding"), "br", "{path}");
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &*brotli.bytes, &mut unpacked).unwrap();
        assert!(unpacked == plain.bytes, "{path}");
        assert!(brotli.bytes.len() < gzip.bytes.len() && gzip.bytes.len() < plain.bytes.len());
        let mut tags = Vec::new();
        for answer in [&plain, &gzip, &brotli] {
            assert_eq!(answer.header("vary"), "Accept-Encoding", "{path}");
            assert_eq!(answer.header("content-type"), plain.header("content-type"), "{path}");
            tags.push(answer.header("etag"));
        }
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    }
}

#[tokio::test]
async fn a_page_is_never_compressed() {
    let app = Appliance::start().await;
    for path in ["/", "/app/events", "/S/NOTHING", "/docs"] {
        let answer = in_form(&app, path, "gzip, deflate, br, zstd").await;
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.headers.get("content-encoding").is_none(), "{path}");
    }
}

#[tokio::test]
async fn a_form_that_a_client_has_is_not_sent_again_and_another_is() {
    let app = Appliance::start().await;
    let path = "/static/js/main.js";
    let brotli = in_form(&app, path, "br").await;
    let ask = |accept: &'static str| {
        let request = app.client.get(app.url(path)).header("if-none-match", brotli.header("etag"));
        app.send(request.header("accept-encoding", accept))
    };
    let again = ask("br").await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    assert_eq!(again.header("vary"), "Accept-Encoding");
    assert_eq!(again.header("etag"), brotli.header("etag"));
    assert_eq!(ask("gzip").await.status, 200);
}

#[tokio::test]
async fn what_the_page_names_may_be_kept_for_ever_and_the_page_not() {
    let app = Appliance::start().await;
    for path in ["/", "/app/events", "/docs"] {
        assert_eq!(app.page(path).await.header("cache-control"), ASK_AGAIN, "{path}");
    }
    for page in ["/", "/docs"] {
        let text = app.page(page).await.text();
        let names: Vec<_> = text
            .split('"')
            .filter(|part| part.starts_with("/static/"))
            .map(str::to_owned)
            .collect();
        assert!(!names.is_empty(), "{page}");
        for name in names {
            let answer = app.page(&name).await;
            assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, FOR_EVER));
        }
    }
}

#[tokio::test]
async fn modules_pass_the_version_on_by_relative_names_alone() {
    let app = Appliance::start().await;
    let base = versioned(&app).await;
    let mut waiting = vec![format!("{base}js/main.js")];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = app.page(&path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("cache-control")),
            (200, FOR_EVER),
            "{path}"
        );
        let text = answer.text();
        assert!(!text.contains("'/static/") && !text.contains("\"/static/"), "{path}");
        let url = reqwest::Url::parse(&app.url(&path)).unwrap();
        for name in
            text.split(['\'', '"']).filter(|part| part.starts_with("./") || part.starts_with("../"))
        {
            if std::path::Path::new(name).extension().is_some_and(|end| end == "js") {
                waiting.push(url.join(name).unwrap().path().to_owned());
            }
        }
    }
    assert!(seen.len() > 50, "{}", seen.len());
    assert!(seen.iter().any(|path| path.ends_with("vendor/qr/decode.js")), "lazy ones too");
}

#[tokio::test]
async fn a_page_from_before_an_upgrade_goes_on_and_no_cache_keeps_new_files_under_old_names() {
    let app = Appliance::start().await;
    for path in ["/static/js/main.js", "/static/0123456789abcdef/js/main.js"] {
        let answer = app.page(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("cache-control")),
            (200, ASK_AGAIN),
            "{path}"
        );
    }
    for path in ["/static/0123456789abcde/js/main.js", "/static/0123456789abcdef/nothing.js"] {
        app.page(path).await.expect_problem(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn what_the_api_answers_is_never_compressed() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    for number in 0..20 {
        app.event(&admin, &format!("Corso {number}"), "static").await;
    }
    for path in ["/api/v1/events", "/api/v1/instance", "/api/v1/audit", "/metrics"] {
        let request = app.client.get(app.url(path)).bearer_auth(&admin.access_token);
        let answer = app.send(request.header("accept-encoding", "gzip, deflate, br, zstd")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.headers.get("content-encoding").is_none(), "{path}");
    }
}

#[tokio::test]
async fn the_documentation_is_compressed_too() {
    let app = Appliance::start().await;
    for path in ["/docs/swagger-ui.js", "/docs/swagger-ui.css", "/openapi.json"] {
        let (plain, gzip) = (app.page(path).await, in_form(&app, path, "gzip").await);
        assert_eq!(gzip.header("content-encoding"), "gzip", "{path}");
        assert!(gzip.bytes.len() * 2 < plain.bytes.len(), "{path}");
        let request = app.client.get(app.url(path)).header("if-none-match", plain.header("etag"));
        assert_eq!(app.send(request).await.status, 304, "{path}");
    }
}
