//! `appliance config`: what is configured, from where, and what is wrong with it.

use crate::program::{Finished, Home, finish};

/// Runs a verb with one environment variable.
fn with_environment(home: &Home, name: &str, value: &str, arguments: &[&str]) -> Finished {
    let mut command = home.command(arguments);
    command.env(name, value);
    finish(command)
}

/// The line of `config show` about a key, its spaces made one.
fn line_of(shown: &Finished, key: &str) -> String {
    let start = format!("{key} = ");
    let line = shown.stdout.lines().find(|line| line.starts_with(&start)).unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_good_configuration_is_said_to_be_good() {
    let home = Home::default();
    let checked = home.run(&["config", "check"]).expect(0);
    assert_eq!((&checked.stdout[..], &checked.stderr[..]), ("", "the configuration is valid\n"));
    assert_eq!(home.run(&["config", "check", "--quiet"]).expect(0).stderr, "");
}

#[test]
fn every_value_is_shown_with_where_it_came_from() {
    let home = Home::default();
    std::fs::write(home.path().join("mine.toml"), "[store]\ncache_mib = 7\n").unwrap();
    let mut command = home.command(&["--config", "mine.toml", "config", "show"]);
    command.args(["--set", "limits.body_bytes=2048", "--data-dir", "/srv/kept"]);
    command.env("APPLIANCE_SERVER__NAME", "Scuola");
    let shown = finish(command).expect(0);
    for (key, line) in [
        ("store.cache_mib", "store.cache_mib = 7 # mine.toml"),
        ("limits.body_bytes", "limits.body_bytes = 2048 # command line"),
        ("data.directory", "data.directory = \"/srv/kept\" # command line"),
        ("server.name", "server.name = \"Scuola\" # $APPLIANCE_SERVER__NAME"),
        ("server.drain_seconds", "server.drain_seconds = 10 # default"),
    ] {
        assert_eq!(line_of(&shown, key), line);
    }
}

#[test]
fn every_value_is_shown_as_json_when_asked() {
    let home = Home::default();
    let shown = home.run(&["config", "show", "--json", "--set", "server.name=Scuola"]).expect(0);
    let json = shown.json();
    assert_eq!(json["server.name"]["value"], "Scuola");
    assert_eq!(json["server.name"]["origin"], "command line");
    assert_eq!(json["store.cache_mib"]["value"], 24);
    assert_eq!(json["store.cache_mib"]["origin"], "default");
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let home = Home::default();
    std::fs::write(home.path().join("appliance.toml"), "[server]\nname = 'file'\n").unwrap();
    let shown = home.run(&["config", "show"]).expect(0);
    assert_eq!(line_of(&shown, "server.name"), "server.name = \"file\" # appliance.toml");
    let name = "APPLIANCE_SERVER__NAME";
    let shown = with_environment(&home, name, "environment", &["config", "show"]).expect(0);
    assert!(line_of(&shown, "server.name").starts_with("server.name = \"environment\""));
    let arguments = ["config", "show", "--set", "server.name=flag"];
    let shown = with_environment(&home, name, "environment", &arguments).expect(0);
    assert!(line_of(&shown, "server.name").starts_with("server.name = \"flag\""));
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one_wherever_it_stands() {
    let home = Home::default();
    let nearest = "did you mean 'server.listen'?";
    home.run(&["config", "check", "--set", "server.lisen=x"])
        .expect_error(2, &["command line", "'server.lisen'", nearest]);
    with_environment(&home, "APPLIANCE_SERVER__LISEN", "x", &["config", "check"])
        .expect_error(2, &["$APPLIANCE_SERVER__LISEN", nearest]);
    std::fs::write(home.path().join("wrong.toml"), "[server]\nlisen = 'x'\n").unwrap();
    home.run(&["config", "check", "--config", "wrong.toml"])
        .expect_error(2, &["wrong.toml", "'server.lisen'", nearest]);
}

#[test]
fn a_bad_value_is_refused_by_the_name_of_its_key() {
    let home = Home::default();
    for setting in [
        "server.listen=nowhere",
        "server.drain_seconds=soon",
        "server.public_url=ftp://example.org",
        "store.max_batch=0",
        "attendance.timezone=Europe/Atlantis",
        "rate_limit.enabled=perhaps",
    ] {
        let (key, _) = setting.split_once('=').unwrap();
        home.run(&["config", "check", "--set", setting]).expect_error(2, &["command line", key]);
    }
}

#[test]
fn a_bad_configuration_stops_every_verb_that_needs_one_before_it_touches_data() {
    let home = Home::default();
    for verb in [&["serve"][..], &["user", "list"], &["healthcheck"]] {
        let arguments = [verb, &["--set", "store.max_batch=0"]].concat();
        home.run(&arguments).expect_error(2, &["store.max_batch", "must be 1 or more"]);
    }
    assert!(!home.data().exists());
}

#[test]
fn a_log_filter_that_is_none_is_refused() {
    let home = Home::default();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--set", "log.filter=a=b=c"];
    home.run(&arguments).expect_error(2, &["log.filter"]);
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_named() {
    let home = Home::default();
    home.run(&["config", "check", "--config", "none.toml"])
        .expect_error(2, &["cannot read none.toml"]);
    std::fs::write(home.path().join("torn.toml"), "[server\n").unwrap();
    home.run(&["config", "check", "--config", "torn.toml"])
        .expect_error(2, &["torn.toml", "line 1"]);
}

#[test]
fn a_file_can_be_named_by_the_environment() {
    let home = Home::default();
    std::fs::write(home.path().join("mine.toml"), "[server]\nname = 'file'\n").unwrap();
    let shown =
        with_environment(&home, "APPLIANCE_CONFIG", "mine.toml", &["config", "show"]).expect(0);
    assert_eq!(line_of(&shown, "server.name"), "server.name = \"file\" # mine.toml");
}

#[test]
fn a_directory_in_the_file_is_relative_to_the_file() {
    let home = Home::default();
    std::fs::create_dir(home.path().join("etc")).unwrap();
    std::fs::write(home.path().join("etc/mine.toml"), "[data]\ndirectory = 'kept'\n").unwrap();
    home.create_user_with("ada", "user", &["--config", "etc/mine.toml"]).expect(0);
    assert!(home.path().join("etc/kept/auth.redb").exists());
}
