//! What administrators do about people: find, add, change, disable.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Appliance, PASSWORD, Person};

fn newcomer(name: &str) -> Value {
    json!({ "email": format!("{name}@example.org"), "name": name, "surname": "Prova" })
}

async fn add(app: &Appliance, admin: &Person, body: Value) -> Answer {
    app.post("/users", Some(admin), body).await
}

async fn change(app: &Appliance, admin: &Person, id: u64, changes: Value) -> Answer {
    app.patch(&format!("/users/{id}"), admin, changes).await
}

/// The ids that a question of the list is answered with, and whether there is more.
async fn listed(app: &Appliance, admin: &Person, question: &str) -> (Vec<u64>, Option<String>) {
    let page = app.get(&format!("/users{question}"), Some(admin)).await.expect(200);
    let ids = page["items"].as_array().unwrap().iter().map(|user| user["id"].as_u64().unwrap());
    (ids.collect(), page["next_cursor"].as_str().map(str::to_owned))
}

/// Everybody whom a filter lets through, a few at a time.
async fn all(app: &Appliance, admin: &Person, filter: &str, limit: u32) -> Vec<u64> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let question = format!("?limit={limit}&{filter}{cursor}");
        let (page, next) = listed(app, admin, &question).await;
        assert!(page.len() <= limit as usize);
        ids.extend(page);
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

async fn try_login(app: &Appliance, identifier: &str, password: &str) -> Answer {
    let body = json!({ "identifier": identifier, "password": password });
    app.post("/auth/login", None, body).await
}

#[tokio::test]
async fn people_are_found_by_any_part_of_what_they_are_called_whatever_case_and_accents() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let people = [
        json!({ "email": "jose@a.example", "name": "José", "surname": "Núñez García" }),
        json!({ "email": "mario.rossi@b.example", "name": "Mario", "surname": "Rossi" }),
        json!({ "email": "x@c.example", "username": "joselito", "name": "Łucja", "surname": "Żak" }),
    ];
    for person in people {
        add(&app, &admin, person).await.expect(201);
    }
    let cases: [(&str, &[u64]); 9] = [
        ("jose", &[2, 4]),
        ("JOS%C3%89", &[2, 4]),
        ("nunez", &[2]),
        ("garcia%20jose", &[2]),
        ("b.example", &[3]),
        ("lucja%20zak", &[4]),
        ("rossi%20jose", &[]),
        ("%20", &[1, 2, 3, 4]),
        ("example.org", &[1]),
    ];
    for (search, ids) in cases {
        assert_eq!(listed(&app, &admin, &format!("?search={search}")).await.0, ids, "{search}");
    }
}

#[tokio::test]
async fn a_search_finds_the_name_of_now_and_not_that_of_the_registration() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    app.patch("/me", &ada, json!({ "surname": "Lovelace" })).await.expect(200);
    assert_eq!(listed(&app, &admin, "?search=lovelace").await.0, [ada.id]);
    assert_eq!(listed(&app, &admin, "?search=prova").await.0, [0_u64; 0]);
}

#[tokio::test]
async fn a_filter_goes_on_over_pages_and_neither_skips_nor_repeats() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let mut staff = Vec::new();
    for number in 0..12 {
        let mut body = newcomer(&format!("n{number}"));
        body["role"] = if number % 3 == 0 { "staff" } else { "user" }.into();
        let id = add(&app, &admin, body).await.expect(201)["user"]["id"].as_u64().unwrap();
        if number % 3 == 0 {
            staff.push(id);
        }
    }
    for limit in [1, 2, 3, 5] {
        assert_eq!(all(&app, &admin, "role=staff", limit).await, staff, "{limit}");
        assert_eq!(all(&app, &admin, "search=prova&role=staff", limit).await, staff, "{limit}");
    }
    change(&app, &admin, staff[1], json!({ "status": "disabled" })).await.expect(200);
    assert_eq!(all(&app, &admin, "status=disabled", 1).await, [staff[1]]);
    assert_eq!(all(&app, &admin, "status=active&role=staff", 2).await.len(), staff.len() - 1);
    assert_eq!(all(&app, &admin, "role=admin", 50).await, [admin.id]);
}

