//! Databases of every released version, opened by this one: whatever could be read then can be read now.
//!
//! `make fixtures` keeps those of this version in `tests/fixtures/`, with what the API said about them.
//! Keys, passwords and people in them are of these tests alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use appliance::{clock::Clock, store::compact};
use serde_json::{Map, Value, json};

use crate::support::{Appliance, DataHome, Person, START};

const FILES: [&str; 3] = ["auth.redb", "user.redb", "social_log.redb"];
const ANSWERS: &str = "answers.json";
/// What git and its readers can bear.
const MOST_BYTES: u64 = 200 << 10;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What is asked of every version, and by whom.
const QUESTIONS: [(&str, &str); 9] = [
    ("capo", "/me"),
    ("capo", "/users"),
    ("capo", "/events"),
    ("capo", "/events/corso-2026-11-23"),
    ("capo", "/events/corso-2026-11-23/attendance"),
    ("capo", "/events/corso-2026-11-23/statistics"),
    ("capo", "/social/logs"),
    ("capo", "/audit?limit=200"),
    ("ada", "/me/attendance"),
];

#[tokio::test]
#[ignore = "writes tests/fixtures: make fixtures"]
async fn make() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let (ada, bea) = (app.person("ada").await, app.person_as(&admin, "bea", "staff").await);
    let event = app.event(&admin, "corso", "static").await;
    app.event(&bea, "laboratorio", "rotating").await;
    let code = app.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    app.scan(&ada, &code, "the-nonce-of-ada").await.expect(201);
    app.scan(&bea, &code, "the-nonce-of-bea").await.expect(201);
    let post = json!({
        "social": "instagram", "timestamp": "2026-11-23T09:30:00+01:00", "content": "Ciao",
        "status": "published",
    });
    app.post("/social/logs", Some(&ada), post).await.expect(201);
    app.audit_until(&admin, |items| items.iter().any(|item| item["action"] == "role.changed"))
        .await;
    let mut answers = Map::new();
    for (who, path) in QUESTIONS {
        let who = if who == "ada" { &ada } else { &admin };
        answers.insert(path.to_owned(), app.get(path, Some(who)).await.expect(200));
    }
    let tokens = json!({ "capo": admin.access_token, "ada": ada.access_token });
    let kept = directory().join(env!("CARGO_PKG_VERSION"));
    fs::create_dir_all(&kept).unwrap();
    let data = app.stop().await;
    for file in FILES {
        compact(&data.path().join(file), 1 << 20).unwrap();
        fs::copy(data.path().join(file), kept.join(file)).unwrap();
    }
    let text = serde_json::to_string_pretty(&json!({ "tokens": tokens, "answers": answers }));
    fs::write(kept.join(ANSWERS), text.unwrap() + "\n").unwrap();
}

/// Every released version that was kept.
fn versions() -> Vec<PathBuf> {
    let entries = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let mut versions: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    versions.sort();
    versions
}

/// A copy of the databases of a version, so that nothing here changes them.
fn copy_of(version: &Path) -> DataHome {
    let data = DataHome::default();
    for file in FILES {
        fs::copy(version.join(file), data.path().join(file)).unwrap();
    }
    data
}

/// Whether everything of `old` is in `new`: fields may come, and items of lists.
fn is_in(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            old.iter().all(|(name, value)| new.get(name).is_some_and(|new| is_in(value, new)))
        }
        (Value::Array(old), Value::Array(new)) => {
            old.iter().all(|item| new.iter().any(|new| is_in(item, new)))
        }
        (old, new) => old == new,
    }
}

#[test]
fn the_databases_of_this_version_are_kept_and_small() {
    assert!(versions().iter().any(|path| path.ends_with(env!("CARGO_PKG_VERSION"))));
    for version in versions() {
        for file in FILES {
            let bytes = fs::metadata(version.join(file)).unwrap().len();
            assert!(bytes < MOST_BYTES, "{}/{file}: {bytes}", version.display());
        }
    }
}

#[tokio::test]
async fn what_every_released_version_kept_can_be_read_and_added_to() {
    for version in versions() {
        let kept: Value =
            serde_json::from_slice(&fs::read(version.join(ANSWERS)).unwrap()).unwrap();
        let app = Appliance::start_in(copy_of(&version), Clock::manual(START), &[]).await;
        // The tokens of then are good for as long as they said, by the keys in the file.
        let person = |who: &str| Person {
            id: 0,
            email: String::new(),
            access_token: kept["tokens"][who].as_str().unwrap().to_owned(),
            refresh_token: String::new(),
        };
        for (who, path) in QUESTIONS {
            let old = &kept["answers"][path];
            let new = app.get(path, Some(&person(who))).await.expect(200);
            assert!(is_in(old, &new), "{} {path}:\n{old}\n{new}", version.display());
        }
        let export = app.get("/me/export", Some(&person("ada"))).await.expect(200);
        let attendance = export["attendance"].as_array().unwrap();
        assert!(!attendance.is_empty());
        for row in attendance {
            assert_eq!(row["changes"][0]["status"], row["status"], "{row}");
        }
        let verdict = app.get("/audit/verification", Some(&person("capo"))).await.expect(200);
        assert_eq!(verdict["ok"], true, "{verdict}");
        let admin = app.login("capo@example.org").await;
        app.event(&admin, "nuovo", "rotating").await;
        let everyone = app.get("/users", Some(&admin)).await.expect(200);
        assert_eq!(everyone["items"].as_array().unwrap().len(), 3);
        app.stop().await;
    }
}

#[test]
fn something_that_is_missing_or_different_is_noticed() {
    let old = json!({ "items": [{ "id": 1, "name": "a" }], "next": null });
    assert!(is_in(
        &old,
        &json!({ "items": [{ "id": 2 }, { "id": 1, "name": "a", "x": 0 }], "next": null })
    ));
    assert!(!is_in(&old, &json!({ "items": [{ "id": 1, "name": "b" }], "next": null })));
    assert!(!is_in(&old, &json!({ "items": [{ "id": 1, "name": "a" }] })));
}
