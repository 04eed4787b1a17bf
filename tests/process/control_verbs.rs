//! Verbs that ask the running appliance: status, and accounts under load.

use std::time::Instant;

use serde_json::Value;

use crate::{
    load::{Load, Plan, register_people},
    program::{BOUND, Home},
    running::Running,
    site::Site,
};

#[test]
fn status_says_that_nothing_runs() {
    let home = Home::default();
    home.run(&["status"]).expect_error(3, &["no appliance runs on this data directory"]);
    assert!(!home.data().exists());
}

#[test]
fn status_is_for_people_and_for_programs() {
    let home = Home::default();
    let running = Running::start(&home);
    let text = home.run(&["status"]).expect(0);
    let address = running.address.to_string();
    for words in ["running", env!("CARGO_PKG_VERSION"), &address, "certificate", "social_log"] {
        assert!(text.stdout.contains(words), "'{words}' is not in: {}", text.stdout);
    }
    assert!(text.stderr.contains("data directory: data"), "{}", text.stderr);
    let status = home.run(&["status", "--json", "--quiet"]).expect(0).json();
    assert_eq!(status["pid"], running.pid());
    assert_eq!(status["listen"], address);
    assert_eq!(status["draining"], false);
    assert_eq!(status["last_backup"], Value::Null);
    assert!(status["certificate"]["days_left"].as_i64().unwrap() > 800);
    let names = status["certificate"]["names"].as_array().unwrap();
    assert!(names.contains(&"localhost".into()) && names.contains(&"127.0.0.1".into()));
    for (database, file) in [(0, "auth.redb"), (1, "user.redb"), (2, "social_log.redb")]
        .map(|(i, f)| (i, home.data().join(f)))
    {
        let bytes = file.metadata().unwrap().len();
        assert_eq!(status["databases"][database]["bytes"], bytes, "{}", file.display());
    }
}

/// The value of a sample in Prometheus' text format.
fn sample(metrics: &str, name: &str) -> f64 {
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
}

/// The metrics and the status of a moment in which nothing was written: the metrics say the same before and
/// after. The appliance writes by itself, too, such as what a relay has brought to its end.
async fn at_rest(home: &Home, site: &Site) -> (String, Value) {
    let figures = |metrics: &str| -> Vec<String> {
        let of_stores =
            ["appliance_commit_batch_size_", "appliance_outbox_", "appliance_write_queue_"];
        let is_of_stores = |line: &&str| of_stores.iter().any(|name| line.starts_with(name));
        let is_compared =
            |line: &&str| is_of_stores(line) || line.starts_with("appliance_connections ");
        metrics.lines().filter(is_compared).map(str::to_owned).collect()
    };
    let start = Instant::now();
    loop {
        let before = site.page("/metrics").await.text();
        let status = home.run(&["status", "--json", "--quiet"]).expect(0).json();
        let after = site.page("/metrics").await.text();
        if figures(&before) == figures(&after) {
            return (before, status);
        }
        assert!(start.elapsed() < BOUND, "the appliance never rests: {before}\n{after}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_and_metrics_give_the_same_figures() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let admin = site.login("capo").await;
    site.audit(&admin, "login.success", 1).await;
    site.outboxes_empty().await;
    let (metrics, status) = at_rest(&home, &site).await;
    assert_eq!(status["connections"].as_f64(), Some(sample(&metrics, "appliance_connections")));
    assert!(status["connections"].as_i64() > Some(0));
    assert!(sample(&metrics, "process_start_time_seconds") > 1.7e9);
    for database in status["databases"].as_array().unwrap() {
        let name = database["name"].as_str().unwrap();
        let of = |metric: &str| sample(&metrics, &format!("{metric}{{database=\"{name}\"}}"));
        let commits = of("appliance_commit_batch_size_count");
        assert_eq!(database["commits"].as_f64(), Some(commits), "{name}");
        assert_eq!(database["queue_depth"].as_f64(), Some(of("appliance_write_queue_depth")));
        if commits > 0.0 {
            let mean = of("appliance_commit_batch_size_sum") / commits;
            assert_eq!(database["mean_batch"].as_f64(), Some(mean), "{name}");
        }
        if name != "social_log" {
            let waiting = of("appliance_outbox_events");
            assert_eq!(database["outbox_events"].as_f64(), Some(waiting), "{name}");
        }
    }
}

#[test]
fn accounts_are_made_changed_and_listed_by_the_running_server() {
    let home = Home::default();
    let running = Running::start(&home);
    let made = home.create_user("capo", "admin").expect(0);
    assert_eq!(made.stdout, "1\tadmin\tcapo\tcapo@example.org\tcapo Prova\n");
    assert!(made.stderr.contains("data directory: data"), "{}", made.stderr);
    home.create_user("ada", "user").expect(0);
    home.run(&["user", "set-role", "ada", "staff"]).expect(0);
    let asked = home.run(&["user", "list"]).expect(0).stdout;
    running.stop();
    assert_eq!(home.run(&["user", "list"]).expect(0).stdout, asked);
    assert!(asked.contains("2\tstaff\tada\t"), "{asked}");
}

#[test]
fn a_running_server_refuses_with_the_words_and_codes_of_a_stopped_one() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let refusals = || {
        let create = |email: &str, password: &str| {
            let mut command = home.command(&["user", "create", "--email", email]);
            command.args(["--name", "A", "--surname", "P", "--password-stdin", "--quiet"]);
            crate::program::finish_with_input(command, password)
        };
        [
            create("capo@example.org", crate::support::PASSWORD),
            create("ada", crate::support::PASSWORD),
            create("ada@example.org", "breve"),
            home.run(&["user", "set-role", "nessuno", "staff", "--quiet"]),
            home.run(&["user", "set-role", "capo", "user", "--quiet"]),
        ]
        .map(|refused| (refused.code, refused.stdout, refused.stderr))
    };
    let stopped = refusals();
    let _running = Running::start(&home);
    assert_eq!(refusals(), stopped);
    assert_eq!(stopped.each_ref().map(|(code, ..)| code.unwrap()), [4, 2, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_made_under_load_can_log_in_at_once() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    register_people(&site).await;
    let plan = Plan::of(&site, "carico").await;
    let mut load = Load::begin(&home, &running, plan);
    load.acknowledged(1).await;
    for number in 0..3 {
        let name = format!("nuovo{number}");
        home.create_user(&name, "user").expect(0);
        site.login(&name).await;
    }
    assert!(load.end().await.acknowledged() > 1);
    let admin = site.login("capo").await;
    let created = site.audit(&admin, "user.created", 4).await;
    assert!(created.iter().all(|entry| entry["actor"]["kind"] == "command_line"));
}
