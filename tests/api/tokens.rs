//! Access tokens: how long they live, and what is none. And a clock that is set back.

use appliance::clock::Time;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use crate::support::{Answer, Appliance, Person, START};

fn bearing(person: &Person, token: &str) -> Person {
    Person { access_token: token.to_owned(), ..person.clone() }
}

async fn me(app: &Appliance, person: &Person, token: &str) -> Answer {
    app.get("/me", Some(&bearing(person, token))).await
}

/// The claims part of a token.
fn claims(token: &str) -> &str {
    token.split('.').nth(1).unwrap()
}

#[tokio::test]
async fn an_access_token_lives_for_ten_minutes_and_is_then_refreshed() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    app.advance(605);
    app.get("/me", Some(&ada)).await.expect(200);
    app.advance(1);
    let answer = app.get("/me", Some(&ada)).await;
    answer.expect_problem(401, "TOKEN_EXPIRED");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let body = json!({ "refresh_token": ada.refresh_token });
    let session = app.post("/auth/refresh", None, body).await.expect(200);
    me(&app, &ada, session["access_token"].as_str().unwrap()).await.expect(200);
}

#[tokio::test]
async fn the_configured_life_of_a_token_counts() {
    let app = Appliance::start_with(&[("auth.access_token_minutes", "1")]).await;
    let ada = app.person("ada").await;
    app.advance(66);
    app.get("/me", Some(&ada)).await.expect_problem(401, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_token_without_a_signature_is_invalid() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    // {"alg":"none","typ":"at+jwt","kid":"1"}
    let header = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoiMSJ9";
    let token = format!("{header}.{}.", claims(&ada.access_token));
    me(&app, &ada, &token).await.expect_problem(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn a_token_that_somebody_else_signed_is_invalid() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let good = jsonwebtoken::decode_header(&ada.access_token).unwrap();
    let claims: serde_json::Value =
        jsonwebtoken::dangerous::insecure_decode(&ada.access_token).unwrap().claims;
    let algorithms = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    for (alg, secret) in algorithms.into_iter().zip([&b""[..], b"secret", &[0; 32]]) {
        let header = Header { alg, ..good.clone() };
        let key = EncodingKey::from_secret(secret);
        let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        me(&app, &ada, &token).await.expect_problem(401, "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn a_token_of_another_appliance_is_invalid_here() {
    let (app, other) = (Appliance::start().await, Appliance::start().await);
    let (ada, stranger) = (app.person("ada").await, other.person("ada").await);
    me(&app, &ada, &stranger.access_token).await.expect_problem(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn a_token_with_any_part_changed_or_missing_is_invalid() {
    let app = Appliance::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let parts: Vec<_> = ada.access_token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let swapped = format!("{header}.{}.{signature}", claims(&bob.access_token));
    let reversed: String = signature.chars().rev().collect();
    let tokens = [
        swapped,
        format!("{header}.{payload}.{reversed}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{}.x", ada.access_token),
        "..".to_owned(),
        "x".repeat(8_000),
    ];
    for token in tokens {
        me(&app, &ada, &token).await.expect_problem(401, "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn no_other_secret_passes_for_an_access_token() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    let shown = app.code(&admin, &event).await;
    let code = shown["code"].as_str().unwrap();
    let hold = app.post("/scans/holds", None, json!({ "code": code })).await.expect(201);
    for token in [&ada.refresh_token, code, hold["hold"].as_str().unwrap()] {
        me(&app, &ada, token).await.expect_problem(401, "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn an_access_token_passes_for_nothing_else() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    for field in ["code", "hold", "typed_code"] {
        for token in [&ada.access_token, &ada.refresh_token] {
            let scan = json!({ field: token, "nonce": "nonce-0001" });
            app.post("/scans", Some(&ada), scan).await.expect_problem(404, "CODE_INVALID");
        }
    }
    let hold = app.post("/scans/holds", None, json!({ "code": ada.access_token })).await;
    hold.expect_problem(404, "CODE_INVALID");
}

#[tokio::test]
async fn a_request_without_a_bearer_token_is_told_that_it_misses() {
    let app = Appliance::start().await;
    let url = app.url("/api/v1/me");
    for header in ["", "Basic YTpi", "Bearer", "Token abc"] {
        let answer = app.send(app.client.get(&url).header("authorization", header)).await;
        answer.expect_problem(401, "TOKEN_MISSING");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{header:?}");
    }
}

#[tokio::test]
async fn the_word_bearer_is_read_in_any_case() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let value = format!("{scheme} {}", ada.access_token);
        let request = app.client.get(app.url("/api/v1/me")).header("authorization", value);
        app.send(request).await.expect(200);
    }
}

#[tokio::test]
async fn a_bad_token_does_not_close_what_is_open_to_anyone() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let bad = bearing(&ada, "x.y.z");
    app.get("/instance", Some(&bad)).await.expect(200);
    app.post("/auth/refresh", Some(&bad), json!({ "refresh_token": ada.refresh_token }))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_clock_that_is_set_back_leaves_sessions_as_they_are() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    for back in [60, 86_400, 400 * 86_400] {
        app.clock.set(START.plus_seconds(-back));
        app.get("/me", Some(&ada)).await.expect(200);
        app.get("/me/attendance/today", Some(&ada)).await.expect(200);
        app.login("ada").await;
    }
    let body = json!({ "refresh_token": ada.refresh_token });
    let session = app.post("/auth/refresh", None, body).await.expect(200);
    app.clock.set(START);
    me(&app, &ada, session["access_token"].as_str().unwrap())
        .await
        .expect_problem(401, "TOKEN_EXPIRED");
    let body = json!({ "refresh_token": session["refresh_token"] });
    app.post("/auth/refresh", None, body).await.expect(200);
}

#[tokio::test]
async fn codes_and_holds_from_the_future_are_refused_until_their_time_has_come() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "rotating").await;
    let shown = app.code(&admin, &event).await;
    let code = shown["code"].as_str().unwrap();
    let hold = app.post("/scans/holds", None, json!({ "code": code })).await;
    let cookie = hold.header("set-cookie").split(';').next().unwrap().to_owned();
    let by_hold = json!({ "hold": hold.expect(201)["hold"], "nonce": "nonce-0001" });
    let redeem = || {
        let request = app.client.post(app.url("/api/v1/scans")).header("cookie", &cookie);
        app.send(request.bearer_auth(&ada.access_token).json(&by_hold))
    };

    app.clock.set(START.plus_seconds(-60));
    app.scan(&ada, code, "nonce-0001").await.expect_problem(410, "CODE_EXPIRED");
    redeem().await.expect_problem(410, "CODE_EXPIRED");
    let refused = app.post("/scans/holds", None, json!({ "code": code })).await;
    refused.expect_problem(410, "CODE_EXPIRED");

    app.clock.set(START);
    redeem().await.expect(201);
}

#[tokio::test]
async fn nothing_fails_at_the_ends_of_time() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "rotating").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    for time in [Time::EPOCH, Time::from_millis(-1), Time::from_millis(i64::MIN)] {
        app.clock.set(time);
        app.scan(&ada, &code, "nonce-0001").await.expect_problem(409, "TOO_EARLY");
        app.get("/me/attendance/today", Some(&ada)).await.expect(200);
        app.get(&format!("/events/{event}/code"), Some(&admin)).await.expect(200);
        app.get(&format!("/events/{event}"), Some(&admin)).await.expect(200);
    }
    app.clock.set(Time::MAX);
    app.get("/me", Some(&ada)).await.expect_problem(401, "TOKEN_EXPIRED");
    assert!(app.page("/health").await.status.is_success());
}
