//! The audit trail: everything that happened, exactly once, chained, and still there after a restart.

use appliance::{
    http::Cursors,
    social_log::{self, SocialLogService},
    store::{Store, StoreOptions},
    telemetry::Metrics,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Appliance, PASSWORD, Person, wire::Wire};

/// The trail, the oldest entry first, once `action` is in it `times` times.
async fn trail(app: &Appliance, admin: &Person, action: &str, times: usize) -> Vec<Value> {
    let count = |all: &[Value]| all.iter().filter(|entry| entry["action"] == action).count();
    let mut entries = app.audit_until(admin, |all| count(all) >= times).await;
    entries.reverse();
    entries
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

async fn verified(app: &Appliance, admin: &Person) -> Value {
    let found = app.get("/audit/verification", Some(admin)).await.expect(200);
    assert_eq!(found["ok"], true, "{found}");
    found
}

/// Does something of every kind that the trail keeps.
async fn busy_morning(app: &Appliance) -> (Person, Person) {
    let admin = app.admin().await;
    let ada = app.person("ada").await;
    let wrong = json!({ "identifier": "ada", "password": "a wrong password" });
    app.post("/auth/login", None, wrong).await.expect(401);
    let nobody = json!({ "identifier": "my secret password", "password": PASSWORD });
    app.post("/auth/login", None, nobody).await.expect(401);
    app.set_role(&admin, ada.id, "staff").await.expect(200);
    app.set_role(&admin, ada.id, "staff").await.expect(200);
    let event = app.event(&ada, "Corso", "static").await;
    let path = format!("/events/{event}");
    app.patch(&path, &ada, json!({ "is_active": false })).await.expect(200);
    app.patch(&path, &ada, json!({ "is_active": false })).await.expect(200);
    app.patch("/me", &ada, json!({ "surname": "King", "username": "king" })).await.expect(200);
    app.delete(&path, &ada).await.expect(204);
    app.post("/auth/logout", Some(&ada), json!({})).await.expect(204);
    let again = app.login("king").await;
    (admin, again)
}

/// What the trail then holds, by name: the two files hand their events over each in its own order.
const MORNING: [&str; 14] = [
    "event.created",
    "event.deleted",
    "event.updated",
    "login.failure",
    "login.failure",
    "login.success",
    "login.success",
    "login.success",
    "logout",
    "profile.updated",
    "role.changed",
    "setup.completed",
    "user.registered",
    "user.renamed",
];

#[tokio::test]
async fn everything_that_happened_is_in_the_trail_exactly_once() {
    let app = Appliance::start().await;
    let (admin, _) = busy_morning(&app).await;
    let all = app.audit_until(&admin, |all| all.len() >= MORNING.len()).await;
    let mut found = actions(&all);
    found.sort_unstable();
    assert_eq!(found, MORNING);
    let sequences: Vec<_> = all.iter().rev().map(|e| e["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (1..=14).collect::<Vec<_>>());
    let ids: std::collections::BTreeSet<_> = all.iter().map(|e| e["id"].as_str()).collect();
    assert_eq!(ids.len(), 14);
    assert_eq!(verified(&app, &admin).await["entries"], 14);
}

#[tokio::test]
async fn an_entry_tells_who_did_what_to_whom_from_where_and_in_which_request() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let answer = app.set_role(&admin, ada.id, "staff").await;
    let entries = trail(&app, &admin, "role.changed", 1).await;
    let entry = entries.iter().find(|entry| entry["action"] == "role.changed").unwrap();
    assert_eq!(entry["actor"], json!({ "kind": "user", "id": admin.id }));
    assert_eq!(entry["target"], format!("user:{}", ada.id));
    assert_eq!(entry["network"], "127.0.0.1");
    assert_eq!(entry["request_id"], answer.header("x-request-id"));
    assert_eq!(entry["before"], json!({ "role": "user" }));
    assert_eq!(entry["after"], json!({ "role": "staff" }));
    assert_eq!(entry["time"], "2026-11-23T07:00:00.000Z");
}

#[tokio::test]
async fn a_failed_login_names_the_account_and_nothing_that_was_typed() {
    let app = Appliance::start().await;
    let (admin, _) = busy_morning(&app).await;
    let entries = trail(&app, &admin, "login.failure", 2).await;
    let failures: Vec<_> =
        entries.iter().filter(|entry| entry["action"] == "login.failure").collect();
    let targets: Vec<_> = failures.iter().map(|entry| entry["target"].clone()).collect();
    assert_eq!(targets, ["user:2", "user:unknown"]);
    assert!(failures.iter().all(|entry| entry["actor"]["kind"] == "anonymous"));
    let text = json!(entries).to_string();
    for secret in ["secret", "password", PASSWORD, "$argon2"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn each_entry_holds_the_hash_of_the_one_before() {
    let app = Appliance::start().await;
    let (admin, _) = busy_morning(&app).await;
    let entries = trail(&app, &admin, "event.deleted", 1).await;
    let mut previous = json!("0".repeat(64));
    for entry in &entries {
        assert_eq!(entry["previous_hash"], previous);
        previous = entry["hash"].clone();
        assert_eq!(previous.as_str().map(str::len), Some(64));
    }
}

#[tokio::test]
async fn the_trail_is_filtered_by_actor_action_target_and_time() {
    let app = Appliance::start().await;
    let (admin, ada) = busy_morning(&app).await;
    app.advance(60);
    app.event(&admin, "Ultima", "static").await;
    app.audit_until(&admin, |all| all.len() > MORNING.len()).await;
    let cases = [
        ("?action=login", 5),
        ("?action=login.failure", 2),
        ("?action=log", 0),
        ("?actor=anonymous", 2),
        (&*format!("?actor=user:{}&action=event", ada.id), 3),
        ("?target=event:corso-2026-11-23", 3),
        ("?from=2026-11-23T07:01:00Z", 1),
        ("?to=2026-11-23T07:01:00Z&action=event.created", 1),
        ("?actor=system", 0),
    ];
    for (query, count) in cases {
        let page = app.get(&format!("/audit{query}"), Some(&admin)).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{query}");
    }
    let problem = app.get("/audit?actor=root", Some(&admin)).await;
    assert_eq!(problem.expect_problem(422, "VALIDATION_FAILED")["errors"][0]["field"], "actor");
}

#[tokio::test]
async fn a_refusal_leaves_no_entry() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    app.audit_until(&admin, |all| all.len() == 5).await;
    let corso = json!({ "name": "Corso", "date": "2026-11-23" });
    app.post("/events", Some(&admin), corso).await.expect(409);
    app.set_role(&admin, admin.id, "user").await.expect(409);
    app.set_role(&ada, ada.id, "admin").await.expect(403);
    app.delete(&format!("/events/{event}"), &ada).await.expect(403);
    app.post("/scans", Some(&ada), json!({ "code": "A", "nonce": "nonce-0001" })).await.expect(404);
    // What comes after it in each of the two files shows that nothing else is to come.
    app.event(&admin, "Marca", "static").await;
    app.login("capo").await;
    let all = app.audit_until(&admin, |all| all.len() >= 7).await;
    let mut after = actions(&all[..all.len() - 5]);
    after.sort_unstable();
    assert_eq!(after, ["event.created", "login.success"]);
}

/// What an administrator can read of everything.
async fn everything(app: &Appliance, admin: &Person) -> Vec<Value> {
    let mut answers = Vec::new();
    let paths = ["/users", "/events", "/audit", "/audit/verification", "/social/logs"];
    let own = ["/me", "/me/attendance", "/me/attendance/today"];
    let of_event = ["", "/code", "/attendance", "/statistics"];
    let of_event = of_event.map(|path| format!("/events/corso-2026-11-23{path}"));
    for path in paths.into_iter().chain(own).map(str::to_owned).chain(of_event) {
        answers.push(app.get(&path, Some(admin)).await.expect(200));
    }
    answers
}

#[tokio::test]
async fn after_a_restart_everything_reads_as_before_and_goes_on() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    app.scan(&admin, &code, "nonce-0001").await.expect(201);
    let post = json!({
        "social": "x", "timestamp": "2026-11-23T08:30:00Z", "content": "", "status": "a",
    });
    app.post("/social/logs", Some(&admin), post).await.expect(201);
    let page = app.get("/users?limit=1", Some(&admin)).await.expect(200);
    app.audit_until(&admin, |all| all.len() == 5).await;
    let before = everything(&app, &admin).await;

    let clock = app.clock.clone();
    let app = Appliance::start_in(app.stop().await, clock, &[]).await;

    assert_eq!(everything(&app, &admin).await, before);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = app.get(&format!("/users?cursor={cursor}"), Some(&admin)).await.expect(200);
    assert_eq!(next["items"][0]["id"], ada.id, "a cursor outlives a restart");
    assert_eq!(app.scan(&admin, &code, "nonce-0001").await.expect(201)["outcome"], "recorded");
    app.scan(&ada, &code, "nonce-0002").await.expect(201);
    let body = json!({ "refresh_token": ada.refresh_token });
    app.post("/auth/refresh", None, body).await.expect(200);
    app.event(&admin, "Dopo", "static").await;
    let all = app.audit_until(&admin, |all| all.len() == 6).await;
    assert_eq!(all[0]["action"], "event.created");
    assert_eq!(all[0]["previous_hash"], before[3]["head_hash"], "the chain goes on");
    assert_eq!(verified(&app, &admin).await["entries"], 6);
}

#[tokio::test]
async fn many_restarts_double_nothing() {
    let mut app = Appliance::start().await;
    let admin = app.admin().await;
    for round in 1..=4 {
        app.event(&admin, &format!("Evento {round}"), "static").await;
        let clock = app.clock.clone();
        app = Appliance::start_in(app.stop().await, clock, &[]).await;
    }
    let all = app.audit_until(&admin, |all| all.len() >= 6).await;
    let mut found = actions(&all);
    found.sort_unstable();
    let made = ["event.created"; 4];
    assert_eq!(found, [&made[..], &["login.success", "setup.completed"]].concat());
    assert_eq!(verified(&app, &admin).await["entries"], 6);
}

#[tokio::test]
async fn what_is_still_answered_while_it_stops_is_on_the_chain_when_it_has_stopped() {
    let mut app = Appliance::start().await;
    let admin = app.admin().await;
    app.audit_until(&admin, |all| all.len() == 2).await;
    let body = json!({ "name": "Ultima", "date": "2026-11-23" }).to_string();
    let mut wire = Wire::open(&app).await.unwrap();
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        admin.access_token,
        body.len()
    );
    wire.send(head).await;
    assert_eq!(wire.answer().await.status, 100, "it waits for the body");
    let running = app.begin_stop();
    app.refuses_connections().await;
    wire.send(body).await;
    assert_eq!(wire.answer().await.status, 201);
    running.await.unwrap().unwrap();

    let options = StoreOptions { cache_bytes: 1 << 20, queue_capacity: 8, max_batch: 8 };
    let metrics = Metrics::new().unwrap().store("social_log");
    let path = app.data.path().join("social_log.redb");
    let store = Store::open(&path, options, social_log::MIGRATIONS, metrics).unwrap();
    let service = SocialLogService::open(store, app.clock.clone(), Cursors::new([0; 32]));
    assert_eq!(service.audit_head().unwrap().sequence, 3);
}

#[tokio::test]
async fn an_unknown_method_on_the_trail_changes_nothing() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    app.audit_until(&admin, |all| all.len() == 2).await;
    for method in [Method::DELETE, Method::POST, Method::PUT, Method::PATCH] {
        for path in ["/audit", "/audit/verification"] {
            let answer = app.api(method.clone(), path, Some(&admin), Some(json!({}))).await;
            answer.expect_problem(405, "METHOD_NOT_ALLOWED");
        }
    }
    assert_eq!(verified(&app, &admin).await["entries"], 2);
}
