//! Refresh tokens, the cookie, logging out, roles: what a session can do, and from when on no more.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, PASSWORD, Person};

const DAY: i64 = 86_400;

async fn refresh(app: &Appliance, token: &str) -> Answer {
    app.post("/auth/refresh", None, json!({ "refresh_token": token })).await
}

/// The person with the tokens of a session answer.
fn renewed(person: &Person, session: &Value) -> Person {
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    let (access_token, refresh_token) = (text("access_token"), text("refresh_token"));
    Person { access_token, refresh_token, ..person.clone() }
}

async fn login_with_cookie(app: &Appliance) -> Answer {
    app.person("ada").await;
    let body = json!({ "identifier": "ada@example.org", "password": PASSWORD, "use_cookie": true });
    app.post("/auth/login", None, body).await
}

/// The name and value of the cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn refresh_by_cookie(app: &Appliance, cookie: &str) -> Answer {
    let url = app.url("/api/v1/auth/refresh");
    app.send(app.client.post(url).header("cookie", cookie).json(&json!({}))).await
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair_and_the_session_goes_on() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let session = refresh(&app, &ada.refresh_token).await.expect(200);
    let next = renewed(&ada, &session);
    assert_ne!(next.refresh_token, ada.refresh_token);
    assert_eq!(session["user"]["id"], ada.id);
    for person in [&ada, &next] {
        app.get("/me", Some(person)).await.expect(200);
    }
    let third = refresh(&app, &next.refresh_token).await.expect(200);
    app.get("/me", Some(&renewed(&ada, &third))).await.expect(200);
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_answered_with_the_same_token_again() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let lost = renewed(&ada, &refresh(&app, &ada.refresh_token).await.expect(200));
    app.advance(59);
    let again = renewed(&ada, &refresh(&app, &ada.refresh_token).await.expect(200));
    assert_eq!(again.refresh_token, lost.refresh_token);
    for person in [&lost, &again] {
        app.get("/me", Some(person)).await.expect(200);
    }
    let next = refresh(&app, &again.refresh_token).await.expect(200);
    assert_ne!(next["refresh_token"], json!(again.refresh_token));
}

#[tokio::test]
async fn a_used_token_whose_successor_was_used_ends_the_session_within_the_minute() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let second = renewed(&ada, &refresh(&app, &ada.refresh_token).await.expect(200));
    let third = renewed(&ada, &refresh(&app, &second.refresh_token).await.expect(200));
    // The one before is still good for the same answer, the one before that never again.
    let again = renewed(&ada, &refresh(&app, &second.refresh_token).await.expect(200));
    assert_eq!(again.refresh_token, third.refresh_token);
    refresh(&app, &ada.refresh_token).await.expect_problem(401, "REFRESH_REUSED");
    for person in [&ada, &second, &third] {
        app.get("/me", Some(person)).await.expect_problem(401, "SESSION_ENDED");
        refresh(&app, &person.refresh_token).await.expect_problem(401, "REFRESH_INVALID");
    }
}