#[tokio::test]
async fn a_bad_question_names_its_field() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let long = format!("?search={}", "a".repeat(101));
    let answer = app.get(&format!("/users{long}"), Some(&admin)).await;
    let problem = answer.expect_problem(422, "VALIDATION_FAILED");
    assert_eq!(problem["errors"][0]["field"], "search");
    for (question, field) in [("?role=king", "role"), ("?status=gone", "status")] {
        let answer = app.get(&format!("/users{question}"), Some(&admin)).await;
        let problem = answer.expect_problem(400, "INVALID_PARAMETER");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    app.get("/users?cursor=AAAA", Some(&admin)).await.expect_problem(400, "CURSOR_INVALID");
}

#[tokio::test]
async fn a_person_is_read_by_staff_and_nobody_else() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let staff = app.person_as(&admin, "bob", "staff").await;
    let read = app.get(&format!("/users/{}", ada.id), Some(&staff)).await.expect(200);
    assert_eq!(read["email"], "ada@example.org");
    app.get("/users/1", Some(&ada)).await.expect_problem(403, "FORBIDDEN");
    for method in [Method::PATCH, Method::DELETE] {
        let answer = app.api(method, "/users/2", Some(&staff), Some(json!({}))).await;
        answer.expect_problem(403, "FORBIDDEN");
    }
    for id in ["99", "0", "18446744073709551615"] {
        let answer = app.get(&format!("/users/{id}"), Some(&admin)).await;
        answer.expect_problem(404, "USER_NOT_FOUND");
    }
}

#[tokio::test]
async fn somebody_who_is_added_with_a_password_logs_in_with_it() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let mut body = newcomer("ada");
    body["password"] = PASSWORD.into();
    body["role"] = "staff".into();
    body["language"] = "it".into();
    body["username"] = "Countess".into();
    let added = add(&app, &admin, body).await.expect(201);
    assert_eq!(added["reset"], Value::Null);
    let expected = json!({
        "id": 2, "email": "ada@example.org", "username": "Countess", "name": "ada",
        "surname": "Prova", "role": "staff", "status": "active", "language": "it",
        "created_at": "2026-11-23T07:00:00.000Z", "last_login_at": null,
    });
    assert_eq!(added["user"], expected);
    assert_eq!(app.login("countess").await.id, 2);
}

