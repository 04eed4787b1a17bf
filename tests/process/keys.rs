//! `appliance api-key`, `appliance invite` and `appliance keys`: on a stopped appliance and a running one.

use serde_json::{Value, json};

use crate::{
    program::{Finished, Home},
    running::Running,
    site::Site,
    support::{PASSWORD, Person},
};

/// `api-key create` with these options.
fn create_key(home: &Home, options: &[&str]) -> Finished {
    home.run(&[&["api-key", "create"], options].concat())
}

/// Whoever shows a secret.
fn bearing(secret: &str) -> Person {
    Person {
        id: 0,
        email: String::new(),
        access_token: secret.trim().to_owned(),
        refresh_token: String::new(),
    }
}

fn post() -> Value {
    json!({
        "social": "instagram", "timestamp": "2026-11-23T09:30:00+01:00", "content": "Ciao",
        "status": "published",
    })
}

#[test]
fn the_secret_of_a_key_is_all_that_is_printed_and_only_once() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let options = ["--name", "Sonda", "--scopes", "social:write, social:read"];
    let made = create_key(&home, &options).expect(0);
    let secret = made.stdout.trim_end();
    assert!(secret.starts_with("ak_") && secret.len() == 80, "{}", made.stdout);
    assert!(made.stderr.contains("data directory: data"), "{}", made.stderr);
    assert!(made.stderr.contains("acts for capo for good: social:write, social:read"));
    assert!(!made.stderr.contains(secret));
    let listed = home.run(&["api-key", "list"]).expect(0).stdout;
    let fields: Vec<_> = listed.trim_end().split('\t').collect();
    assert_eq!(fields[1..], ["capo", "social:write,social:read", "never", "never", "Sonda"]);
    let listed = home.run(&["api-key", "list", "--json"]).expect(0);
    assert_eq!(listed.json()[0]["owner"], "capo");
    assert!(!listed.stdout.contains(&secret[30..]));
}

#[test]
fn a_key_is_made_for_whoever_is_named_and_ends_when_it_is_told() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    home.create_user("ada", "user").expect(0);
    let options = ["--name", "a", "--scopes", "social:write", "--owner", "ADA@example.org"];
    let options = [&options[..], &["--expires-in-days", "30", "--json"]].concat();
    let made = create_key(&home, &options).expect(0).json();
    assert_eq!((&made["owner_id"], &made["owner"]), (&2.into(), &"ada".into()));
    assert!(made["expires_at"].is_string() && made["secret"].is_string());
}

