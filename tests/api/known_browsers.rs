//! Browsers that have logged in before, and what their cookies are worth.

use serde_json::json;

use crate::{
    support::{Answer, Appliance, PASSWORD},
    throttle::{guess_until_refused, try_login},
};

/// Logs in from a browser that keeps these cookies.
async fn from_browser(app: &Appliance, cookies: &str, password: &str) -> Answer {
    let body = json!({ "identifier": "ada", "password": password, "use_cookie": true });
    let request = app.client.post(app.url("/api/v1/auth/login")).json(&body);
    app.send(request.header("cookie", cookies)).await
}

/// The cookie by which a browser is known from its last login.
fn device_cookie(answer: &Answer) -> String {
    let mut cookies = answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap());
    let cookie = cookies.find(|cookie| cookie.starts_with("__Host-device=")).unwrap();
    assert!(cookie.contains("; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_stranger_who_guesses_locks_nobody_out_of_a_browser_that_is_known() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "2")]).await;
    let ada = app.person("ada").await;
    app.person("bob").await;
    let known = device_cookie(&from_browser(&app, "", PASSWORD).await);
    guess_until_refused(&app, "ada", 3).await;
    app.get("/me", Some(&ada)).await.expect(200);
    app.post("/auth/refresh", None, json!({ "refresh_token": ada.refresh_token }))
        .await
        .expect(200);
    let again = from_browser(&app, &known, PASSWORD).await;
    again.expect(200);
    assert_eq!(device_cookie(&again), known);
    try_login(&app, "ada", PASSWORD).await.expect_problem(429, "TOO_MANY_ATTEMPTS");

    // Whoever steals the cookie has no more tries than anybody, and it helps with no other account.
    for _ in 0..2 {
        from_browser(&app, &known, "a wrong password").await.expect(401);
    }
    from_browser(&app, &known, PASSWORD).await.expect_problem(429, "TOO_MANY_ATTEMPTS");
    let at_bob = |password: &str| {
        let body = json!({ "identifier": "bob", "password": password });
        let request = app.client.post(app.url("/api/v1/auth/login")).json(&body);
        app.send(request.header("cookie", &known))
    };
    for _ in 0..2 {
        try_login(&app, "bob", "a wrong password").await.expect(401);
    }
    at_bob(PASSWORD).await.expect_problem(429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn cookies_that_were_collected_are_worth_nothing_after_the_password_was_changed() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "2")]).await;
    let ada = app.person("ada").await;
    let mut cookies = Vec::new();
    for _ in 0..12 {
        cookies.push(device_cookie(&from_browser(&app, "", PASSWORD).await));
    }
    let body = json!({ "current": PASSWORD, "new": "una giraffa sul termosifone" });
    app.post("/auth/password", Some(&ada), body).await.expect(204);
    let mut looked_at = 0;
    for cookie in &cookies {
        looked_at += u32::from(from_browser(&app, cookie, PASSWORD).await.status == 401);
    }
    assert_eq!(looked_at, 2, "as many as of any stranger");
}

#[tokio::test]
async fn however_many_cookies_an_account_gave_out_they_are_ten_devices() {
    let app = Appliance::start_with(&[("rate_limit.login_failures_per_account", "1")]).await;
    app.person("ada").await;
    let mut looked_at = 0;
    for _ in 0..40 {
        let cookie = device_cookie(&from_browser(&app, "", PASSWORD).await);
        looked_at += u32::from(from_browser(&app, &cookie, "a wrong password").await.status == 401);
    }
    assert!(looked_at <= 10, "{looked_at}");
}