#[tokio::test]
async fn nobody_logs_in_as_somebody_who_has_no_password() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    add(&app, &admin, newcomer("ada")).await.expect(201);
    for password in ["", " ", PASSWORD, "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"] {
        let refused = try_login(&app, "ada@example.org", password).await;
        refused.expect_problem(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn an_address_or_a_username_that_is_taken_is_not_added_again() {
    let app = Appliance::start().await;
    let (admin, _) = (app.admin().await, app.person("ada").await);
    let taken = add(&app, &admin, newcomer("ADA")).await;
    taken.expect_problem(409, "USER_EXISTS");
    let mut body = newcomer("bob");
    body["username"] = "Ada".into();
    add(&app, &admin, body).await.expect_problem(409, "USERNAME_TAKEN");
}

#[tokio::test]
async fn every_bad_field_of_a_newcomer_and_of_a_change_is_named_at_once() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let fields = |problem: &Value| -> Vec<String> {
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    let bad =
        json!({ "email": "x", "name": "", "surname": "\u{7}", "username": "a b", "password": "x" });
    let answer = add(&app, &admin, bad.clone()).await;
    let problem = answer.expect_problem(422, "VALIDATION_FAILED");
    assert_eq!(fields(&problem), ["email", "username", "name", "surname", "password"]);
    let mut changes = bad;
    changes.as_object_mut().unwrap().remove("password");
    let answer = change(&app, &admin, 1, changes).await;
    let problem = answer.expect_problem(422, "VALIDATION_FAILED");
    assert_eq!(fields(&problem), ["email", "username", "name", "surname"]);
    for unknown in [json!({ "role": "admin" }), json!({ "id": 7 }), json!({ "status": "gone" })] {
        change(&app, &admin, 1, unknown).await.expect_problem(422, "VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn a_changed_address_and_username_work_at_once_and_free_the_old_ones() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let changes = json!({
        "email": "countess@example.org", "username": "countess", "name": "Augusta", "language": "it",
    });
    let answer = change(&app, &admin, ada.id, changes).await.expect(200);
    for (field, value) in [
        ("email", "countess@example.org"),
        ("username", "countess"),
        ("name", "Augusta"),
        ("surname", "Prova"),
        ("language", "it"),
    ] {
        assert_eq!(answer[field], value, "{field}");
    }
    assert_eq!(app.get("/me", Some(&ada)).await.expect(200), answer, "the very next request");
    for identifier in ["countess", "COUNTESS@example.org"] {
        assert_eq!(app.login(identifier).await.id, ada.id);
    }
    for identifier in ["ada", "ada@example.org"] {
        try_login(&app, identifier, PASSWORD).await.expect_problem(401, "INVALID_CREDENTIALS");
    }
    assert_ne!(app.person("ada").await.id, ada.id, "address and username are free");
}

#[tokio::test]
async fn an_address_changes_its_case_and_nothing_is_in_its_own_way() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let changes = json!({ "email": "ADA@example.org", "username": "Ada" });
    change(&app, &admin, ada.id, changes).await.expect(200);
    assert_eq!(app.login("ada@example.org").await.email, "ADA@example.org");
    assert_eq!(app.login("ada").await.id, ada.id);
}

#[tokio::test]
async fn a_change_to_what_is_anothers_is_refused_whole() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    app.person("bob").await;
    let before = app.get("/me", Some(&ada)).await.expect(200);
    let email = json!({ "email": "BOB@example.org", "name": "X", "username": "free" });
    change(&app, &admin, ada.id, email).await.expect_problem(409, "USER_EXISTS");
    let username = json!({ "email": "free@example.org", "name": "X", "username": "BOB" });
    change(&app, &admin, ada.id, username).await.expect_problem(409, "USERNAME_TAKEN");
    change(&app, &admin, 99, json!({ "name": "X" })).await.expect_problem(404, "USER_NOT_FOUND");
    assert_eq!(app.get("/me", Some(&ada)).await.expect(200), before);
}

#[tokio::test]
async fn somebody_who_is_disabled_is_out_with_the_next_request_and_back_when_enabled() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    app.get("/me", Some(&ada)).await.expect(200);
    let disabled = change(&app, &admin, ada.id, json!({ "status": "disabled" })).await.expect(200);
    assert_eq!(disabled["status"], "disabled");
    app.get("/me", Some(&ada)).await.expect_problem(401, "SESSION_ENDED");
    let refresh = json!({ "refresh_token": ada.refresh_token });
    app.post("/auth/refresh", None, refresh.clone()).await.expect_problem(401, "REFRESH_INVALID");
    try_login(&app, "ada", PASSWORD).await.expect_problem(403, "ACCOUNT_DISABLED");

    change(&app, &admin, ada.id, json!({ "status": "active" })).await.expect(200);
    app.get("/me", Some(&ada)).await.expect_problem(401, "SESSION_ENDED");
    app.post("/auth/refresh", None, refresh).await.expect_problem(401, "REFRESH_INVALID");
    assert_eq!(app.login("ada").await.id, ada.id);
}

