//! How much of the feed one may fill, what makes room for what, and how posts are taken away again.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Appliance, DataHome, Person};

/// Two of these take 32 KiB.
const LARGE: usize = 10_000;

fn line(social: &str, content: &str) -> String {
    json!({
        "social": social, "timestamp": "2026-11-23T09:30:00+01:00", "content": content,
        "status": "published",
    })
    .to_string()
}

/// So many posts of 16 KiB.
fn large(social: &str, count: usize) -> String {
    vec![line(social, &"x".repeat(LARGE)); count].join("\n")
}

async fn submit(app: &Appliance, who: &Person, key: Option<&str>, body: String) -> Answer {
    let mut request = app.client.post(app.url("/api/v1/social/logs"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let request = request.bearer_auth(&who.access_token);
    app.send(request.header("content-type", "application/x-ndjson").body(body)).await
}

/// An API key of `owner` that reports posts.
async fn machine(app: &Appliance, admin: &Person, owner: &Person) -> Person {
    let body = json!({ "name": "Sonda", "scopes": ["social:write"], "owner_id": owner.id });
    let made = app.post("/auth/api-keys", Some(admin), body).await.expect(201);
    let secret = made["secret"].as_str().unwrap().to_owned();
    Person {
        id: owner.id,
        email: String::new(),
        access_token: secret,
        refresh_token: String::new(),
    }
}

async fn socials(app: &Appliance, staff: &Person, query: &str) -> Vec<String> {
    let page = app.get(&format!("/social/logs?limit=200{query}"), Some(staff)).await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["social"].as_str().unwrap().to_owned()).collect()
}

async fn count(app: &Appliance, admin: &Person) -> u64 {
    app.get("/social/size", Some(admin)).await.expect(200)["posts"].as_u64().unwrap()
}

/// Removes what a query says.
async fn remove(app: &Appliance, who: &Person, query: &str) -> Answer {
    app.api(Method::DELETE, &format!("/social/logs{query}"), Some(who), None).await
}

#[tokio::test]
async fn a_person_may_send_so_many_bytes_a_day_and_is_told_when_they_may_again() {
    let app = Appliance::start_with(&[("social.person_mib_per_day", "1")]).await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    submit(&app, &ada, None, large("a", 63)).await.expect(201);
    let refused = submit(&app, &ada, None, large("a", 2)).await;
    let problem = refused.expect_problem(429, "QUOTA_EXCEEDED");
    assert!(problem["detail"].as_str().unwrap().contains("16384 of 1048576"), "{problem}");
    // It is 07:00 in UTC.
    assert_eq!(refused.header("retry-after"), "61200");
    submit(&app, &ada, None, large("a", 1)).await.expect(201);
    submit(&app, &ada, None, line("a", "")).await.expect_problem(429, "QUOTA_EXCEEDED");
    assert_eq!(count(&app, &admin).await, 64);
    app.person("bea").await;
    submit(&app, &app.login("bea").await, None, large("b", 64)).await.expect(201);
    app.advance(61_199);
    let ada = app.login("ada").await;
    submit(&app, &ada, None, line("a", "")).await.expect_problem(429, "QUOTA_EXCEEDED");
    app.advance(1);
    submit(&app, &ada, None, large("a", 64)).await.expect(201);
}

#[tokio::test]
async fn posts_without_a_word_and_remembered_submissions_count_too() {
    let app = Appliance::start_with(&[("social.person_mib_per_day", "1")]).await;
    let (_admin, ada) = (app.admin().await, app.person("ada").await);
    let empty = || vec![line("x", ""); 1_000].join("\n");
    // 128 bytes, one letter of a network and nine of a status each.
    for _ in 0..7 {
        submit(&app, &ada, None, empty()).await.expect(201);
    }
    submit(&app, &ada, None, empty()).await.expect_problem(429, "QUOTA_EXCEEDED");
    let mut sent = 0;
    let refused = loop {
        let answer = submit(&app, &ada, Some(&format!("key-{sent}")), line("x", "")).await;
        if answer.status != 201 {
            break answer;
        }
        sent += 1;
    };
    refused.expect_problem(429, "QUOTA_EXCEEDED");
    assert_eq!(sent, (1_048_576 - 7 * 138_000) / (138 + 512));
    // What was answered before is answered again.
    submit(&app, &ada, Some("key-0"), line("x", "")).await.expect(201);
}

#[tokio::test]
async fn more_than_a_day_holds_is_too_large_whenever_it_comes() {
    let app = Appliance::start_with(&[("social.person_mib_per_day", "1")]).await;
    let (_admin, ada) = (app.admin().await, app.person("ada").await);
    let refused = submit(&app, &ada, None, large("a", 65)).await;
    refused.expect_problem(413, "QUOTA_EXCEEDED");
    assert_eq!(refused.header("retry-after"), "");
}

#[tokio::test]
async fn an_api_key_has_a_quota_of_its_own_and_its_posts_say_so() {
    let settings = [("social.person_mib_per_day", "1"), ("social.key_mib_per_day", "2")];
    let app = Appliance::start_with(&settings).await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let (one, two) = (machine(&app, &admin, &ada).await, machine(&app, &admin, &ada).await);
    submit(&app, &one, None, large("one", 128)).await.expect(201);
    submit(&app, &one, None, line("one", "")).await.expect_problem(429, "QUOTA_EXCEEDED");
    submit(&app, &two, None, line("two", "")).await.expect(201);
    submit(&app, &ada, None, line("ada", "")).await.expect(201);
    let page = app.get("/social/logs?limit=2", Some(&admin)).await.expect(200);
    let authors: Vec<_> = page["items"].as_array().unwrap().iter().map(|i| &i["author"]).collect();
    assert_eq!(*authors[0], json!({ "kind": "user", "id": ada.id }));
    assert!(authors[1]["key"].as_str().unwrap().starts_with("api-key:"), "{page}");
    assert_eq!(authors[1]["id"], ada.id);
}

#[tokio::test]
async fn who_may_post_is_configured() {
    for (who, expected) in [
        ("[\"key\"]", [403, 403, 201]),
        ("[\"staff\", \"key\"]", [403, 201, 201]),
        ("[\"user\"]", [201, 201, 403]),
        ("[]", [403, 403, 403]),
    ] {
        let app = Appliance::start_with(&[("social.who_may_post", who)]).await;
        let (admin, ada) = (app.admin().await, app.person("ada").await);
        let staff = app.person_as(&admin, "bob", "staff").await;
        let key = machine(&app, &admin, &ada).await;
        for (person, status) in [&ada, &staff, &key].into_iter().zip(expected) {
            let answer = submit(&app, person, None, line("a", "")).await;
            if status == 403 {
                answer.expect_problem(403, "POSTING_NOT_ALLOWED");
            } else {
                answer.expect(status);
            }
        }
    }
}

#[tokio::test]
async fn posts_of_people_make_room_for_one_another_and_never_push_out_those_of_machines() {
    // A quarter is for people: 1 MiB, and 64 large posts.
    let app = Appliance::start_with(&[("social.total_mib", "4")]).await;
    let admin = app.admin().await;
    let collector = machine(&app, &admin, &admin).await;
    submit(&app, &collector, None, large("collector", 128)).await.expect(201);
    let small = app.person("ada").await;
    submit(&app, &small, None, large("small", 4)).await.expect(201);
    for name in ["bea", "cleo", "dora"] {
        let many = app.person(name).await;
        for _ in 0..4 {
            submit(&app, &many, None, large(name, 16)).await.expect(201);
        }
    }
    let of = |social: &str| format!("&social={social}");
    assert_eq!(socials(&app, &admin, &of("collector")).await.len(), 128);
    assert_eq!(socials(&app, &admin, &of("small")).await.len(), 4, "they had the least");
    let of_people = count(&app, &admin).await - 128;
    assert_eq!(of_people, 64);
    // The next day: no quota is larger than everything may be.
    app.advance(86_400);
    let admin = app.login("capo").await;
    submit(&app, &collector, None, large("collector", 192)).await.expect(201);
    let size = app.get("/social/size", Some(&admin)).await.expect(200);
    assert!(size["bytes"].as_u64() <= size["bound_bytes"].as_u64(), "{size}");
    assert_eq!(socials(&app, &admin, &of("small")).await.len(), 4);
}

#[tokio::test]
async fn an_administrator_removes_posts_by_author_network_and_time_and_that_is_noted() {
    let app = Appliance::start().await;
    let (admin, ada, bea) = (app.admin().await, app.person("ada").await, app.person("bea").await);
    let key = machine(&app, &admin, &ada).await;
    submit(&app, &bea, None, [line("b", "one"), line("c", "two")].join("\n")).await.expect(201);
    submit(&app, &ada, None, line("a", "own")).await.expect(201);
    submit(&app, &key, None, vec![line("k", "by key"); 900].join("\n")).await.expect(201);
    app.advance(60);
    submit(&app, &ada, None, line("late", "")).await.expect(201);
    remove(&app, &admin, "").await.expect_problem(422, "FILTER_REQUIRED");
    remove(&app, &admin, "?text=").await.expect_problem(422, "FILTER_REQUIRED");
    remove(&app, &admin, "?author=ada").await.expect_problem(422, "VALIDATION_FAILED");
    remove(&app, &ada, "?author=user:2").await.expect_problem(403, "FORBIDDEN");
    remove(&app, &key, "?author=user:2").await.expect_problem(403, "KEY_NOT_ALLOWED");
    assert_eq!(count(&app, &admin).await, 904);

    let removed = remove(&app, &admin, "?social=c").await.expect(200);
    assert_eq!(removed["removed"], 1);
    let page = app.get("/social/logs?social=k&limit=1", Some(&admin)).await.expect(200);
    let name = page["items"][0]["author"]["key"].as_str().unwrap().to_owned();
    let by_key = remove(&app, &admin, &format!("?author={name}&text=BY")).await.expect(200);
    assert_eq!(by_key["removed"], 900);
    let author = format!("?author=user:{}", ada.id);
    let before = format!("{author}&received_to=2026-11-23T07:00:30Z");
    assert_eq!(remove(&app, &admin, &before).await.expect(200)["removed"], 1);
    assert_eq!(socials(&app, &admin, "").await, ["late", "b"]);
    assert_eq!(remove(&app, &admin, &author).await.expect(200)["removed"], 1);
    assert_eq!(remove(&app, &admin, &author).await.expect(200)["removed"], 0);
    assert_eq!(remove(&app, &admin, "?all=true").await.expect(200)["removed"], 1);
    let size = app.get("/social/size", Some(&admin)).await.expect(200);
    assert_eq!((&size["posts"], &size["bytes"]), (&json!(0), &json!(0)));

    let entries = app.get("/audit?action=social.removed", Some(&admin)).await.expect(200);
    let entries = entries["items"].as_array().unwrap();
    assert_eq!(entries.len(), 6);
    assert_eq!(entries[0]["actor"]["id"], admin.id);
    let by_key = &entries[4]["after"];
    assert_eq!((&by_key["posts"], &by_key["complete"]), (&json!(900), &json!(true)));
    assert_eq!(by_key["filter"], json!({ "author": name, "text": "BY" }));
    assert_eq!(app.get("/audit/verification", Some(&admin)).await.expect(200)["ok"], true);
}

#[tokio::test]
async fn a_post_that_is_older_than_the_days_that_are_configured_goes_by_itself() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    submit(&app, &ada, None, line("old", "")).await.expect(201);
    app.advance(86_400);
    let ada = app.login("ada").await;
    submit(&app, &ada, None, line("new", "")).await.expect(201);
    drop(admin);
    app.advance(1);
    let (clock, data): (_, DataHome) = (app.clock.clone(), app.stop().await);
    let app = Appliance::start_in(data, clock, &[("social.keep_days", "1")]).await;
    let admin = app.login("capo").await;
    let started = Instant::now();
    while count(&app, &admin).await > 1 {
        assert!(started.elapsed() < Duration::from_secs(30), "the old one is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(socials(&app, &admin, "").await, ["new"]);
    let told = |all: &[Value]| all.iter().any(|entry| entry["action"] == "social.expired");
    app.audit_until(&admin, told).await;
}
