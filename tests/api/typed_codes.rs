//! How many typed codes may be wrong.

use serde_json::json;

use crate::support::{Appliance, Person};

#[tokio::test]
async fn whoever_types_too_many_wrong_codes_waits_and_leaves_a_trace_while_others_type_on() {
    let app = Appliance::start().await;
    let (admin, eve, ada) = (app.admin().await, app.person("eve").await, app.person("ada").await);
    let event = app.event(&admin, "Corso", "static").await;
    let shown = app.code(&admin, &event).await;
    let typed = shown["typed_code"].as_str().unwrap().to_owned();
    let right: u64 = typed.parse().unwrap();
    let type_in = async |person: &Person, digits: &str| {
        let body = json!({ "typed_code": digits, "nonce": "nonce-0001" });
        app.post("/scans", Some(person), body).await
    };
    for guess in 1..=20 {
        let digits = format!("{:08}", (right + guess) % 100_000_000);
        type_in(&eve, &digits).await.expect_problem(404, "CODE_INVALID");
    }
    let stopped = type_in(&eve, &typed).await;
    stopped.expect_problem(429, "TOO_MANY_ATTEMPTS");
    assert!((1..=180).contains(&stopped.header("retry-after").parse().unwrap()));
    app.audit_until(&admin, |entries| {
        let noted = entries.iter().filter(|entry| entry["action"] == "scan.guessing");
        noted.map(|entry| entry["target"].clone()).eq([json!(format!("user:{}", eve.id))])
    })
    .await;
    type_in(&ada, &typed).await.expect(201);
    // What is scanned is no guess.
    let code = shown["code"].as_str().unwrap();
    app.scan(&eve, code, "nonce-0002").await.expect(201);
}
