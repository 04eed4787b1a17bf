//! The document that describes the API, and whether the API keeps to it.

use std::collections::BTreeSet;

use appliance::{
    config::{Config, Sources},
    server::openapi_document,
};
use reqwest::Method;
use serde_json::Value;

use crate::support::Appliance;

/// What anyone may do without signing in.
const OPEN: [&str; 8] = [
    "createHold",
    "forgotPassword",
    "getInstance",
    "login",
    "refresh",
    "register",
    "resetPassword",
    "setUp",
];
/// What everyone who is signed in may do.
const FOR_USERS: &[&str] = &[
    "changePassword",
    "confirmSecondFactor",
    "createScan",
    "endOtherSessions",
    "endSession",
    "enrolSecondFactor",
    "exportMe",
    "getMe",
    "getSecondFactor",
    "listSessions",
    "listMyAttendance",
    "listMyAttendanceToday",
    "logout",
    "removeSecondFactor",
    "renewRecoveryCodes",
    "submitSocialLogs",
    "updateMe",
];
/// What staff may not do.
const FOR_ADMINISTRATORS: &[&str] = &[
    "addUser",
    "createApiKey",
    "createBackup",
    "createInvitation",
    "createPasswordReset",
    "deleteUser",
    "downloadBackup",
    "endSessionsOfUser",
    "exportUser",
    "getDashboardHealth",
    "getDashboardInsights",
    "getDashboardLogs",
    "getDashboardSecurity",
    "getDashboardSeries",
    "importUsers",
    "listApiKeys",
    "listAudit",
    "listBackups",
    "listInvitations",
    "resetSecondFactor",
    "revokeApiKey",
    "revokeInvitation",
    "setRole",
    "updateUser",
    "verifyAudit",
];

/// What only a display may do.
const FOR_DISPLAYS: &[&str] = &["getDisplay"];

pub fn document() -> Value {
    let config = Config::load(&Sources::default()).unwrap();
    serde_json::from_str(&openapi_document(&config).unwrap()).unwrap()
}

pub struct Operation {
    pub id: String,
    pub method: Method,
    pub path: String,
    pub described: Value,
}

pub fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            operations.push(Operation {
                id: described["operationId"].as_str().unwrap_or_default().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace("{event_id}", "corso-2026-11-23").replace("{id}", "1"),
                described: described.clone(),
            });
        }
    }
    operations
}

fn is_secured(operation: &Operation) -> bool {
    operation.described["security"].as_array().is_some_and(|ways| !ways.is_empty())
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let config = Config::load(&Sources::default()).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/appliance.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let generated = openapi_document(&config).unwrap();
    assert!(committed == generated, "the API has changed: run `make openapi` and commit the file");
}

#[tokio::test]
async fn the_served_document_is_the_generated_one() {
    let app = Appliance::start().await;
    assert_eq!(app.page("/openapi.json").await.expect(200), document());
}

#[test]
fn every_operation_has_a_name_of_its_own_a_tag_and_a_summary() {
    let operations = operations(&document());
    assert!(operations.len() >= 26, "{}", operations.len());
    let ids: BTreeSet<_> = operations.iter().map(|operation| &operation.id).collect();
    assert_eq!(ids.len(), operations.len());
    for Operation { id, path, described, .. } in &operations {
        assert!(!id.is_empty(), "{path}");
        assert_eq!(described["tags"].as_array().map(Vec::len), Some(1), "{id}");
        assert!(described["summary"].as_str().is_some_and(|words| words.len() > 3), "{id}");
        assert!(path.starts_with("/api/v1/"), "{path}");
    }
}

#[test]
fn every_operation_describes_its_good_answer_and_the_problem() {
    let document = document();
    for Operation { id, described, .. } in operations(&document) {
        let responses = described["responses"].as_object().unwrap();
        let problem = &responses["default"]["content"];
        let schema = &problem["application/problem+json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/Problem", "{id}");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{id}");
    }
    let members = document["components"]["schemas"]["Problem"]["properties"].as_object().unwrap();
    let members: Vec<_> = members.keys().map(String::as_str).collect();
    let expected =
        ["code", "detail", "error", "errors", "instance", "request_id", "status", "title", "type"];
    let sorted: BTreeSet<_> = members.into_iter().collect();
    assert_eq!(sorted, BTreeSet::from(expected));
}

#[test]
fn what_is_open_to_anyone_is_known_by_name_and_all_else_is_secured() {
    for operation in operations(&document()) {
        let is_open = OPEN.contains(&operation.id.as_str());
        assert_eq!(is_secured(&operation), !is_open, "{}", operation.id);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    let references: BTreeSet<_> = text
        .split("\"$ref\":\"#/components/schemas/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(references.len() > 10);
    for name in references {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn no_secured_operation_answers_without_a_token() {
    let app = Appliance::start_with(&[("rate_limit.enabled", "false")]).await;
    for operation in operations(&document()).iter().filter(|operation| is_secured(operation)) {
        let request = app.client.request(operation.method.clone(), app.url(&operation.path));
        let answer = app.send(request).await;
        answer.expect_problem(401, "TOKEN_MISSING");
    }
}

#[tokio::test]
async fn a_person_of_a_lower_role_is_refused_before_anything_is_read() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let user = app.person("user").await;
    let staff = app.person_as(&admin, "staff", "staff").await;
    app.event(&admin, "Corso", "static").await;
    let mut refused = (0, 0);
    for operation in operations(&document()).iter().filter(|operation| is_secured(operation)) {
        let id = operation.id.as_str();
        let ask = |token: &str| {
            let request = app.client.request(operation.method.clone(), app.url(&operation.path));
            app.send(request.bearer_auth(token.to_owned()))
        };
        if !FOR_USERS.contains(&id) && !FOR_DISPLAYS.contains(&id) {
            ask(&user.access_token).await.expect_problem(403, "FORBIDDEN");
            refused.0 += 1;
        }
        if FOR_ADMINISTRATORS.contains(&id) {
            ask(&staff.access_token).await.expect_problem(403, "FORBIDDEN");
            refused.1 += 1;
        }
    }
    assert_eq!(refused.1, FOR_ADMINISTRATORS.len());
    assert!(refused.0 >= 13, "{refused:?}");
}

#[tokio::test]
async fn staff_and_administrators_may_do_what_is_theirs() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let staff = app.person_as(&admin, "staff", "staff").await;
    app.event(&staff, "Corso", "static").await;
    let backup = app.client.post(app.url("/api/v1/backups")).bearer_auth(&admin.access_token);
    let backup = app.send(backup).await.expect(201);
    for operation in operations(&document()).iter().filter(|operation| is_secured(operation)) {
        if operation.method != Method::GET || FOR_DISPLAYS.contains(&operation.id.as_str()) {
            continue;
        }
        let person =
            if FOR_ADMINISTRATORS.contains(&operation.id.as_str()) { &admin } else { &staff };
        let path = operation.path.replace("{name}", backup["name"].as_str().unwrap());
        let request = app.client.get(app.url(&path)).bearer_auth(&person.access_token);
        let answer = app.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}
