//! Deleting people: what goes, what stays, and a crash between the two files.

use appliance::{
    audit_event::AuditContext,
    auth::{self, AuthService},
    clock::Clock,
    config::{Config, ConfigSources},
    ids::UserId,
    store::{Store, StoreOptions},
    telemetry::Metrics,
};
use serde_json::{Value, json};

use crate::support::{Answer, Appliance, DataHome, PASSWORD, Person, START};

/// An event that Ada and Bob have scanned at.
async fn morning(app: &Appliance) -> (Person, Person, Person, String) {
    let (admin, ada, bob) = (app.admin().await, app.person("ada").await, app.person("bob").await);
    let event = app.event(&admin, "Corso", "static").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    for person in [&ada, &bob] {
        app.scan(person, &code, "nonce-0001").await.expect(201);
    }
    (admin, ada, bob, event)
}

async fn delete(app: &Appliance, admin: &Person, id: u64) -> Answer {
    app.delete(&format!("/users/{id}"), admin).await
}

async fn attendance(app: &Appliance, admin: &Person, event: &str, language: &str) -> Value {
    let url = app.url(&format!("/api/v1/events/{event}/attendance"));
    let request = app.client.get(url).header("accept-language", language);
    app.send(request.bearer_auth(&admin.access_token)).await.expect(200)
}

/// Deletes an account in the file of a stopped appliance and goes no further, as if the power had gone
/// right after the first of the two commits.
async fn delete_and_crash(data: &DataHome, id: u64) {
    let config = Config::load(&ConfigSources::default()).unwrap();
    let metrics = Metrics::new().unwrap();
    let path = data.path().join("auth.redb");
    let options = StoreOptions::default();
    let store = Store::open(&path, options, auth::MIGRATIONS, metrics.store("auth")).unwrap();
    let clock = Clock::manual(START);
    let auth =
        AuthService::open(store, config.auth, &config.server, &config.rate_limit, clock, metrics)
            .unwrap();
    auth.delete(UserId(id), AuditContext::COMMAND_LINE).await.unwrap();
    auth.store().close();
}

#[tokio::test]
async fn somebody_who_is_deleted_is_out_with_the_next_request_and_cannot_come_back() {
    let app = Appliance::start().await;
    let (admin, ada, ..) = morning(&app).await;
    app.get("/me", Some(&ada)).await.expect(200);
    delete(&app, &admin, ada.id).await.expect(204);
    app.get("/me", Some(&ada)).await.expect_problem(401, "SESSION_ENDED");
    let refresh = json!({ "refresh_token": ada.refresh_token });
    app.post("/auth/refresh", None, refresh).await.expect_problem(401, "REFRESH_INVALID");
    let login = json!({ "identifier": "ada", "password": PASSWORD });
    app.post("/auth/login", None, login).await.expect_problem(401, "INVALID_CREDENTIALS");
    let path = format!("/users/{}", ada.id);
    app.get(&path, Some(&admin)).await.expect_problem(404, "USER_NOT_FOUND");
    delete(&app, &admin, ada.id).await.expect_problem(404, "USER_NOT_FOUND");
    app.set_role(&admin, ada.id, "admin").await.expect_problem(404, "USER_NOT_FOUND");
    let name = app.patch(&path, &admin, json!({ "name": "X" })).await;
    name.expect_problem(404, "USER_NOT_FOUND");
}

#[tokio::test]
async fn what_somebody_attended_stays_in_the_counts_under_no_name() {
    let app = Appliance::start().await;
    let (admin, ada, bob, event) = morning(&app).await;
    let statistics =
        app.get(&format!("/events/{event}/statistics"), Some(&admin)).await.expect(200);
    delete(&app, &admin, ada.id).await.expect(204);
    let after = app.get(&format!("/events/{event}/statistics"), Some(&admin)).await.expect(200);
    assert_eq!(after, statistics);
    for (language, words) in [("en", "Deleted person"), ("it", "Persona eliminata")] {
        let page = attendance(&app, &admin, &event, language).await;
        let row = &page["items"][0];
        assert_eq!(row["user_id"], ada.id);
        assert_eq!((&row["name"], &row["surname"]), (&json!(words), &json!("")));
        assert_eq!((&row["is_deleted"], &row["status"]), (&json!(true), &json!("present")));
        let row = &page["items"][1];
        assert_eq!((&row["name"], &row["is_deleted"]), (&json!("bob"), &json!(false)));
        assert_eq!(page["statistics"]["recorded"], 2);
    }
    assert_eq!(app.get("/me", Some(&bob)).await.expect(200)["name"], "bob");
}

