//! `appliance user`: accounts on the command line.

use serde_json::Value;

use crate::{
    program::{Home, finish_with_input},
    running::Running,
    site::Site,
    support::PASSWORD,
};

#[test]
fn an_account_is_made_with_data_on_one_stream_and_words_on_the_other() {
    let home = Home::default();
    let made = home.create_user("ada", "staff").expect(0);
    assert_eq!(made.stdout, "1\tstaff\tada\tada@example.org\tada Prova\n");
    assert!(made.stderr.contains("data directory: data"), "{}", made.stderr);
    assert!(made.stderr.contains("made staff ada"), "{}", made.stderr);
}

#[test]
fn an_account_is_printed_as_json_when_asked() {
    let home = Home::default();
    let account = home.create_user_with("ada", "user", &["--json"]).expect(0).json();
    for (key, value) in [
        ("email", "ada@example.org"),
        ("username", "ada"),
        ("name", "ada"),
        ("surname", "Prova"),
        ("role", "user"),
        ("status", "active"),
    ] {
        assert_eq!(account[key], value, "{key}");
    }
    assert_eq!(account["id"], 1);
    assert_eq!(account["last_login_at"], Value::Null);
}

#[test]
fn a_quiet_verb_says_nothing_but_data() {
    let home = Home::default();
    let made = home.create_user_with("ada", "user", &["--quiet"]).expect(0);
    assert_eq!(made.stderr, "");
    assert_eq!(made.stdout.lines().count(), 1);
    assert_eq!(home.run(&["user", "list", "--quiet"]).expect(0).stderr, "");
}

#[test]
fn a_password_is_never_printed() {
    let home = Home::default();
    let made = home.create_user("ada", "admin").expect(0);
    assert!(!format!("{made:?}").contains(PASSWORD));
}

/// `user create` with this address and password.
fn create(home: &Home, email: &str, password: &str) -> crate::program::Finished {
    let mut command = home.command(&["user", "create", "--email", email, "--password-stdin"]);
    command.args(["--name", "Ada", "--surname", "Prova"]);
    finish_with_input(command, password)
}

#[test]
fn a_weak_password_is_refused_and_nothing_made() {
    let home = Home::default();
    for password in ["", "breve", "ada.prova@example.org"] {
        let refused = create(&home, "ada.prova@example.org", password);
        refused.expect_error(2, &["the password must"]);
    }
    for (password, why) in [("password1", "common"), ("ada.prova", "your name or your address")] {
        let refused = create(&home, "ada.prova@example.org", password);
        refused.expect_error(2, &["the password is too easy to guess", why]);
    }
    assert_eq!(home.run(&["user", "list"]).expect(0).stdout, "");
}

#[test]
fn a_bad_address_is_refused_by_the_name_of_its_option() {
    let home = Home::default();
    for email in ["ada", "ada@", "@example.org", "ada@example..org", "a b@example.org"] {
        create(&home, email, PASSWORD).expect_error(2, &["--email is not an e-mail address"]);
    }
}

#[test]
fn all_that_is_wrong_with_a_new_user_is_said_at_once_and_its_username_is_no_password() {
    let home = Home::default();
    let typed = ["user", "create", "--email", "ada", "--username", "ada.lovelace"];
    let mut command = home.command(&typed);
    command.args(["--name", "", "--surname", "Prova", "--password-stdin"]);
    let refused = finish_with_input(command, "Ada.Lovelace");
    let faults = ["--email is not", "; --name must not be", "; the password must not be your own"];
    refused.expect_error(2, &faults);
}

#[test]
fn a_password_is_taken_from_standard_input_alone() {
    let home = Home::default();
    let arguments = ["user", "create", "--email", "ada@example.org", "--name", "A"];
    let without = [&arguments[..], &["--surname", "P"]].concat();
    home.run(&without).expect_error(2, &["--password-stdin"]);
    let typed = [&arguments[..], &["--surname", "P", "--password", PASSWORD]].concat();
    home.run(&typed).expect_error(2, &["--password"]);
}

#[test]
fn a_taken_address_or_username_is_a_conflict() {
    let home = Home::default();
    home.create_user("ada", "user").expect(0);
    create(&home, "ADA@Example.org", PASSWORD).expect_error(4, &["e-mail address belongs"]);
    home.create_user_with("eva", "user", &["--username", "Ada"])
        .expect_error(4, &["username belongs"]);
    assert_eq!(home.run(&["user", "list"]).expect(0).stdout.lines().count(), 1);
}

#[test]
fn accounts_are_listed_by_id() {
    let home = Home::default();
    for (name, role) in [("capo", "admin"), ("ada", "user"), ("bea", "staff")] {
        home.create_user(name, role).expect(0);
    }
    let listed = home.run(&["user", "list"]).expect(0).stdout;
    let fields: Vec<_> = listed.lines().map(|line| line.split('\t').collect::<Vec<_>>()).collect();
    let ids: Vec<_> = fields.iter().map(|fields| (fields[0], fields[1], fields[2])).collect();
    assert_eq!(ids, [("1", "admin", "capo"), ("2", "user", "ada"), ("3", "staff", "bea")]);
    let json = home.run(&["user", "list", "--json"]).expect(0).json();
    let usernames: Vec<_> = json.as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(usernames, ["capo", "ada", "bea"]);
}

