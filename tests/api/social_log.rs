//! What other systems report: one post, many, and the same ones again.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, Person};

fn post(content: &str) -> Value {
    json!({
        "social": "instagram", "timestamp": "2026-11-23T09:30:00+01:00", "content": content,
        "status": "published",
    })
}

async fn submit(app: &Appliance, person: &Person, key: Option<&str>, body: &str) -> Answer {
    let mut request = app.client.post(app.url("/api/v1/social/logs"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let request = request.bearer_auth(&person.access_token);
    app.send(request.header("content-type", "application/x-ndjson").body(body.to_owned())).await
}

async fn contents(app: &Appliance, staff: &Person, query: &str) -> Vec<String> {
    let page = app.get(&format!("/social/logs{query}"), Some(staff)).await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn one_post_comes_back_as_it_was_reported() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let text = "Ciao <b>\n\tmondo</b> 🎓";
    let accepted = app.post("/social/logs", Some(&ada), post(text)).await.expect(201);
    assert_eq!(accepted, json!({ "accepted": 1, "first_id": 1, "last_id": 1 }));
    let log = json!({
        "id": 1, "social": "instagram", "timestamp": "2026-11-23T08:30:00.000Z", "content": text,
        "status": "published", "received_at": "2026-11-23T07:00:00.000Z",
        "author": { "kind": "user", "id": ada.id },
    });
    let list = app.get("/social/logs", Some(&admin)).await.expect(200);
    assert_eq!(list, json!({ "items": [log], "next_cursor": null }));
}

#[tokio::test]
async fn many_posts_are_stored_together_or_not_at_all() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let lines: Vec<_> = (1..=1_000).map(|number| post(&format!("{number}")).to_string()).collect();
    let accepted = submit(&app, &admin, None, &lines.join("\n")).await.expect(201);
    assert_eq!(accepted, json!({ "accepted": 1_000, "first_id": 1, "last_id": 1_000 }));
    let bad = format!("{}\n{{\"social\":1}}\n", post("never"));
    let problem = submit(&app, &admin, None, &bad).await.expect_problem(422, "VALIDATION_FAILED");
    let fields = problem["errors"].as_array().unwrap().iter();
    let mut fields: Vec<_> = fields.map(|error| error["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    let expected = ["lines.2.content", "lines.2.social", "lines.2.status", "lines.2.timestamp"];
    assert_eq!(fields, expected);
    assert_eq!(contents(&app, &admin, "?limit=2").await, ["1000", "999"]);
}

#[tokio::test]
async fn the_same_submission_again_is_answered_again_and_stored_once() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let body = format!("{}\n{}", post("a"), post("b"));
    let first = submit(&app, &ada, Some("key-1"), &body).await.expect(201);
    for _ in 0..3 {
        assert_eq!(submit(&app, &ada, Some("key-1"), &body).await.expect(201), first);
    }
    let other = submit(&app, &ada, Some("key-1"), &post("c").to_string()).await;
    other.expect_problem(409, "IDEMPOTENCY_KEY_REUSED");
    submit(&app, &admin, Some("key-1"), &post("d").to_string()).await.expect(201);
    assert_eq!(contents(&app, &admin, "").await, ["d", "b", "a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_submission_many_times_at_once_is_stored_once() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = post("once").to_string();
    let tries = (0..12).map(|_| submit(&app, &admin, Some("key"), &body));
    for answer in futures_util::future::join_all(tries).await {
        assert_eq!(answer.expect(201)["first_id"], 1);
    }
    assert_eq!(contents(&app, &admin, "").await, ["once"]);
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    submit(&app, &admin, Some("key"), &post("a").to_string()).await.expect(201);
    app.advance(86_399);
    let admin = app.login("capo").await;
    let again = submit(&app, &admin, Some("key"), &post("b").to_string()).await;
    again.expect_problem(409, "IDEMPOTENCY_KEY_REUSED");
    app.advance(1);
    submit(&app, &admin, Some("key"), &post("b").to_string()).await.expect(201);
    assert_eq!(contents(&app, &admin, "").await, ["b", "a"]);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let body = post("a").to_string();
    for key in ["", "two words", &"k".repeat(129)] {
        let answer = submit(&app, &admin, Some(key), &body).await;
        answer.expect_problem(400, "IDEMPOTENCY_KEY_INVALID");
    }
    assert!(contents(&app, &admin, "").await.is_empty());
}

#[tokio::test]
async fn posts_are_found_by_network_status_time_and_text() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let line = |social: &str, hour: u32, content: &str, status: &str| {
        json!({
            "social": social, "timestamp": format!("2026-11-23T{hour:02}:00:00Z"),
            "content": content, "status": status,
        })
        .to_string()
    };
    let lines = [
        line("instagram", 8, "Assemblea È aperta", "published"),
        line("facebook", 9, "Assemblea chiusa", "failed"),
        line("instagram", 10, "Gita", "failed"),
    ];
    submit(&app, &admin, None, &lines.join("\n")).await.expect(201);
    let cases = [
        ("?social=instagram", vec!["Gita", "Assemblea È aperta"]),
        ("?status=failed&social=facebook", vec!["Assemblea chiusa"]),
        ("?text=assemblea%20%C3%A8", vec!["Assemblea È aperta"]),
        ("?from=2026-11-23T09:00:00Z&to=2026-11-23T10:00:00Z", vec!["Assemblea chiusa"]),
        ("?from=2026-11-23T11:00:00%2B01:00", vec!["Gita"]),
        ("?social=x", vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(contents(&app, &admin, query).await, expected, "{query}");
    }
}