#[tokio::test]
async fn an_address_is_free_again_and_the_number_never_is() {
    let app = Appliance::start().await;
    let (admin, ada, bob, event) = morning(&app).await;
    delete(&app, &admin, ada.id).await.expect(204);
    delete(&app, &admin, bob.id).await.expect(204);
    let again = app.person("ada").await;
    assert_eq!(again.id, 4, "neither 2 nor 3");
    let history = app.get("/me/attendance", Some(&again)).await.expect(200);
    assert_eq!(history["items"], json!([]));
    let page = attendance(&app, &admin, &event, "en").await;
    assert!(page["items"].as_array().unwrap().iter().all(|row| row["is_deleted"] == true));
}

#[tokio::test]
async fn an_event_to_come_no_longer_expects_who_is_gone() {
    let app = Appliance::start().await;
    let (admin, ada, bob) = (app.admin().await, app.person("ada").await, app.person("bob").await);
    let body = json!({ "name": "Domani", "date": "2026-11-24", "expected": [ada.id, bob.id] });
    let event = app.post("/events", Some(&admin), body).await.expect(201);
    let path = format!("/events/{}", event["event_id"].as_str().unwrap());
    delete(&app, &admin, ada.id).await.expect(204);
    let event = app.get(&path, Some(&admin)).await.expect(200);
    assert_eq!(event["expected"], json!([bob.id]), "{event}");
    let again = json!({ "is_active": false });
    app.patch(&path, &admin, again).await.expect(200);
}

#[tokio::test]
async fn a_crash_between_the_two_files_is_made_good_by_the_next_start() {
    let app = Appliance::start().await;
    let (_, ada, _, event) = morning(&app).await;
    let clock = app.clock.clone();
    let data = app.stop().await;
    delete_and_crash(&data, ada.id).await;
    let app = Appliance::start_in(data, clock.clone(), &[]).await;
    let admin = app.login("capo").await;
    let erased = |all: &[Value]| all.iter().any(|entry| entry["action"] == "profile.erased");
    let entries = app.audit_until(&admin, erased).await;
    let deletions: Vec<_> =
        entries.iter().filter(|entry| entry["action"] == "user.deleted").collect();
    assert_eq!(deletions.len(), 1);
    let page = attendance(&app, &admin, &event, "en").await;
    assert_eq!(page["items"][0]["name"], "Deleted person");

    // Another start finds nothing left to do.
    let app = Appliance::start_in(app.stop().await, clock, &[]).await;
    let admin = app.login("capo").await;
    let logins =
        |all: &[Value]| all.iter().filter(|entry| entry["action"] == "login.success").count() >= 5;
    let entries = app.audit_until(&admin, logins).await;
    let erasures = entries.iter().filter(|entry| entry["action"] == "profile.erased");
    assert_eq!(erasures.count(), 1);
}

#[tokio::test]
async fn no_file_holds_the_name_of_somebody_who_was_deleted_as_anything_that_reads() {
    let app = Appliance::start().await;
    let (admin, ..) = morning(&app).await;
    let body = json!({
        "email": "zaphodbeeblebrox@example.org", "password": PASSWORD, "name": "Zaphodius",
        "surname": "Beeblebrocci",
    });
    let person = app.post("/auth/register", None, body).await.expect(201);
    let person = (app.login("zaphodbeeblebrox").await, person["id"].as_u64().unwrap());
    app.patch("/me", &person.0, json!({ "name": "Zaphodius II" })).await.expect(200);
    delete(&app, &admin, person.1).await.expect(204);
    let erased = |all: &[Value]| all.iter().any(|entry| entry["action"] == "profile.erased");
    app.audit_until(&admin, erased).await;
    let export = app.get("/me/export", Some(&admin)).await.expect(200);
    let mut texts = vec![export.to_string()];
    for path in ["/users?limit=200", "/audit?limit=200", "/events", "/dashboard/insights"] {
        texts.push(app.get(path, Some(&admin)).await.expect(200).to_string());
    }
    for text in texts {
        assert!(!text.to_lowercase().contains("zaphod"), "{text}");
        assert!(!text.contains("Beeblebrocci"), "{text}");
    }
}