#[test]
fn a_list_of_nobody_is_empty_and_good() {
    let home = Home::default();
    crate::running::Running::start(&home).stop();
    assert_eq!(home.run(&["user", "list"]).expect(0).stdout, "");
    assert_eq!(home.run(&["user", "list", "--json"]).expect(0).json(), Value::Array(vec![]));
}

#[test]
fn a_role_is_given_by_id_address_or_username() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    home.create_user("ada", "user").expect(0);
    for (who, role) in [("2", "staff"), ("ADA@example.org", "user"), ("Ada", "admin")] {
        let changed = home.run(&["user", "set-role", who, role, "--json"]).expect(0);
        assert_eq!((&changed.json()["id"], &changed.json()["role"]), (&2.into(), &role.into()));
        assert!(changed.stderr.contains(&format!("ada is now {role}")), "{}", changed.stderr);
    }
}

#[test]
fn a_role_for_nobody_is_not_found() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    for who in ["7", "nessuno", "nessuno@example.org", "18446744073709551616", ""] {
        home.run(&["user", "set-role", who, "staff"]).expect_error(3, &["no such user"]);
    }
}

#[test]
fn the_last_administrator_stays_one() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    home.run(&["user", "set-role", "capo", "user"])
        .expect_error(4, &["the last administrator must stay one"]);
    let listed = home.run(&["user", "list", "--json"]).expect(0).json();
    assert_eq!(listed[0]["role"], "admin");
}

#[test]
fn a_role_that_is_none_is_wrong_usage() {
    let home = Home::default();
    home.run(&["user", "set-role", "1", "king"]).expect_error(2, &["king"]);
    home.create_user("ada", "king").expect_error(2, &["king"]);
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = home.command(&["user", "list"]);
    command.stdout(writer).stderr(std::process::Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_of_the_command_line_can_log_in_and_has_a_profile_and_a_trail() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    home.create_user("ada", "user").expect(0);
    home.run(&["user", "set-role", "ada", "staff"]).expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let (admin, ada) = (site.login("capo").await, site.login("ada").await);
    let me = site.get("/me", &ada).await;
    assert_eq!((&me["name"], &me["surname"]), (&"ada".into(), &"Prova".into()));
    let created = site.audit(&admin, "user.created", 2).await;
    let changed = site.audit(&admin, "role.changed", 1).await;
    let target = |entry: &Value| entry["target"].as_str().unwrap().to_owned();
    assert_eq!(created.iter().map(target).collect::<Vec<_>>(), ["user:2", "user:1"]);
    assert_eq!(changed.iter().map(target).collect::<Vec<_>>(), ["user:2"]);
    for entry in created.iter().chain(&changed) {
        assert_eq!(entry["actor"]["kind"], "command_line", "{entry}");
        assert_eq!(entry["network"], Value::Null);
    }
    assert_eq!(changed[0]["before"]["role"], "user");
    assert_eq!(changed[0]["after"]["role"], "staff");
}

#[test]
fn input_that_is_no_text_is_refused() {
    let home = Home::default();
    let mut command = home.command(&["user", "create", "--email", "ada@example.org"]);
    command.args(["--name", "A", "--surname", "P", "--password-stdin"]);
    let file = home.path().join("noise");
    std::fs::write(&file, [0xff; 40]).unwrap();
    command.stdin(std::fs::File::open(file).unwrap());
    let output = command.output().unwrap();
    assert!(!output.status.success());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    assert!(!home.data().exists(), "nothing was made for it");
}

#[test]
fn a_number_that_means_two_people_is_refused_and_one_that_means_one_is_not() {
    let home = Home::default();
    for name in ["ada", "bob"] {
        home.create_user(name, "user").expect(0);
    }
    let mut command = home.command(&["user", "create", "--email", "cyd@example.org"]);
    command.args(["--username", "2", "--name", "Cyd", "--surname", "Prova", "--password-stdin"]);
    finish_with_input(command, PASSWORD).expect(0);
    let refused = home.run(&["user", "set-role", "2", "staff"]).expect(4);
    assert!(refused.stderr.contains("use the e-mail address"), "{}", refused.stderr);
    let changed = home.run(&["user", "set-role", "1", "staff"]).expect(0);
    assert!(changed.stdout.contains("ada@example.org"), "{}", changed.stdout);
}

#[test]
fn every_fault_of_a_new_account_is_named_at_once() {
    let home = Home::default();
    let mut command = home.command(&["user", "create", "--email", "nobody", "--password-stdin"]);
    command.args(["--username", "ada lovelace", "--name", "Ada", "--surname", " "]);
    let refused = finish_with_input(command, "short").expect(2).stderr;
    for fault in ["--email is not", "--username must", "--surname must", "the password must"] {
        assert!(refused.contains(fault), "{fault}: {refused}");
    }
}
