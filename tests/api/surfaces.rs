//! Every surface besides the API: headers, pages, files, documentation, metrics, health.

use reqwest::Method;
use serde_json::json;

use crate::support::Appliance;

/// One path of each surface, and whether it is found.
const SURFACES: [(&str, bool); 14] = [
    ("/", true),
    ("/app/events", true),
    ("/S/000001R749JR13SHR9F0FPAAPSQ16", true),
    ("/static/js/main.js", true),
    ("/static/i18n/it.json", true),
    ("/docs", true),
    ("/docs/swagger-ui.js", true),
    ("/openapi.json", true),
    ("/metrics", true),
    ("/livez", true),
    ("/readyz", true),
    ("/health", true),
    ("/api/v1/instance", true),
    ("/nowhere", false),
];

async fn metrics(app: &Appliance) -> String {
    let answer = app.page("/metrics").await;
    assert_eq!(answer.status, 200);
    let types: Vec<_> = answer.headers.get_all("content-type").iter().collect();
    assert_eq!(types, ["text/plain; version=0.0.4"]);
    answer.text()
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let public = [("server.public_url", "https://presenze.example.org")];
    let app = Appliance::start_with(&public).await;
    for (path, found) in SURFACES {
        let answer = app.page(path).await;
        assert_eq!(answer.status.is_success(), found, "{path}");
        let exact = [
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        for (name, value) in exact {
            assert_eq!(answer.header(name), value, "{path} {name}");
        }
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
        assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1);
    }
}

#[tokio::test]
async fn browsers_are_bound_to_https_for_as_long_as_is_configured() {
    for seconds in ["0", "300"] {
        let settings = [
            ("server.public_url", "https://presenze.example.org"),
            ("server.hsts_seconds", seconds),
        ];
        let app = Appliance::start_with(&settings).await;
        let strict = app.page("/").await.header("strict-transport-security").to_owned();
        assert_eq!(strict, format!("max-age={seconds}"));
    }
}

