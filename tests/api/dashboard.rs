//! Watching: figures that are real, and only for administrators.

use serde_json::{Value, json};

use crate::support::{Appliance, Person};

const VIEWS: [&str; 5] = ["health", "security", "insights", "series?metric=connections", "logs"];

async fn view(app: &Appliance, admin: &Person, view: &str) -> Value {
    app.get(&format!("/dashboard/{view}"), Some(admin)).await.expect(200)
}

/// Health, once the first sample was taken.
async fn sampled_health(app: &Appliance, admin: &Person) -> Value {
    for _ in 0..600 {
        let health = view(app, admin, "health").await;
        if !health["sampled_at"].is_null() {
            return health;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no sample was ever taken");
}

async fn fail_to_log_in(app: &Appliance, times: usize) {
    for _ in 0..times {
        let body = json!({ "identifier": "nobody", "password": "wrong" });
        app.post("/auth/login", None, body).await.expect_problem(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn the_views_are_for_administrators_alone() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let staff = app.person_as(&admin, "sara", "staff").await;
    for view in VIEWS {
        let path = format!("/dashboard/{view}");
        app.get(&path, None).await.expect_problem(401, "TOKEN_MISSING");
        app.get(&path, Some(&staff)).await.expect_problem(403, "FORBIDDEN");
        app.get(&path, Some(&admin)).await.expect(200);
    }
}

#[tokio::test]
async fn health_tells_of_machine_process_parts_and_databases_or_says_null() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let health = sampled_health(&app, &admin).await;
    assert!(["ok", "attention", "alarm"].contains(&health["level"].as_str().unwrap()));
    for figure in ["memory_used_bytes", "memory_total_bytes", "disk_free_bytes", "uptime_seconds"] {
        assert!(health["machine"][figure].as_f64().unwrap() > 0.0, "{figure}: {health}");
    }
    let cpu = health["machine"]["cpu_percent"].as_f64().unwrap();
    assert!((0.0..=100.0).contains(&cpu), "{cpu}");
    assert!(health["process"]["memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert_eq!(health["backup"], json!({ "last_at": null, "age_seconds": null }));

    let names = |list: &Value| -> Vec<String> {
        let items = list.as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&health["parts"]), ["gateway", "auth", "user", "social-log", "dashboard"]);
    assert_eq!(names(&health["stores"]), ["auth", "user", "social_log"]);
    let auth = &health["parts"][1];
    assert!(auth["since_start"]["requests"].as_u64().unwrap() >= 2, "{auth}");
    assert!(auth["since_start"]["latency"]["p95_seconds"].as_f64().unwrap() > 0.0);
    let nobody_asked = &health["parts"][3];
    let none = json!({ "p50_seconds": null, "p95_seconds": null, "p99_seconds": null });
    assert_eq!(nobody_asked["since_start"]["latency"], none);
    let store = &health["stores"][0];
    let length = std::fs::metadata(app.data.path().join("auth.redb")).unwrap().len();
    assert_eq!((&store["status"], &store["file_bytes"]), (&json!("up"), &json!(length)));
    assert!(store["commits"].as_u64().unwrap() >= 2);
    assert_eq!(health["stores"][2]["outbox_events"], Value::Null);
}

#[tokio::test]
async fn the_end_of_the_certificate_is_its_own_and_worth_a_look_when_it_is_near() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let health = view(&app, &admin, "health").await;
    assert_eq!(health["certificate"]["expires_at"], "2029-02-25T00:00:00.000Z");
    assert_eq!(health["certificate"]["days_left"], 824);
    let metrics = app.page("/metrics").await.text();
    let gauge = "appliance_certificate_expires_timestamp_seconds{listener=\"https\"} 1866672000";
    assert!(metrics.contains(gauge), "{metrics}");
    app.advance(820 * 86_400);
    let admin = app.login("capo@example.org").await;
    let health = view(&app, &admin, "health").await;
    assert_eq!(health["certificate"]["days_left"], 4);
    let codes: Vec<_> =
        health["findings"].as_array().unwrap().iter().map(|found| &found["code"]).collect();
    assert!(codes.contains(&&json!("CERTIFICATE_EXPIRES")), "{codes:?}");
}

#[tokio::test]
async fn failed_logins_are_counted_from_the_audit_trail_and_raise_the_level() {
    let app = Appliance::start_with(&[("rate_limit.enabled", "false")]).await;
    let admin = app.admin().await;
    let before = view(&app, &admin, "security").await;
    assert_eq!((&before["level"], &before["findings"]), (&json!("ok"), &json!([])));
    assert_eq!(before["administrators"], 1);
    assert!(!before["rule"].as_str().unwrap().is_empty());

    app.advance(3 * 3_600);
    fail_to_log_in(&app, 3).await;
    app.advance(2 * 3_600);
    fail_to_log_in(&app, 21).await;
    let admin = app.login("capo@example.org").await;
    app.audit_until(&admin, |entries| {
        let count = |action| entries.iter().filter(|entry| entry["action"] == action).count();
        (count("login.success"), count("login.failure")) == (2, 24)
    })
    .await;
    app.advance(10);
    let after = view(&app, &admin, "security").await;
    assert_eq!(after["logins_last_hour"], json!({ "succeeded": 1, "failed": 21 }));
    assert_eq!(after["logins_last_day"], json!({ "succeeded": 2, "failed": 24 }));
    assert_eq!(after["attempts_since_start"]["failed"], 24);
    assert_eq!(after["level"], "attention");
    assert_eq!(after["findings"][0]["code"], "LOGINS_FAIL");
    let italian = app.client.get(app.url("/api/v1/dashboard/security"));
    let italian = italian.bearer_auth(&admin.access_token).header("accept-language", "it");
    let italian = app.send(italian).await.expect(200);
    assert!(italian["findings"][0]["text"].as_str().unwrap().contains("accessi sono falliti"));
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_is_seen() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let student = app.person("eva").await;
    let refresh =
        || app.post("/auth/refresh", None, json!({ "refresh_token": student.refresh_token }));
    refresh().await.expect(200);
    app.advance(60);
    refresh().await.expect_problem(401, "REFRESH_REUSED");
    app.audit_until(&admin, |entries| {
        entries.iter().any(|entry| entry["action"] == "session.refresh_reused")
    })
    .await;
    let security = view(&app, &admin, "security").await;
    assert_eq!(security["refresh_reuse"], json!({ "last_hour": 1, "last_day": 1 }));
    assert_eq!(security["findings"][0]["code"], "REFRESH_TOKEN_REUSED");
    assert_eq!((&security["accounts"], &security["open_sessions"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn insights_count_scans_by_the_hour_with_people_and_events() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    for name in ["eva", "ugo"] {
        let student = app.person(name).await;
        app.scan(&student, &code, "nonce-one").await.expect(201);
    }
    let body = json!({
        "social": "instagram", "timestamp": "2026-11-23T07:00:00Z", "content": "x", "status": "published",
    });
    app.post("/social/logs", Some(&admin), body).await.expect(201);
    let insights = view(&app, &admin, "insights").await;
    let scans = &insights["scans"];
    assert_eq!(
        (&scans["today"], &scans["last_7_days"], &scans["people"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!(
        (&scans["today_by_hour"][8], &insights["timezone"]),
        (&json!(2), &json!("Europe/Rome"))
    );
    assert_eq!(scans["peak_hours"], json!([{ "hour": 8, "scans": 2 }]));
    assert_eq!(scans["by_day"][6], json!({ "date": "2026-11-23", "scans": 2 }));
    assert_eq!(scans["most_active"][0]["name"], "eva");
    assert_eq!(
        (&scans["top_events"][0]["event_id"], &insights["open_events"]),
        (&json!(event), &json!(1))
    );
    assert_eq!(insights["social_logs_by_status"], json!([{ "name": "published", "count": 1 }]));
    assert_eq!(insights["scan_outcomes"], json!([{ "name": "recorded", "count": 2 }]));
    let endpoints = insights["endpoints"].as_array().unwrap();
    let scans = endpoints.iter().find(|route| route["endpoint"] == "/api/v1/scans").unwrap();
    assert_eq!((&scans["method"], &scans["service"]), (&json!("POST"), &json!("user")));
    assert_eq!(
        (&scans["since_start"]["requests"], &scans["recent"]["requests"]),
        (&json!(2), &json!(2))
    );
}

#[tokio::test]
async fn figures_over_time_come_in_steps_and_unknown_ones_are_named() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    sampled_health(&app, &admin).await;
    let path = "series?metric=process_memory_bytes,requests_per_second&to=2026-11-23T07:00:10Z\
                &from=2026-11-23T06:59:00Z&step=10";
    let series = view(&app, &admin, path).await;
    assert_eq!(
        (&series["step_seconds"], &series["from"]),
        (&json!(10), &json!("2026-11-23T06:59:00.000Z"))
    );
    let memory = &series["metrics"][0];
    assert_eq!(
        (&memory["metric"], &memory["unit"]),
        (&json!("process_memory_bytes"), &json!("bytes"))
    );
    let means = memory["mean"].as_array().unwrap();
    assert_eq!(means.len(), 7);
    assert!(means[..6].iter().all(Value::is_null), "nobody watched yet");
    assert!(means[6].as_f64().unwrap() > 1e6);

    let unknown = app.get("/dashboard/series?metric=moon", Some(&admin)).await;
    let problem = unknown.expect_problem(400, "METRIC_UNKNOWN");
    assert!(problem["detail"].as_str().unwrap().contains("process_memory_bytes"));
    assert_eq!(problem["errors"][0]["field"], "metric");
    let backwards = "/dashboard/series?metric=connections&from=2027-01-01T00:00:00Z";
    app.get(backwards, Some(&admin)).await.expect_problem(422, "VALIDATION_FAILED");
    let fine = "/dashboard/series?metric=connections&step=0";
    app.get(fine, Some(&admin)).await.expect_problem(422, "VALIDATION_FAILED");
}

#[tokio::test]
async fn the_month_on_the_disk_outlives_a_restart() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    sampled_health(&app, &admin).await;
    let clock = app.clock.clone();
    let data = app.stop().await;
    let app = Appliance::start_in(data, clock, &[]).await;
    let admin = app.login(&admin.email).await;
    let path = "series?metric=process_memory_bytes&from=2026-11-23T07:00:00Z&to=2026-11-23T07:10:00Z&step=600";
    let series = view(&app, &admin, path).await;
    assert!(series["metrics"][0]["mean"][0].as_f64().unwrap() > 1e6, "{series}");
}