#[test]
fn a_key_that_makes_no_sense_is_refused() {
    let home = Home::default();
    let options = ["--name", "a", "--scopes", "social:write"];
    create_key(&home, &options).expect_error(3, &["data"]);
    home.create_user("ada", "user").expect(0);
    create_key(&home, &options).expect_error(3, &["--owner"]);
    let nobody = [&options[..], &["--owner", "nessuno"]].concat();
    create_key(&home, &nobody).expect_error(3, &["no such user"]);
    let owner = ["--owner", "ada"];
    let scopes = [&["--name", "a", "--scopes", "everything"], &owner[..]].concat();
    create_key(&home, &scopes).expect_error(2, &["a scope is one of social:write"]);
    let name = [&["--name", " ", "--scopes", "social:write"], &owner[..]].concat();
    create_key(&home, &name).expect_error(2, &["name must not be empty"]);
    create_key(&home, &["--name", "a"]).expect_error(2, &["--scopes"]);
    home.run(&["api-key", "revoke", "x"]).expect_error(3, &["no such API key"]);
    assert_eq!(home.run(&["api-key", "list"]).expect(0).stdout, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_the_command_line_works_until_it_is_revoked_there() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let options = ["--name", "a", "--scopes", "social:write"];
    let before = create_key(&home, &options).expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let while_running = create_key(&home, &options).expect(0);
    for made in [&before, &while_running] {
        let key = bearing(&made.stdout);
        site.post("/social/logs", Some(&key), post()).await.expect(201);
    }
    let listed = home.run(&["api-key", "list", "--json"]).expect(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(listed.as_array().unwrap().iter().all(|key| key["last_network"] == "127.0.0.1"));
    for key in listed.as_array().unwrap() {
        home.run(&["api-key", "revoke", key["id"].as_str().unwrap()]).expect(0);
    }
    for made in [&before, &while_running] {
        let key = bearing(&made.stdout);
        let refused = site.post("/social/logs", Some(&key), post()).await;
        refused.expect_problem(401, "KEY_INVALID");
    }
    let admin = site.login("capo").await;
    let revoked = site.audit(&admin, "api_key.revoked", 2).await;
    assert!(revoked.iter().all(|entry| entry["actor"]["kind"] == "command_line"));
    let said = running.stop().stderr;
    for secret in [&before.stdout, &while_running.stdout] {
        assert!(!said.contains(&secret.trim()[30..]), "a secret was logged");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_of_the_command_line_makes_accounts() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let create = ["invite", "create", "--uses", "2", "--role", "staff", "--note", "Docenti"];
    let before = home.run(&create).expect(0);
    let running = Running::start_with(&home, &["auth.registration=invite"]);
    let site = Site::of(&home, &running);
    let while_running = home.run(&create).expect(0);
    for (name, made) in [("ada", &before), ("bob", &while_running)] {
        let (code, url) = made.stdout.trim_end().split_once('\t').unwrap();
        assert!(url.ends_with(&format!("/app/register#{code}")), "{url}");
        assert!(!made.stderr.contains(code), "{}", made.stderr);
        let body = json!({
            "email": format!("{name}@example.org"), "password": PASSWORD, "name": name,
            "surname": "Prova", "invite": code,
        });
        let person = site.post("/auth/register", None, body).await.expect(201);
        assert_eq!(person["role"], "staff");
    }
    let listed = home.run(&["invite", "list", "--json"]).expect(0).json();
    for invitation in listed.as_array().unwrap() {
        assert_eq!((&invitation["uses_left"], &invitation["uses"]), (&1.into(), &2.into()));
        assert_eq!(invitation["created_by"], Value::Null);
        home.run(&["invite", "revoke", invitation["id"].as_str().unwrap()]).expect(0);
    }
    assert_eq!(home.run(&["invite", "list"]).expect(0).stdout, "");
}

#[test]
fn an_invitation_that_makes_no_sense_is_refused() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    for (options, words) in [
        (["--uses", "0"], "uses must be from 1 to 10000"),
        (["--role", "admin"], "role must be user or staff"),
        (["--role", "king"], "king"),
        (["--expires-in-days", "366"], "expires_in_days must be from 1 to 365"),
    ] {
        let refused = home.run(&[&["invite", "create"], &options[..]].concat());
        refused.expect_error(2, &[words]);
    }
    home.run(&["invite", "revoke", "x"]).expect_error(3, &["no such invitation"]);
    assert_eq!(home.run(&["invite", "list"]).expect(0).stdout, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_keys_signs_nobody_out() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let stopped = home.run(&["keys", "rotate"]).expect(0);
    assert!(stopped.stderr.contains("key 2 signs access tokens"), "{}", stopped.stderr);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let old = site.login("capo").await;
    let changed = home.run(&["keys", "rotate"]).expect(0);
    assert!(changed.stderr.contains("key 3 signs access tokens"), "{}", changed.stderr);
    let new = site.login("capo").await;
    assert_ne!(head(&old), head(&new), "another key has another name");
    for admin in [&old, &new] {
        site.get("/me", admin).await;
    }
    let rotated = site.audit(&new, "keys.rotated", 2).await;
    assert_eq!(rotated[0]["target"], "signing-key:3");
    assert_eq!(rotated[0]["before"], json!({ "signing_key": 2 }));
    assert!(rotated.iter().all(|entry| entry["actor"]["kind"] == "command_line"));
}

/// The part of an access token that names its key.
fn head(person: &Person) -> &str {
    person.access_token.split('.').next().unwrap()
}
