//! The one error body, for everything that can be wrong with a request, in both languages.

use std::{collections::HashMap, sync::Arc};

use appliance::{
    config::{Config, ConfigSources},
    gateway::{Gateway, Parts, Settings},
    http::{Authenticator, ClientNetwork, Display, Principal, Problem},
    limit::Policy,
    telemetry::Metrics,
};
use poem::{Endpoint, endpoint::make_sync};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, Appliance,
    wire::{PATIENCE, Wire},
};

const MIB: usize = 1 << 20;

async fn ask(app: &Appliance, method: Method, path: &str, language: &str) -> Answer {
    let request = app.client.request(method, app.url(path));
    app.send(request.header("accept-language", language)).await
}

#[tokio::test]
async fn a_problem_has_every_member_and_names_the_path_and_the_request() {
    let app = Appliance::start().await;
    let answer = ask(&app, Method::GET, "/api/v1/nowhere?secret=x", "en").await;
    let problem = answer.expect_problem(404, "NOT_FOUND");
    let expected = json!({
        "type": "urn:appliance:problem:NOT_FOUND",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address.",
        "error": "There is nothing at this address.",
        "instance": "/api/v1/nowhere",
        "code": "NOT_FOUND",
        "request_id": answer.header("x-request-id"),
        "errors": [],
    });
    assert_eq!(problem, expected);
    assert_eq!(answer.header("x-request-id").len(), 32);
    let other = ask(&app, Method::GET, "/api/v1/nowhere", "en").await;
    assert_ne!(other.header("x-request-id"), answer.header("x-request-id"));
}

#[tokio::test]
async fn every_kind_of_refusal_exists_in_both_languages() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "1")]).await;
    let login = json!({ "identifier": "nobody", "password": "a wrong password" });
    app.post("/auth/login", None, login.clone()).await.expect(401);
    let get = |path: &str| app.client.get(app.url(path));
    let post = || app.client.post(app.url("/api/v1/auth/login"));
    let large = vec![b' '; 2 * MIB];
    let requests = [
        (get("/nowhere"), 404, "NOT_FOUND"),
        (get("/api/v1/me"), 401, "TOKEN_MISSING"),
        (get("/api/v1/me").bearer_auth("x"), 401, "TOKEN_INVALID"),
        (app.client.delete(app.url("/api/v1/instance")), 405, "METHOD_NOT_ALLOWED"),
        (post().header("content-type", "text/plain").body("{}"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (post().header("content-type", "application/json").body("{"), 400, "MALFORMED_JSON"),
        (post().json(&json!({})), 422, "VALIDATION_FAILED"),
        (post().json(&login), 429, "TOO_MANY_ATTEMPTS"),
        (post().header("content-type", "application/json").body(large), 413, "BODY_TOO_LARGE"),
    ];
    for (request, status, code) in requests {
        let mut details = Vec::new();
        for language in ["en", "it"] {
            let request = request.try_clone().unwrap().header("accept-language", language);
            let answer = app.send(request).await;
            let problem = answer.expect_problem(status, code);
            assert_eq!(answer.header("content-language"), language);
            details.push(problem["detail"].clone());
        }
        assert_ne!(details[0], details[1], "{code}");
    }
}

#[tokio::test]
async fn an_unknown_method_is_answered_with_those_that_are_known() {
    let app = Appliance::start().await;
    let cases = [
        (Method::DELETE, "/api/v1/auth/login", "POST"),
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::PUT, "/api/v1/instance", "GET, HEAD"),
        (Method::PUT, "/api/v1/me", "GET, HEAD, PATCH"),
        (Method::POST, "/api/v1/events/x", "DELETE, GET, HEAD, PATCH"),
        (Method::DELETE, "/api/v1/users/1/role", "PUT"),
        (Method::PUT, "/api/v1/users", "GET, HEAD, POST"),
        (Method::POST, "/livez", "GET, HEAD"),
        (Method::POST, "/", "GET, HEAD"),
        (Method::DELETE, "/static/js/main.js", "GET, HEAD"),
        (Method::OPTIONS, "/api/v1/instance", "GET, HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/api/v1/instance", "GET, HEAD"),
    ];
    for (method, path, allow) in cases {
        let answer = ask(&app, method.clone(), path, "en").await;
        answer.expect_problem(405, "METHOD_NOT_ALLOWED");
        let mut allowed: Vec<_> = answer.header("allow").split(", ").collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(", "), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn a_head_is_answered_like_a_get_without_its_body() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    for path in ["/", "/static/js/main.js", "/livez", "/openapi.json", "/api/v1/me", "/docs"] {
        let ask = |method| app.client.request(method, app.url(path)).bearer_auth(&ada.access_token);
        let (get, head) = (app.send(ask(Method::GET)).await, app.send(ask(Method::HEAD)).await);
        assert_eq!((head.status.as_u16(), head.bytes.len()), (200, 0), "{path}");
        assert!(!get.bytes.is_empty());
        for name in ["content-type", "etag", "content-security-policy", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
    let missing = ask(&app, Method::HEAD, "/nowhere", "en").await;
    assert_eq!((missing.status.as_u16(), missing.bytes.len()), (404, 0));
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_refused_before_it_comes() {
    let app = Appliance::start().await;
    let mut wire = Wire::open(&app).await.unwrap();
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        2 * MIB
    );
    wire.send(head).await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.json()["code"].clone()), (413, "BODY_TOO_LARGE".into()));
}

#[tokio::test]
async fn a_body_that_announces_nothing_is_cut_off_where_it_becomes_too_large() {
    let app = Appliance::start().await;
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
    )
    .await;
    wire.send(format!("{:x}\r\n{}\r\n1\r\n \r\n", MIB, " ".repeat(MIB))).await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.json()["code"].clone()), (413, "BODY_TOO_LARGE".into()));
}

