//! Who a request is from when proxies stand in front, over real connections.

use reqwest::RequestBuilder;
use serde_json::json;

use crate::support::{Answer, Appliance, PASSWORD};

const BEHIND_A_PROXY: (&str, &str) = ("proxy.trusted_networks", "['127.0.0.1']");

/// A login that fails.
fn guess(app: &Appliance, name: &str) -> RequestBuilder {
    let body = json!({ "identifier": name, "password": "a wrong password" });
    app.client.post(app.url("/api/v1/auth/login")).json(&body)
}

/// The networks that the newest failed logins came from, as the audit trail has them.
async fn networks_in_the_audit(app: &Appliance, count: usize) -> Vec<String> {
    let admin = app.admin().await;
    let failed = |items: &[serde_json::Value]| -> Vec<String> {
        let failed = items.iter().filter(|item| item["action"] == "login.failure");
        failed.map(|item| item["network"].as_str().unwrap().to_owned()).collect()
    };
    let items = app.audit_until(&admin, |items| failed(items).len() >= count).await;
    failed(&items)
}

#[tokio::test]
async fn forged_headers_are_one_client() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "2")]).await;
    let mut refused = 0;
    for number in 0..20 {
        let request = guess(&app, "ada")
            .header("x-forwarded-for", format!("192.0.2.{number}"))
            .header("forwarded", format!("for=192.0.2.{number}"))
            .header("x-real-ip", format!("192.0.2.{number}"));
        refused += u32::from(app.send(request).await.status == 429);
    }
    assert!(refused >= 15, "two were looked at, whoever they said they were: {refused} refused");
    app.post("/auth/login", None, json!({ "identifier": "ada", "password": PASSWORD }))
        .await
        .expect_problem(429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn what_clients_write_before_a_trusted_proxy_adds_its_own_is_one_client() {
    for header in ["x-forwarded-for", "forwarded"] {
        let settings = [
            BEHIND_A_PROXY,
            ("proxy.header", header),
            ("rate_limit.login_failures_per_account", "2"),
        ];
        let app = Appliance::start_with(&settings).await;
        let mut refused = 0;
        for number in 0..10 {
            let value = match header {
                "forwarded" => format!("for=\"192.0.2.{number}, for=\"198.51.100.7:4711\""),
                _ => format!("192.0.2.{number}, 198.51.100.7"),
            };
            let other = if header == "forwarded" { "x-forwarded-for" } else { "forwarded" };
            let request = guess(&app, "nobody")
                .header(header, value)
                .header(other, format!("for=192.0.2.{number}"));
            refused += u32::from(app.send(request).await.status == 429);
        }
        assert!(refused >= 6, "{header}: {refused}");
        let elsewhere = match header {
            "forwarded" => "for=203.0.113.9",
            _ => "203.0.113.9",
        };
        let answer = app.send(guess(&app, "nobody").header(header, elsewhere)).await;
        answer.expect_problem(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_is_one_of_their_own_and_the_audit_names_it() {
    let settings = [BEHIND_A_PROXY, ("rate_limit.login_failures_per_account", "1")];
    let app = Appliance::start_with(&settings).await;
    let clients = ["192.0.2.1", "2001:db8:1:2:3::4", "2001:db8:1:2:5::6", "192.0.2.1, 127.0.0.1"];
    let mut statuses = Vec::new();
    for client in clients {
        let request = guess(&app, "nobody").header("x-forwarded-for", client);
        statuses.push(app.send(request).await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 429, 429], "an IPv6 /64 is one client");
    assert_eq!(networks_in_the_audit(&app, 2).await, ["2001:db8:1:2::/64", "192.0.2.1"]);
}

#[tokio::test]
async fn what_is_open_to_some_networks_is_not_open_to_all_that_come_through_the_proxy() {
    let app = Appliance::start_with(&[BEHIND_A_PROXY]).await;
    let ask = |value: Option<&'static str>| {
        let request = app.client.get(app.url("/metrics"));
        match value {
            Some(value) => app.send(request.header("x-forwarded-for", value)),
            None => app.send(request),
        }
    };
    for outside in ["192.0.2.1", "127.0.0.1, 192.0.2.1", "unknown", "_hidden", ""] {
        ask(Some(outside)).await.expect_problem(403, "NETWORK_NOT_ALLOWED");
    }
    assert_eq!(ask(None).await.status, 200, "asked from the proxy's own machine");
}

#[tokio::test]
async fn no_header_of_a_proxy_changes_where_links_lead_or_what_a_cookie_is() {
    let app = Appliance::start_with(&[BEHIND_A_PROXY]).await;
    let admin = app.admin().await;
    let event = app.event(&admin, "Corso", "static").await;
    let forwarded = |request: RequestBuilder| {
        request
            .header("x-forwarded-for", "192.0.2.1")
            .header("x-forwarded-proto", "http")
            .header("x-forwarded-host", "evil.example")
            .header("forwarded", "for=192.0.2.1;proto=http;host=evil.example")
    };
    let code = app.client.get(app.url(&format!("/api/v1/events/{event}/code")));
    let code = app.send(forwarded(code).bearer_auth(&admin.access_token)).await.expect(200);
    assert!(code["url"].as_str().unwrap().to_lowercase().starts_with("https://localhost:8443/"));
    let body = json!({ "identifier": "capo", "password": PASSWORD, "use_cookie": true });
    let login = app.client.post(app.url("/api/v1/auth/login")).json(&body);
    let login: Answer = app.send(forwarded(login)).await;
    login.expect(200);
    assert!(login.header("set-cookie").contains("Secure"), "{:?}", login.headers);
}

#[tokio::test]
async fn a_class_of_three_hundred_behind_a_proxy_is_not_held_back_by_somebody_who_guesses_elsewhere()
 {
    let settings = [BEHIND_A_PROXY, ("rate_limit.anonymous_failures_per_minute", "3")];
    let app = Appliance::start_with(&settings).await;
    for number in 0..10 {
        let request =
            guess(&app, &format!("person{number}")).header("x-forwarded-for", "192.0.2.66");
        app.send(request).await;
    }
    let refused = guess(&app, "person").header("x-forwarded-for", "192.0.2.66");
    app.send(refused).await.expect_problem(429, "RATE_LIMITED");
    let elsewhere = guess(&app, "person").header("x-forwarded-for", "198.51.100.7");
    app.send(elsewhere).await.expect_problem(401, "INVALID_CREDENTIALS");
    for _ in 0..300 {
        let request = app.client.get(app.url("/api/v1/instance"));
        app.send(request.header("x-forwarded-for", "198.51.100.7")).await.expect(200);
    }
}
