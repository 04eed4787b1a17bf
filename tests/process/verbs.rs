//! The verbs that touch no data, and the command line itself.

use std::fs;

use crate::{
    program::{Home, finish_into_full_disk},
    running::Running,
};

/// Every verb, with the words before it.
const VERBS: [&[&str]; 19] = [
    &["serve"],
    &["setup-link"],
    &["user", "create"],
    &["user", "list"],
    &["user", "set-role"],
    &["backup", "create"],
    &["backup", "list"],
    &["backup", "verify"],
    &["backup", "prune"],
    &["restore"],
    &["migrate", "status"],
    &["compact"],
    &["config", "check"],
    &["config", "show"],
    &["openapi"],
    &["healthcheck"],
    &["completions"],
    &["man"],
    &["version"],
];

#[test]
fn every_verb_explains_itself() {
    let home = Home::default();
    for verb in VERBS {
        let help = home.run(&[verb, &["--help"]].concat()).expect(0);
        let usage = format!("Usage: appliance {}", verb.join(" "));
        assert!(help.stdout.contains(&usage), "{}", help.stdout);
        // Its own sentence, and one beside each option.
        let first = help.stdout.lines().next().unwrap();
        assert!(first.split(' ').count() >= 2 && first.starts_with(char::is_uppercase), "{first}");
        for option in ["--config", "--data-dir", "--set", "--json", "--quiet"] {
            assert!(help.stdout.contains(option), "{verb:?} does not tell of {option}");
        }
    }
}

#[test]
fn the_help_names_every_verb() {
    let home = Home::default();
    let help = home.run(&["--help"]).expect(0).stdout;
    for verb in VERBS {
        let of_its_group = home.run(&[&verb[..verb.len() - 1], &["--help"]].concat()).expect(0);
        let name = format!("  {}", verb[verb.len() - 1]);
        assert!(of_its_group.stdout.contains(&name), "{verb:?}");
        assert!(help.contains(&format!("  {}", verb[0])), "{verb:?}");
    }
}

#[test]
fn wrong_usage_is_refused_before_anything_is_touched() {
    let home = Home::default();
    for arguments in [
        &[][..],
        &["user"],
        &["frobnicate"],
        &["serve", "--frobnicate"],
        &["user", "set-role", "1"],
        &["config", "show", "--set", "server.name"],
        &["user", "list", "--config"],
        &["version", "extra"],
    ] {
        let refused = home.run(arguments).expect(2);
        assert_eq!(refused.stdout, "");
        assert!(refused.stderr.contains("Usage:") || refused.stderr.contains("--help"));
    }
    assert!(!home.data().exists());
}

#[test]
fn the_version_is_a_line_or_json() {
    let home = Home::default();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(home.run(&["version"]).expect(0).stdout, format!("appliance {version}\n"));
    assert_eq!(home.run(&["version", "--json"]).expect(0).json()["version"], version);
}

#[test]
fn the_manual_tells_of_every_verb() {
    let home = Home::default();
    let page = home.run(&["man"]).expect(0).stdout;
    assert!(page.contains(".TH appliance 1"), "{page}");
    let directory = home.path().join("pages/man1");
    home.run(&["man", "--output", directory.to_str().unwrap()]).expect(0);
    for verb in VERBS {
        let name = format!("appliance-{}.1", verb.join("-"));
        let page = fs::read_to_string(directory.join(&name)).unwrap();
        assert!(page.contains(".SH DESCRIPTION"), "{name}");
    }
    let first = fs::read_to_string(directory.join("appliance.1")).unwrap();
    assert!(first.contains("healthcheck"), "{first}");
    assert!(!home.data().exists());
}

#[test]
fn pages_that_cannot_be_written_are_a_failure() {
    let home = Home::default();
    fs::write(home.path().join("file"), "").unwrap();
    home.run(&["man", "--output", "file/pages"])
        .expect_error(1, &["file/pages", "Not a directory"]);
}

#[test]
fn every_shell_completes_every_verb() {
    let home = Home::default();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&["completions", shell]).expect(0).stdout;
        for verb in VERBS {
            assert!(script.contains(verb[verb.len() - 1]), "{shell} knows nothing of {verb:?}");
        }
    }
    assert!(!home.data().exists());
}

#[test]
fn the_openapi_document_is_the_same_every_time_whatever_is_configured() {
    let home = Home::default();
    let first = home.run(&["openapi"]).expect(0);
    assert_eq!(first.stderr, "");
    let document = first.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."), "{}", document["openapi"]);
    assert!(document["paths"]["/api/v1/scans"]["post"].is_object());
    assert!(first.stdout.ends_with("}\n"));
    let second = home.run(&["openapi", "--set", "server.name=Scuola"]).expect(0);
    assert_eq!(second.stdout, first.stdout);
    assert!(!home.data().exists());
}

#[test]
fn a_running_server_is_healthy() {
    let home = Home::default();
    let running = Running::start(&home);
    let listen = format!("server.listen={}", running.address);
    let healthy = home.run(&["healthcheck", "--set", &listen]).expect(0);
    assert_eq!(healthy.json()["status"], "ready");
    assert_eq!(healthy.stderr, "");
}

#[test]
fn a_server_that_is_asked_by_every_address_is_asked_on_this_machine() {
    let home = Home::default();
    let running = Running::start(&home);
    let listen = format!("server.listen=0.0.0.0:{}", running.address.port());
    home.run(&["healthcheck", "--set", &listen]).expect(0);
}

#[test]
fn no_server_is_not_healthy() {
    let home = Home::default();
    let running = Running::start(&home);
    let listen = format!("server.listen={}", running.address);
    running.stop();
    home.run(&["healthcheck", "--set", &listen])
        .expect_error(1, &["127.0.0.1:", "cannot be asked"]);
}

#[test]
fn data_that_cannot_be_written_is_a_failure() {
    let home = Home::default();
    for verb in [&["version"][..], &["version", "--json"], &["openapi"], &["config", "show"]] {
        let failed = finish_into_full_disk(home.command(verb));
        failed.expect_error(1, &["cannot write to standard output", "No space left"]);
    }
    home.create_user("capo", "admin").expect(0);
    let failed = finish_into_full_disk(home.command(&["user", "list"]));
    failed.expect_error(1, &["cannot write to standard output"]);
}