#[tokio::test]
async fn a_stream_of_two_mib_over_http_2_is_told_that_it_is_too_large() {
    let app = Appliance::start().await;
    let chunks = (0..32).map(|_| Ok::<_, std::io::Error>(vec![b' '; MIB / 16]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let request = app.client.post(app.url("/api/v1/auth/login"));
    let answer = app.send(request.header("content-type", "application/json").body(body)).await;
    answer.expect_problem(413, "BODY_TOO_LARGE");
}

#[tokio::test]
async fn a_body_as_large_as_allowed_is_read() {
    let app = Appliance::start_with(&[("limits.credentials_body_bytes", "100")]).await;
    let body = format!("{:100}", r#"{"identifier":"nobody","password":"wrong"}"#);
    let answer = app.post_bytes("/auth/login", None, "application/json", body.clone()).await;
    answer.expect_problem(401, "INVALID_CREDENTIALS");
    let answer = app.post_bytes("/auth/login", None, "application/json", body + " ").await;
    answer.expect_problem(413, "BODY_TOO_LARGE");
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused_and_parameters_of_the_right_one_are_not() {
    let app = Appliance::start().await;
    let body = r#"{"identifier":"nobody","password":"wrong"}"#;
    let kinds =
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", "json"];
    for kind in kinds {
        let answer = app.post_bytes("/auth/login", None, kind, body).await;
        answer.expect_problem(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let request = app.client.post(app.url("/api/v1/auth/login")).body(body);
    app.send(request).await.expect_problem(415, "UNSUPPORTED_MEDIA_TYPE");
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/json;v=1"] {
        let answer = app.post_bytes("/auth/login", None, kind, body).await;
        answer.expect_problem(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn odd_paths_and_queries_are_refused_in_the_same_form() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let cases = [
        ("/api/v1/events/%FF", 400, "INVALID_PARAMETER"),
        ("/api/v1/events/%00", 404, "EVENT_NOT_FOUND"),
        ("/api/v1/events/%2e%2e%2fusers", 404, "EVENT_NOT_FOUND"),
        ("/api/v1/events?limit=-1", 400, "INVALID_PARAMETER"),
        ("/api/v1/events?limit=x", 400, "INVALID_PARAMETER"),
        ("/api/v1/events?limit=99999999999999999999", 400, "INVALID_PARAMETER"),
        ("/api/v1/audit?from=yesterday", 400, "INVALID_PARAMETER"),
        ("/api/v1/events?cursor=%FF%00", 400, "CURSOR_INVALID"),
        ("/api/v1/api/v1/instance", 404, "NOT_FOUND"),
        ("/api/v2/instance", 404, "NOT_FOUND"),
        ("/static/../Cargo.toml", 404, "NOT_FOUND"),
        ("/static/%2e%2e/Cargo.toml", 404, "NOT_FOUND"),
        ("/docs/..%2findex.html", 404, "NOT_FOUND"),
    ];
    for (path, status, code) in cases {
        let answer = app.send(app.client.get(app.url(path)).bearer_auth(&admin.access_token)).await;
        answer.expect_problem(status, code);
    }
    let answer = app.get("/events?limit=-1", Some(&admin)).await;
    assert_eq!(answer.json()["errors"][0]["field"], "limit");
    let answer = app.get("/events/%FF", Some(&admin)).await;
    assert_eq!(answer.json()["errors"][0]["field"], "event_id");
}

/// Nobody is signed in here.
struct Nobody;

impl Authenticator for Nobody {
    fn session(&self, _: &str) -> Result<Arc<Principal>, Problem> {
        Err(Problem::internal("nobody is signed in"))
    }

    fn api_key(&self, _: &str, _: ClientNetwork) -> Result<Arc<Principal>, Problem> {
        Err(Problem::internal("nobody has a key"))
    }

    fn display(&self, _: &str) -> Result<Arc<Display>, Problem> {
        Err(Problem::internal("there is no screen"))
    }
}

async fn behind_a_gateway(
    language: &str,
    handler: impl Fn() -> poem::Result<poem::Response> + Send + Sync + 'static,
) -> (poem::Response, String) {
    let config = Config::load(&ConfigSources::default()).unwrap();
    let metrics = Metrics::new().unwrap();
    let settings = Settings::new(
        &config.cors,
        &config.server,
        &config.proxy,
        &config.rate_limit,
        &config.limits,
        vec![],
        false,
        Arc::new(Nobody),
        metrics.clone(),
        Parts(vec![]),
        HashMap::new(),
        |_, _| Policy::SignedIn,
        appliance::clock::Clock::system(),
    );
    let gateway = Gateway::new(make_sync(move |_| handler()), Arc::new(settings));
    let request = poem::Request::builder().uri_str("/broken").header("accept-language", language);
    let response = gateway.call(request.finish()).await.unwrap();
    (response, metrics.render().unwrap())
}

#[tokio::test]
async fn a_failure_of_ours_tells_the_client_nothing_but_its_number() {
    let words = [
        ("en", "Something went wrong on our side. Nothing you sent is at fault."),
        ("it", "Qualcosa è andato storto da parte nostra. Non dipende da ciò che hai inviato."),
    ];
    for (language, detail) in words {
        let failing = || Err(Problem::internal("the disk says secret").into());
        let (mut response, metrics) = behind_a_gateway(language, failing).await;
        assert_eq!(response.status(), 500);
        let text = response.take_body().into_string().await.unwrap();
        assert!(!text.contains("secret"), "{text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["code"], "INTERNAL");
        assert_eq!(problem["detail"], detail);
        assert_eq!(problem["title"], "Internal Server Error");
        assert_eq!(problem["instance"], "/broken");
        assert_eq!(problem["request_id"], response.header("x-request-id").unwrap());
        assert!(
            metrics.contains(r#"system_errors_total{error_type="internal",service="gateway"} 1"#)
        );
    }
}

#[tokio::test]
async fn a_panic_is_answered_like_any_other_failure_of_ours() {
    let (mut response, metrics) = behind_a_gateway("en", || panic!("secret")).await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.content_type(), Some("application/problem+json; charset=utf-8"));
    assert!(response.header("content-security-policy").is_some());
    let text = response.take_body().into_string().await.unwrap();
    assert!(text.contains("INTERNAL") && !text.contains("secret"), "{text}");
    assert!(metrics.contains(r#"system_errors_total{error_type="panic",service="gateway"} 1"#));
}

#[tokio::test]
async fn a_request_that_is_no_http_is_refused_without_an_answer_of_ours() {
    let app = Appliance::start().await;
    let mut wire = Wire::open(&app).await.unwrap();
    wire.send("\0\0 what is this\r\n\r\n").await;
    let said = wire.closed().await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
    let alive = tokio::time::timeout(PATIENCE, app.page("/livez")).await.unwrap();
    alive.expect(200);
}
