//! Pages, cursors and limits of lists, and paths that name nobody.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, Person};

async fn with_cursor(app: &Appliance, admin: &Person, path: &str, cursor: &str) -> Answer {
    app.get(&format!("{path}?limit=1&cursor={cursor}"), Some(admin)).await
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_as_it_was_given() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    app.person("ada").await;
    app.event(&admin, "Prima", "static").await;
    app.event(&admin, "Seconda", "static").await;
    let lines = r#"{"social":"x","timestamp":"2026-11-23T08:30:00Z","content":"","status":"a"}"#;
    let lines = format!("{lines}\n{lines}");
    app.post_bytes("/social/logs", Some(&admin), "application/x-ndjson", lines).await.expect(201);
    let seconda =
        |entries: &[Value]| entries.iter().any(|e| e["target"] == "event:seconda-2026-11-23");
    app.audit_until(&admin, seconda).await;

    let lists = ["/users", "/events", "/social/logs", "/audit"];
    for list in lists {
        let first = app.get(&format!("{list}?limit=1"), Some(&admin)).await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap().to_owned();
        let second = with_cursor(&app, &admin, list, &cursor).await.expect(200);
        assert_ne!(second["items"], first["items"], "{list}");
        assert_eq!(second["items"].as_array().unwrap().len(), 1);
        for other in lists.iter().filter(|other| **other != list) {
            let answer = with_cursor(&app, &admin, other, &cursor).await;
            answer.expect_problem(400, "CURSOR_INVALID");
        }
        let mut changed = cursor.clone().into_bytes();
        changed[3] = if changed[3] == b'7' { b'8' } else { b'7' };
        let changed = String::from_utf8(changed).unwrap();
        for bad in [&*changed, &cursor[..cursor.len() - 1], "", "0", "1", "x", "%00", "💥"] {
            let answer = with_cursor(&app, &admin, list, bad).await;
            answer.expect_problem(400, "CURSOR_INVALID");
        }
    }
}

#[tokio::test]
async fn a_limit_stays_within_its_bounds_or_is_refused() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    for name in ["ada", "bob"] {
        app.person(name).await;
    }
    for (limit, rows) in [("0", 1), ("1", 1), ("2", 2), ("200", 3), ("4294967295", 3)] {
        let page = app.get(&format!("/users?limit={limit}"), Some(&admin)).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), rows, "{limit}");
    }
    for limit in ["-1", "4294967296", "1.5", "x", "", "%20"] {
        let answer = app.get(&format!("/users?limit={limit}"), Some(&admin)).await;
        let problem = answer.expect_problem(400, "INVALID_PARAMETER");
        assert_eq!(problem["errors"][0]["field"], "limit", "{limit}");
    }
}

#[tokio::test]
async fn a_path_that_names_nobody_changes_nobody() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let role = json!({ "role": "staff" });
    let cases = [
        ("0", 404, "USER_NOT_FOUND"),
        ("2", 404, "USER_NOT_FOUND"),
        ("18446744073709551615", 404, "USER_NOT_FOUND"),
        ("18446744073709551616", 400, "INVALID_PARAMETER"),
        ("-1", 400, "INVALID_PARAMETER"),
        ("one", 400, "INVALID_PARAMETER"),
    ];
    for (id, status, code) in cases {
        let path = format!("/users/{id}/role");
        let answer = app.api(reqwest::Method::PUT, &path, Some(&admin), Some(role.clone())).await;
        answer.expect_problem(status, code);
    }
    for role in ["owner", "", "ADMIN"] {
        let problem = app.set_role(&admin, 1, role).await.expect_problem(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["field"], "role", "{role}");
    }
}