#[tokio::test]
async fn a_browser_is_not_bound_to_https_on_its_own_machine() {
    let app = Appliance::start().await;
    for (path, _) in SURFACES {
        let answer = app.page(path).await;
        assert!(answer.headers.get("strict-transport-security").is_none(), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_json_carries_the_headers_of_pages_too() {
    let app = Appliance::start().await;
    for (path, _) in SURFACES {
        let answer = app.page(path).await;
        if answer.header("content-type").contains("json") {
            continue;
        }
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-embedder-policy"), "require-corp", "{path}");
        let permissions = answer.header("permissions-policy");
        assert!(permissions.contains("camera=(self)"), "{path}");
        assert!(permissions.contains("geolocation=()"), "{path}");
    }
}

#[tokio::test]
async fn every_policy_begins_with_nothing_and_allows_no_inline_code() {
    let app = Appliance::start().await;
    for (path, _) in SURFACES {
        let answer = app.page(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        for needed in ["frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(needed), "{path}: {policy}");
        }
        for forbidden in ["unsafe", "*", "http:", "https:"] {
            assert!(!policy.contains(forbidden), "{path}: {policy}");
        }
    }
}

#[tokio::test]
async fn what_the_api_says_is_not_kept_by_caches() {
    let app = Appliance::start().await;
    for path in ["/api/v1/instance", "/api/v1/me", "/nowhere", "/health", "/metrics"] {
        assert_eq!(app.page(path).await.header("cache-control"), "no-store", "{path}");
    }
    assert_eq!(app.page("/").await.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn pages_hold_no_inline_script_or_style() {
    let app = Appliance::start().await;
    for path in ["/", "/docs"] {
        let page = app.page(path).await.text();
        for script in page.split("<script").skip(1) {
            let (attributes, rest) = script.split_once('>').unwrap();
            assert!(attributes.contains("src="), "{path}: {attributes}");
            assert!(rest.starts_with("</script>"), "{path}: {attributes}");
        }
        for inline in ["<style", "style=", "onclick=", "onload=", "javascript:"] {
            assert!(!page.contains(inline), "{path}: {inline}");
        }
    }
}

#[tokio::test]
async fn every_path_of_the_app_answers_with_its_one_page() {
    let app = Appliance::start().await;
    let front = app.page("/").await;
    assert_eq!(front.header("content-type"), "text/html; charset=utf-8");
    for path in ["/app", "/app/", "/app/events/x", "/app/setup", "/S/ABC", "/s/abc", "/app/a.js"] {
        let page = app.page(path).await;
        assert_eq!((page.status.as_u16(), &page.bytes), (200, &front.bytes), "{path}");
    }
}

#[tokio::test]
async fn everything_that_the_pages_name_is_there() {
    let app = Appliance::start().await;
    for page in ["/", "/docs"] {
        let text = app.page(page).await.text();
        let names = text.split(['"', '\'']).filter(|part| {
            (part.starts_with("/static/") || part.starts_with("/docs/")) && part.contains('.')
        });
        let names: Vec<_> = names.collect();
        assert!(names.len() >= 3, "{page}: {names:?}");
        for name in names {
            assert_eq!(app.page(name).await.status, 200, "{name}");
        }
    }
}

#[tokio::test]
async fn a_file_that_a_client_has_is_not_sent_again() {
    let app = Appliance::start().await;
    for path in ["/static/js/main.js", "/", "/static/icon.svg"] {
        let first = app.page(path).await;
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"'), "{path}");
        let ask = |tag: &str| app.client.get(app.url(path)).header("if-none-match", tag);
        for tag in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
            let second = app.send(ask(&tag)).await;
            assert_eq!((second.status.as_u16(), second.bytes.len()), (304, 0), "{path} {tag}");
            assert_eq!(second.header("etag"), etag);
            assert_eq!(second.header("x-content-type-options"), "nosniff");
        }
        assert_eq!(app.send(ask("\"another\"")).await.status, 200);
    }
}

#[tokio::test]
async fn documentation_of_the_files_and_what_is_not_there_is_not_served() {
    let app = Appliance::start().await;
    let paths = ["README.md", "vendor/README.md", "", "js", "js/", "nothing.js", "JS/MAIN.JS"];
    for path in paths {
        let answer = app.page(&format!("/static/{path}")).await;
        answer.expect_problem(404, "NOT_FOUND");
    }
    app.page("/README.md").await.expect_problem(404, "NOT_FOUND");
    app.page("/docs/nothing.js").await.expect_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_documentation_is_a_page_of_files_and_reads_the_document() {
    let app = Appliance::start().await;
    let page = app.page("/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    let script = app.page("/docs/swagger-ui.js").await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert!(script.text().contains("SwaggerUIBundle"));
    let style = app.page("/docs/swagger-ui.css").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(app.page("/docs/start.js").await.text().contains("/openapi.json"));
    let document = app.page("/openapi.json").await;
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.json()["info"]["title"], "appliance");
}

#[tokio::test]
async fn metrics_and_documentation_are_for_their_networks_alone() {
    let settings = [
        ("access.metrics_networks", "['192.0.2.0/24']"),
        ("access.docs_networks", "['2001:db8::/32']"),
    ];
    let app = Appliance::start_with(&settings).await;
    let admin = app.admin().await;
    for path in ["/metrics", "/docs", "/docs/start.js", "/docs/swagger-ui.js", "/openapi.json"] {
        app.page(path).await.expect_problem(403, "NETWORK_NOT_ALLOWED");
        let request = app.client.get(app.url(path)).bearer_auth(&admin.access_token);
        let request = request.header("x-forwarded-for", "192.0.2.7").header("x-real-ip", "::1");
        app.send(request).await.expect_problem(403, "NETWORK_NOT_ALLOWED");
    }
    app.page("/livez").await.expect(200);
}

#[tokio::test]
async fn metrics_keep_the_names_and_labels_that_dashboards_know() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    app.scan(&admin, &code, "nonce-0001").await.expect(201);
    app.scan(&admin, &code, "nonce-0002").await.expect(200);
    app.scan(&admin, "AAAA", "nonce-0003").await.expect(404);
    let wrong = json!({ "identifier": "capo", "password": "a wrong password" });
    app.post("/auth/login", None, wrong).await.expect(401);
    app.patch(&format!("/events/{event}"), &admin, json!({ "is_active": false })).await.expect(200);
    app.advance(606);
    app.get("/me", Some(&admin)).await.expect(401);

    let text = metrics(&app).await;
    let lines = [
        r#"http_requests_total{endpoint="/api/v1/scans",method="POST",service="user",status_code="201"} 1"#,
        r#"http_requests_total{endpoint="/api/v1/auth/login",method="POST",service="auth",status_code="401"} 1"#,
        r#"http_requests_total{endpoint="/api/v1/setup",method="POST",service="auth",status_code="201"} 1"#,
        r#"http_request_duration_seconds_count{endpoint="/api/v1/scans",method="POST",service="user"} 3"#,
        r#"gateway_proxy_requests_total{status_code="201",target_service="user"} 2"#,
        r#"auth_attempts_total{service="auth",status="success"} 1"#,
        r#"auth_attempts_total{service="auth",status="failure"} 1"#,
        r#"jwt_validation_total{service="gateway",status="expired"} 1"#,
        r#"qr_scans_total{service="user",status="recorded"} 1"#,
        r#"qr_scans_total{service="user",status="already_recorded"} 1"#,
        r#"qr_scans_total{service="user",status="CODE_INVALID"} 1"#,
        r#"qr_events_total{service="user",status="created"} 1"#,
        r#"qr_events_total{service="user",status="deactivated"} 1"#,
        r#"active_users_total{service="auth"} 1"#,
        r#"attendance_events_active{service="user"} 0"#,
        r#"appliance_build_info{version="0.1.0"} 1"#,
    ];
    for line in lines {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let names = [
        "appliance_commit_batch_size_count{database=\"auth\"}",
        "appliance_commit_duration_seconds_count{database=\"user\"}",
        "appliance_write_queue_depth{database=\"social_log\"}",
        "appliance_outbox_events{database=\"auth\"}",
        "appliance_connections ",
        "jwt_validation_total{service=\"gateway\",status=\"valid\"}",
    ];
    for name in names {
        assert!(text.lines().any(|found| found.starts_with(name)), "{name}\n{text}");
    }
}

#[tokio::test]
async fn metrics_name_templates_and_never_what_somebody_asked_for() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    for path in ["", "/code", "/attendance"] {
        app.get(&format!("/events/{event}{path}"), Some(&admin)).await.expect(200);
    }
    for path in ["/S/SECRETCODE", "/app/secretpage", "/secretpath", "/static/secret.js"] {
        app.page(path).await;
    }
    app.get("/users/77/secret", Some(&admin)).await;
    let invented = Method::from_bytes(b"SECRETMETHOD").unwrap();
    app.send(app.client.request(invented, app.url("/livez"))).await;

    let text = metrics(&app).await.to_lowercase();
    assert!(!text.contains("secret") && !text.contains(&event), "{text}");
    let templates = [
        "/api/v1/events/:event_id\"",
        "/api/v1/events/:event_id/code\"",
        "/s/:code\"",
        "\"unmatched\"",
        "method=\"other\"",
    ];
    for template in templates {
        assert!(text.contains(template), "{template}\n{text}");
    }
}

#[tokio::test]
async fn health_is_told_to_anyone() {
    let app = Appliance::start().await;
    assert_eq!(app.page("/livez").await.expect(200), json!({ "status": "alive" }));
    let ready = json!({
        "status": "ready", "draining": false,
        "stores": { "auth": true, "user": true, "social_log": true },
        "space": "ample", "writes": "accepted",
        "certificate": { "state": "current", "expires_at": "2029-02-25T00:00:00.000Z" },
        "backup": { "state": "none", "last_at": null, "failed_at": null, "from_the_future": 0 },
    });
    assert_eq!(app.page("/readyz").await.expect(200), ready);
    // One that has ended is told, and takes nobody out of service.
    app.advance(900 * 86_400);
    let late = app.page("/readyz").await.expect(200);
    assert_eq!(late["certificate"]["state"], "expired");
    app.advance(-900 * 86_400);
    let health = json!({
        "status": "healthy", "service": "gateway", "version": env!("CARGO_PKG_VERSION"),
        "timestamp": "2026-11-23T07:00:00.000Z",
    });
    assert_eq!(app.page("/health").await.expect(200), health);
}