#[tokio::test]
async fn nobody_demotes_disables_or_deletes_themselves() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    app.person_as(&admin, "vice", "admin").await;
    app.set_role(&admin, admin.id, "user").await.expect_problem(409, "OWN_ROLE");
    let own = change(&app, &admin, admin.id, json!({ "status": "disabled", "name": "X" })).await;
    own.expect_problem(409, "OWN_STATUS");
    let path = format!("/users/{}", admin.id);
    app.delete(&path, &admin).await.expect_problem(409, "OWN_ACCOUNT");
    let me = app.get("/me", Some(&admin)).await.expect(200);
    assert_eq!((&me["role"], &me["name"]), (&json!("admin"), &json!("Clara")));
    change(&app, &admin, admin.id, json!({ "status": "active", "name": "Y" })).await.expect(200);
}

#[tokio::test]
async fn of_two_administrators_who_disable_each_other_one_remains() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let vice = app.person_as(&admin, "vice", "admin").await;
    let disabled = || json!({ "status": "disabled" });
    let (first, second) = tokio::join!(
        change(&app, &admin, vice.id, disabled()),
        change(&app, &vice, admin.id, disabled()),
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [200, 401] || statuses == [200, 409], "{statuses:?}");
    let mut left = 0;
    for person in [&admin, &vice] {
        left += usize::from(app.get("/users", Some(person)).await.status == 200);
    }
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_disabled_administrator_does_not_count_and_may_be_demoted() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let vice = app.person_as(&admin, "vice", "admin").await;
    change(&app, &admin, vice.id, json!({ "status": "disabled" })).await.expect(200);
    app.set_role(&admin, vice.id, "user").await.expect(200);
}

#[tokio::test]
async fn what_is_done_about_people_is_in_the_trail_by_number_and_without_names() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let mut body = newcomer("findling");
    body["username"] = "findling-user".into();
    let id = add(&app, &admin, body).await.expect(201)["user"]["id"].as_u64().unwrap();
    let changes =
        json!({ "email": "wanderer@example.org", "name": "Namenlos", "status": "disabled" });
    change(&app, &admin, id, changes).await.expect(200);
    change(&app, &admin, id, json!({ "status": "active" })).await.expect(200);
    let ada = app.person("ada").await;
    let own = json!({ "username": "umbenannt", "surname": "Heimlich", "language": "it" });
    app.patch("/me", &ada, own).await.expect(200);
    app.delete(&format!("/users/{id}"), &admin).await.expect(204);
    let actions = [
        "user.created",
        "user.updated",
        "user.disabled",
        "user.enabled",
        "user.deleted",
        "profile.updated",
        "profile.erased",
        "user.renamed",
        "user.registered",
        "setup.completed",
    ];
    let is_there = |all: &[Value], action: &str| all.iter().any(|entry| entry["action"] == action);
    let entries = app.audit_until(&admin, |all| actions.iter().all(|one| is_there(all, one))).await;
    let text = json!(entries).to_string().to_lowercase();
    for name in [
        "findling",
        "wanderer",
        "namenlos",
        "umbenannt",
        "heimlich",
        "clara",
        "example.org",
        "capo",
    ] {
        assert!(!text.contains(name), "{name} is in the trail: {text}");
    }
    let updated = entries.iter().find(|entry| entry["action"] == "user.updated").unwrap();
    assert_eq!(updated["target"], format!("user:{id}"));
    assert_eq!(updated["after"], json!({ "changed": ["email"] }));
    assert_eq!(updated["actor"], json!({ "kind": "user", "id": admin.id }));
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_no_entry() {
    let app = Appliance::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada").await);
    let same = json!({ "email": "ada@example.org", "username": "ada", "status": "active" });
    change(&app, &admin, ada.id, same).await.expect(200);
    app.set_role(&admin, ada.id, "staff").await.expect(200);
    let is_changed = |all: &[Value]| all.iter().any(|entry| entry["action"] == "role.changed");
    let entries = app.audit_until(&admin, is_changed).await;
    assert!(entries.iter().all(|entry| entry["action"] != "user.updated"), "{entries:?}");
}
