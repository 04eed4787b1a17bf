//! Pages of other sites: none by default, those of listed origins, and none of them with a cookie.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Appliance, PASSWORD};

async fn from_origin(app: &Appliance, method: Method, origin: &str) -> Answer {
    let request = app.client.request(method.clone(), app.url("/api/v1/auth/login"));
    let mut request = request.header("origin", origin);
    if method == Method::OPTIONS {
        request = request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
    } else {
        request = request.json(&json!({ "identifier": "nobody", "password": PASSWORD }));
    }
    app.send(request).await
}

fn cors_headers(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(reqwest::header::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn no_other_site_may_call_by_default() {
    let app = Appliance::start().await;
    for method in [Method::OPTIONS, Method::POST] {
        for origin in ["https://example.org", "null", &app.url("")] {
            let answer = from_origin(&app, method.clone(), origin).await;
            assert!(cors_headers(&answer).is_empty(), "{method} {origin}: {:?}", answer.headers);
            let expected = if method == Method::OPTIONS { 405 } else { 401 };
            assert_eq!(answer.status.as_u16(), expected, "handled like any other request");
        }
    }
}

#[tokio::test]
async fn a_listed_origin_may_call_without_cookies_and_no_other_may() {
    let settings = [("cors.allowed_origins", "['https://a.example', 'http://b.example:81']")];
    let app = Appliance::start_with(&settings).await;
    for origin in ["https://a.example", "http://b.example:81"] {
        let preflight = from_origin(&app, Method::OPTIONS, origin).await;
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-max-age"), "7200", "asked once in two hours");
        assert_eq!(preflight.header("access-control-allow-origin"), origin);
        let methods = preflight.header("access-control-allow-methods");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(methods.split(", ").any(|allowed| allowed == method), "{methods}");
        }
        let headers = preflight.header("access-control-allow-headers");
        for header in ["authorization", "content-type", "idempotency-key"] {
            assert!(headers.split(", ").any(|allowed| allowed == header), "{headers}");
        }
        let answer = from_origin(&app, Method::POST, origin).await;
        answer.expect_problem(401, "INVALID_CREDENTIALS");
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        let exposed = answer.header("access-control-expose-headers");
        for header in ["x-request-id", "retry-after", "ratelimit", "ratelimit-policy"] {
            assert!(exposed.split(", ").any(|name| name == header), "{header}: {exposed}");
        }
        for answer in [preflight, answer] {
            assert!(answer.header("vary").contains("Origin"));
            assert!(answer.headers.get("access-control-allow-credentials").is_none());
        }
    }
    let strangers = ["https://a.example:444", "http://a.example", "https://A.example", "null", "*"];
    for origin in strangers.into_iter().chain(["https://a.example.evil.example"]) {
        for method in [Method::OPTIONS, Method::POST] {
            let answer = from_origin(&app, method, origin).await;
            assert!(cors_headers(&answer).is_empty(), "{origin}: {:?}", answer.headers);
            assert!(answer.header("vary").contains("Origin"), "a cache must tell them apart");
        }
    }
}

#[tokio::test]
async fn a_listed_origin_keeps_the_vary_of_the_answer() {
    let app = Appliance::start_with(&[("cors.allowed_origins", "['https://a.example']")]).await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let request = app.client.get(app.url(&format!("/api/v1/events/{event}/code")));
    let request = request.bearer_auth(&admin.access_token).header("origin", "https://a.example");
    let answer = app.send(request).await;
    let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert_eq!(vary, ["Accept", "Origin"]);
    assert_eq!(answer.expect(200)["url"].as_str().map(str::is_empty), Some(false));
    assert_ne!(answer.json(), Value::Null);
}

#[tokio::test]
async fn what_caches_keep_for_one_origin_is_never_given_to_another() {
    let app = Appliance::start_with(&[("cors.allowed_origins", "['https://a.example']")]).await;
    for path in ["/api/v1/instance", "/api/v1/me", "/", "/livez", "/static/js/main.js", "/nowhere"]
    {
        let answer = app.page(path).await;
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|value| *value == "Origin"), "{path}, asked without one: {vary:?}");
        assert!(cors_headers(&answer).is_empty(), "{path}");
    }
    let app = Appliance::start().await;
    assert!(app.page("/api/v1/instance").await.headers.get("vary").is_none());
}