#[tokio::test]
async fn asking_again_makes_the_minute_no_longer_and_a_logout_ends_it() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    refresh(&app, &ada.refresh_token).await.expect(200);
    app.advance(40);
    let again = renewed(&ada, &refresh(&app, &ada.refresh_token).await.expect(200));
    app.advance(20);
    refresh(&app, &ada.refresh_token).await.expect_problem(401, "REFRESH_REUSED");
    app.get("/me", Some(&again)).await.expect_problem(401, "SESSION_ENDED");

    let bob = app.person("bob").await;
    let next = renewed(&bob, &refresh(&app, &bob.refresh_token).await.expect(200));
    app.post("/auth/logout", Some(&next), json!({})).await.expect(204);
    refresh(&app, &bob.refresh_token).await.expect_problem(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_ends_its_whole_session() {
    let app = Appliance::start().await;
    let (ada, admin) = (app.person("ada").await, app.admin().await);
    let next = renewed(&ada, &refresh(&app, &ada.refresh_token).await.expect(200));

    app.advance(60);
    refresh(&app, &ada.refresh_token).await.expect_problem(401, "REFRESH_REUSED");

    for person in [&ada, &next] {
        app.get("/me", Some(person)).await.expect_problem(401, "SESSION_ENDED");
        let answer = refresh(&app, &person.refresh_token).await;
        answer.expect_problem(401, "REFRESH_INVALID");
    }
    let entries = app
        .audit_until(&admin, |entries| {
            entries.iter().any(|entry| entry["action"] == "session.refresh_reused")
        })
        .await;
    let reused: Vec<_> =
        entries.iter().filter(|entry| entry["action"] == "session.refresh_reused").collect();
    assert_eq!(reused.len(), 1);
    assert_eq!(reused[0]["actor"], json!({ "kind": "user", "id": ada.id }));
    assert!(reused[0]["target"].as_str().unwrap().starts_with("session:"));
}

#[tokio::test]
async fn another_session_of_the_same_person_outlives_a_reuse() {
    let app = Appliance::start().await;
    let (first, second) = (app.person("ada").await, app.login("ada").await);
    refresh(&app, &first.refresh_token).await.expect(200);
    app.advance(60);
    refresh(&app, &first.refresh_token).await.expect_problem(401, "REFRESH_REUSED");
    app.get("/me", Some(&second)).await.expect(200);
    refresh(&app, &second.refresh_token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_refreshes_of_one_token_at_once_get_the_same_successor() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let tries = (0..100).map(|_| refresh(&app, &ada.refresh_token));
    let answers = futures_util::future::join_all(tries).await;
    let sessions: Vec<_> = answers.iter().map(|answer| answer.expect(200)).collect();
    let first = renewed(&ada, &sessions[0]);
    assert!(sessions.iter().all(|session| session["refresh_token"] == first.refresh_token));
    app.get("/me", Some(&first)).await.expect(200);
    refresh(&app, &first.refresh_token).await.expect(200);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused_and_ends_nothing() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    let mut changed = ada.refresh_token.clone();
    let last = if changed.pop() == Some('0') { '1' } else { '0' };
    changed.push(last);
    let cut = &ada.refresh_token[..ada.refresh_token.len() - 2];
    for token in ["", "A", "not base32!", cut, &changed, &ada.access_token, &"A".repeat(10_000)] {
        refresh(&app, token).await.expect_problem(401, "REFRESH_INVALID");
    }
    app.get("/me", Some(&ada)).await.expect(200);
    refresh(&app, &ada.refresh_token).await.expect(200);
}

#[tokio::test]
async fn the_cookie_keeps_the_refresh_token_out_of_reach_of_scripts() {
    let app = Appliance::start().await;
    let answer = login_with_cookie(&app).await;
    assert_eq!(answer.expect(200)["refresh_token"], Value::Null);
    let cookies =
        answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookies: Vec<_> = cookies.collect();
    let names: Vec<_> = cookies.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
    assert_eq!(names, ["__Host-refresh", "__Host-device"]);
    for set in cookies {
        let attributes: Vec<_> = set.split("; ").skip(1).collect();
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
            assert!(attributes.contains(&attribute), "{attribute} in {set}");
        }
        assert!(!set.contains("Domain"), "{set}");
    }
}

#[tokio::test]
async fn a_login_without_the_cookie_sets_none() {
    let app = Appliance::start().await;
    app.person("ada").await;
    let body = json!({ "identifier": "ada", "password": PASSWORD });
    let answer = app.post("/auth/login", None, body).await;
    assert!(answer.expect(200)["refresh_token"].is_string());
    assert_eq!(answer.header("set-cookie"), "");
}

#[tokio::test]
async fn a_refresh_by_cookie_answers_by_cookie() {
    let app = Appliance::start().await;
    let first = cookie(&login_with_cookie(&app).await);
    let answer = refresh_by_cookie(&app, &format!("theme=dark; {first}; x=y")).await;
    assert_eq!(answer.expect(200)["refresh_token"], Value::Null);
    let second = cookie(&answer);
    assert_ne!(second, first);
    assert_eq!(cookie(&refresh_by_cookie(&app, &first).await), second);
    refresh_by_cookie(&app, &second).await.expect(200);
    refresh_by_cookie(&app, &first).await.expect_problem(401, "REFRESH_REUSED");
}

#[tokio::test]
async fn a_refresh_without_any_token_is_refused() {
    let app = Appliance::start().await;
    for cookie in ["", "refresh=A", "__Host-refresh=", "__Host-refresh=AAAA"] {
        let answer = refresh_by_cookie(&app, cookie).await;
        answer.expect_problem(401, "REFRESH_INVALID");
    }
}

#[tokio::test]
async fn a_logout_clears_the_cookie_and_works_on_the_next_request() {
    let app = Appliance::start().await;
    let answer = login_with_cookie(&app).await;
    let kept = cookie(&answer);
    let session = answer.json();
    let access_token = session["access_token"].as_str().unwrap().to_owned();
    let ada = Person { id: 1, email: String::new(), access_token, refresh_token: String::new() };

    let out = app.post("/auth/logout", Some(&ada), json!({})).await;

    out.expect(204);
    let set = out.header("set-cookie");
    assert!(set.starts_with("__Host-refresh=;") && set.contains("Max-Age=0"), "{set}");
    assert!(set.contains("Secure") && set.contains("HttpOnly"), "{set}");
    app.get("/me", Some(&ada)).await.expect_problem(401, "SESSION_ENDED");
    refresh_by_cookie(&app, &kept).await.expect_problem(401, "REFRESH_INVALID");
    let again = app.post("/auth/logout", Some(&ada), json!({})).await;
    again.expect_problem(401, "SESSION_ENDED");
}

#[tokio::test]
async fn a_logout_ends_its_own_session_alone() {
    let app = Appliance::start().await;
    let (first, second) = (app.person("ada").await, app.login("ada").await);
    app.post("/auth/logout", Some(&first), json!({})).await.expect(204);
    app.get("/me", Some(&second)).await.expect(200);
}

#[tokio::test]
async fn a_role_works_from_the_next_request_on_with_the_token_at_hand() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    app.get("/events", Some(&ada)).await.expect_problem(403, "FORBIDDEN");
    let changed = app.set_role(&admin, ada.id, "staff").await.expect(200);
    assert_eq!(changed["role"], "staff");
    app.get("/events", Some(&ada)).await.expect(200);
    app.get("/audit", Some(&ada)).await.expect_problem(403, "FORBIDDEN");
    app.set_role(&admin, ada.id, "admin").await.expect(200);
    app.get("/audit", Some(&ada)).await.expect(200);
    app.set_role(&ada, admin.id, "user").await.expect(200);
    app.get("/audit", Some(&admin)).await.expect_problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn nobody_changes_their_own_role_and_the_last_administrator_stays() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    app.set_role(&admin, admin.id, "user").await.expect_problem(409, "OWN_ROLE");
    app.set_role(&admin, admin.id, "admin").await.expect(200);
    app.set_role(&admin, 999, "staff").await.expect_problem(404, "USER_NOT_FOUND");
    assert_eq!(app.get("/me", Some(&admin)).await.expect(200)["role"], "admin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_administrators_who_demote_each_other_at_once_leave_one() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let other = app.person_as(&admin, "ada", "admin").await;
    let (first, second) = tokio::join!(
        app.set_role(&admin, other.id, "user"),
        app.set_role(&other, admin.id, "user"),
    );
    let statuses = [first.status.as_u16(), second.status.as_u16()];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let (left, lost) = if statuses[0] == 200 { (&admin, second) } else { (&other, first) };
    // The second may have been recognised before the first change was there, or after.
    let code = lost.json()["code"].clone();
    assert!(code == "LAST_ADMIN" || code == "FORBIDDEN", "{code}");
    app.get("/users", Some(left)).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_for_long_and_each_refresh_puts_that_off() {
    let app = Appliance::start().await;
    let ada = app.person("ada").await;
    app.advance(29 * DAY);
    let next = renewed(&ada, &refresh(&app, &ada.refresh_token).await.expect(200));
    app.advance(29 * DAY);
    let next = renewed(&ada, &refresh(&app, &next.refresh_token).await.expect(200));
    app.get("/me", Some(&next)).await.expect(200);
    app.advance(30 * DAY + 1);
    refresh(&app, &next.refresh_token).await.expect_problem(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn a_session_ends_after_its_longest_time_however_much_it_is_used() {
    let app = Appliance::start_with(&[("auth.session_max_days", "40")]).await;
    let ada = app.person("ada").await;
    app.advance(25 * DAY);
    let next = renewed(&ada, &refresh(&app, &ada.refresh_token).await.expect(200));
    app.advance(15 * DAY);
    let next = renewed(&ada, &refresh(&app, &next.refresh_token).await.expect(200));
    app.get("/me", Some(&next)).await.expect(200);
    app.advance(1);
    app.get("/me", Some(&next)).await.expect_problem(401, "SESSION_ENDED");
    refresh(&app, &next.refresh_token).await.expect_problem(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn beyond_fifty_sessions_the_one_unused_for_longest_ends() {
    let app = Appliance::start().await;
    let first = app.person("ada").await;
    let mut later = Vec::new();
    for _ in 0..50 {
        app.advance(1);
        later.push(app.login("ada").await);
    }
    app.get("/me", Some(&first)).await.expect_problem(401, "SESSION_ENDED");
    for person in &later {
        app.get("/me", Some(person)).await.expect(200);
    }
}

#[tokio::test]
async fn a_person_sees_their_sessions_and_ends_one_or_all_others() {
    let app = Appliance::start().await;
    let (first, bob) = (app.person("ada").await, app.person("bob").await);
    app.advance(60);
    let (second, third) = (app.login("ada").await, app.login("ada").await);
    app.advance(60);
    let renewed = renewed(&first, &refresh(&app, &first.refresh_token).await.expect(200));
    let list = app.get("/auth/sessions", Some(&second)).await.expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|item| item["current"] == true).count(), 1);
    assert_eq!(items[0]["last_used_at"], "2026-11-23T07:02:00.000Z", "{list}");
    assert_eq!(items[0]["created_at"], "2026-11-23T07:00:00.000Z");
    assert_eq!(items[0]["network"], "127.0.0.1");
    assert!(items[0]["ends_at"].as_str().unwrap().starts_with("2026-12-23"));

    let ended = format!("/auth/sessions/{}", items[0]["id"].as_str().unwrap());
    app.delete(&ended, &bob).await.expect_problem(404, "SESSION_NOT_FOUND");
    app.delete(&ended, &second).await.expect(204);
    app.get("/me", Some(&renewed)).await.expect_problem(401, "SESSION_ENDED");
    refresh(&app, &renewed.refresh_token).await.expect_problem(401, "REFRESH_INVALID");
    app.delete(&ended, &second).await.expect_problem(404, "SESSION_NOT_FOUND");

    app.delete("/auth/sessions", &second).await.expect(204);
    app.get("/me", Some(&third)).await.expect_problem(401, "SESSION_ENDED");
    app.get("/me", Some(&second)).await.expect(200);
    app.get("/me", Some(&bob)).await.expect(200);
}

#[tokio::test]
async fn an_administrator_ends_every_session_of_somebody() {
    let app = Appliance::start().await;
    let (ada, admin) = (app.person("ada").await, app.admin().await);
    let path = format!("/users/{}/sessions", ada.id);
    app.delete(&path, &ada).await.expect_problem(403, "FORBIDDEN");
    app.delete(&path, &admin).await.expect(204);
    app.get("/me", Some(&ada)).await.expect_problem(401, "SESSION_ENDED");
    app.get("/me", Some(&admin)).await.expect(200);
    app.delete("/users/999/sessions", &admin).await.expect_problem(404, "USER_NOT_FOUND");
    let ended = |entries: &[Value]| entries.iter().any(|entry| entry["action"] == "sessions.ended");
    app.audit_until(&admin, ended).await;
}

#[tokio::test]
async fn a_login_ends_the_session_that_the_browser_had_before() {
    let app = Appliance::start().await;
    let first = login_with_cookie(&app).await;
    let old = app.login("ada").await;
    let body = json!({ "identifier": "ada", "password": PASSWORD, "use_cookie": true });
    let request = app.client.post(app.url("/api/v1/auth/login")).json(&body);
    let second = app.send(request.header("cookie", cookie(&first))).await;
    let person = |answer: &Answer| Person {
        access_token: answer.json()["access_token"].as_str().unwrap().to_owned(),
        ..old.clone()
    };
    app.get("/me", Some(&person(&first))).await.expect_problem(401, "SESSION_ENDED");
    app.get("/me", Some(&person(&second))).await.expect(200);
    app.get("/me", Some(&old)).await.expect(200);
}
