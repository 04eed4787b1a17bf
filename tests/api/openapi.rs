//! The document that describes the API. Whether the API keeps to what it says of callers is in `matrix`.

use std::collections::BTreeSet;

use appliance::{
    config::{Config, ConfigSources},
    server::openapi_document,
};
use reqwest::Method;
use serde_json::Value;

use crate::support::Appliance;

pub fn document() -> Value {
    let config = Config::load(&ConfigSources::default()).unwrap();
    serde_json::from_str(&openapi_document(&config).unwrap()).unwrap()
}

pub struct Operation {
    pub id: String,
    pub method: Method,
    /// The path of something that may exist.
    pub path: String,
    /// The path as the document has it.
    pub template: String,
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
                template: path.clone(),
                described: described.clone(),
            });
        }
    }
    operations
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let config = Config::load(&ConfigSources::default()).unwrap();
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

#[tokio::test]
async fn every_operation_that_asks_for_no_credentials_takes_small_bodies() {
    let app = Appliance::start_with(&[("rate_limit.enabled", "false")]).await;
    let admin = app.admin().await;
    let mut open = 0;
    for Operation { id, method, path, described, .. } in operations(&document()) {
        let asks_for_none = described["security"].as_array().is_none_or(Vec::is_empty);
        if !asks_for_none || described["requestBody"].is_null() {
            continue;
        }
        open += 1;
        for token in ["", &admin.access_token] {
            // Announced, and without a length, when only what came can be counted.
            let body = vec![b' '; 20_000];
            let pieces = body.chunks(5_000).map(|piece| Ok(piece.to_vec()));
            let pieces = futures_util::stream::iter(pieces.collect::<Vec<std::io::Result<_>>>());
            for body in [body.clone().into(), reqwest::Body::wrap_stream(pieces)] {
                let request = app.client.request(method.clone(), app.url(&path)).body(body);
                let request = request.header("content-type", "application/json");
                let request = if token.is_empty() { request } else { request.bearer_auth(token) };
                let answer = app.send(request).await;
                assert_eq!(answer.status, 413, "{id}: {}", answer.text());
            }
        }
    }
    assert!(open >= 7, "{open}");
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
