//! Backups of a server that is busy: each is of one moment, and holds what was acknowledged before it.

use std::{fs, os::unix::fs::PermissionsExt};

use appliance::backup::BackupName;
use serde_json::{Value, json};

use crate::{
    faults::killed_at,
    found::Observer,
    load::{ADMIN, Load, PEOPLE, Plan, register_people},
    program::{Home, finish},
    running::Running,
    site::Site,
};

/// Takes so many backups of a server under load, restores each elsewhere, starts a server on it and looks.
async fn back_up_again_and_again(rounds: usize) {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let running = Running::start_with(&home, &["backup.keep_last=1000"]);
    let site = Site::of(&home, &running);
    register_people(&site).await;
    let (mut events, mut acknowledged_before) = (Vec::new(), 0);
    for number in 0..rounds {
        // Anew, for an account has so many sessions and every round opens one more.
        let admin = site.login(ADMIN).await;
        let plan = Plan::of(&site, &format!("giro{number}")).await;
        events.extend(plan.events.clone());
        let mut load = Load::begin(&home, &running, plan);
        load.acknowledged(5 + number * 29 % 90).await;
        let due = acknowledged_before + load.acknowledged_so_far();
        let taken = site.post("/backups", Some(&admin), json!({})).await.expect(201);
        let round = load.end().await;
        acknowledged_before += round.acknowledged();

        let name = taken["name"].as_str().unwrap();
        let elsewhere = Home::default();
        let to = elsewhere.data();
        let from = home.data().join("backups").join(name);
        let arguments = ["restore", from.to_str().unwrap(), "--to", to.to_str().unwrap()];
        elsewhere.run(&arguments).expect(0);
        let restored = Running::start(&elsewhere);
        let observer = Observer::of(&elsewhere, &restored).await;
        let found = observer.find_one_moment(&events).await;
        assert!(found >= due, "{due} were acknowledged before it, and it has {found}");
        restored.stop();
    }
    running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_under_load_are_of_one_moment_and_hold_what_was_acknowledged_before() {
    back_up_again_and_again(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes as long as it is told to: make soak"]
async fn a_hundred_backups_under_load_soak() {
    let rounds = std::env::var("APPLIANCE_SOAK_BACKUPS").ok();
    back_up_again_and_again(rounds.map_or(100, |rounds| rounds.parse().unwrap())).await;
}

/// A stopped appliance with people, an event and attendance.
async fn lived_in() -> (Home, Vec<(String, String)>) {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    register_people(&site).await;
    let plan = Plan::of(&site, "lezione").await;
    let events = plan.events.clone();
    Load::begin(&home, &running, plan).end().await;
    running.stop();
    (home, events)
}

/// Everything that can be read, asked of a server on `home` by somebody who was signed in before.
async fn everything(
    home: &Home,
    events: &[(String, String)],
    admin: &crate::support::Person,
) -> Value {
    let running = Running::start(home);
    let site = Site::of(home, &running);
    let mut all = vec![site.get("/me", admin).await, site.get("/audit/verification", admin).await];
    for list in ["/users", "/events", "/audit", "/social/logs", "/me/attendance"] {
        all.push(Value::Array(site.all(list, admin).await));
    }
    for (event, _) in events {
        all.push(site.get(&format!("/events/{event}"), admin).await);
        all.push(site.get(&format!("/events/{event}/statistics"), admin).await);
        all.push(Value::Array(site.all(&format!("/events/{event}/attendance"), admin).await));
        all.push(site.get(&format!("/events/{event}/code"), admin).await["code"].clone());
    }
    running.stop();
    Value::Array(all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_elsewhere_gives_the_same_answers_to_every_read() {
    let (home, events) = lived_in().await;
    let running = Running::start(&home);
    let admin = Site::of(&home, &running).login(ADMIN).await;
    running.stop();
    let backup = home.run(&["backup", "create"]).expect(0).stdout;
    let elsewhere = Home::default();
    let archive = home.path().join(backup.trim());
    let to = elsewhere.data();
    let restored = elsewhere
        .run(&["restore", archive.to_str().unwrap(), "--to", to.to_str().unwrap(), "--json"])
        .expect(0);
    assert_eq!(restored.json()["safety"], Value::Null);
    let before = everything(&home, &events, &admin).await;
    assert!(before.to_string().matches("\"status\":\"present\"").count() >= PEOPLE);
    assert_eq!(everything(&elsewhere, &events, &admin).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_taken_listed_and_fetched_over_the_api_and_noted_in_the_trail() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let admin = site.login(ADMIN).await;
    assert_eq!(site.get("/backups", &admin).await, json!({ "items": [] }));
    let taken = site.post("/backups", Some(&admin), json!({})).await.expect(201);
    assert_eq!(site.get("/backups", &admin).await["items"], json!([taken]));
    let name = taken["name"].as_str().unwrap();
    let fetch = |name: &str| {
        let (site, admin, path) = (site.clone(), admin.clone(), format!("/backups/{name}"));
        async move { site.try_api(reqwest::Method::GET, &path, Some(&admin), None).await.unwrap() }
    };
    let fetched = fetch(name).await;
    let file = home.data().join("backups").join(name);
    assert_eq!(fetched.bytes, fs::read(&file).unwrap());
    assert_eq!(fetched.header("content-disposition"), format!("attachment; filename=\"{name}\""));
    assert_eq!(fetched.bytes.len() as u64, taken["bytes"].as_u64().unwrap());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for wrong in ["appliance-20200101T000000Z.tar.zst", "..%2Fauth.redb", "auth.redb"] {
        fetch(wrong).await.expect_problem(404, "BACKUP_NOT_FOUND");
    }
    for action in ["backup.created", "backup.downloaded"] {
        let noted = site.audit(&admin, action, 1).await;
        assert_eq!(noted[0]["target"], format!("backup:{name}"));
        assert_eq!(noted[0]["actor"]["id"], admin.id);
    }
}

#[test]
fn backups_are_listed_verified_and_pruned_on_the_command_line() {
    let home = Home::default();
    Running::start(&home).stop();
    let options = ["--set", "backup.keep_last=2"];
    let mut names = Vec::new();
    for _ in 0..4 {
        let taken = home.run(&["backup", "create", "--json"]).expect(0).json();
        let path = taken["path"].as_str().unwrap();
        names.push(path.rsplit('/').next().unwrap().to_owned());
        home.run(&["backup", "verify", path]).expect(0);
    }
    assert!(names.is_sorted());
    let listed = home.run(&["backup", "list", "--json"]).expect(0).json();
    let listed: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(listed, names);
    let gone = home.run(&[&["backup", "prune"][..], &options].concat()).expect(0).stdout;
    assert_eq!(gone.lines().collect::<Vec<_>>(), names[..2]);
    let left = home.run(&["backup", "list"]).expect(0).stdout;
    assert_eq!(left.lines().count(), 2);
    // A name will do for what is kept.
    home.run(&["backup", "verify", &names[3]]).expect(0);
    home.run(&["backup", "verify", &names[0]]).expect_error(3, &["is not there"]);
}

#[test]
fn an_encrypted_backup_is_opened_by_its_passphrase_alone() {
    let home = Home::default();
    Running::start(&home).stop();
    fs::write(home.path().join("pass"), "corretto cavallo batteria\n").unwrap();
    fs::write(home.path().join("wrong"), "corretto cavallo battaglia\n").unwrap();
    let create = ["backup", "create", "--passphrase-file", "pass", "--output", "b.tar.zst.age"];
    home.run(&create).expect(0);
    home.run(&create).expect_error(4, &["is there already"]);
    let restore =
        |options: &[&str]| home.run(&[&["restore", "b.tar.zst.age"][..], options].concat());
    restore(&[]).expect_error(2, &["is encrypted", "--passphrase-stdin"]);
    restore(&["--passphrase-file", "wrong"]).expect_error(5, &["another key or passphrase"]);
    restore(&["--passphrase-file", "pass"]).expect(0);
    let short = ["backup", "create", "--passphrase-stdin"];
    let refused = crate::program::finish_with_input(home.command(&short), "short");
    refused.expect_error(2, &["at least 12 characters"]);
}

#[test]
fn a_backup_on_standard_output_is_the_archive_and_nothing_else() {
    let home = Home::default();
    Running::start(&home).stop();
    let output = home.command(&["backup", "create", "--output", "-"]).output().unwrap();
    assert!(output.status.success());
    fs::write(home.path().join("piped.tar.zst"), &output.stdout).unwrap();
    home.run(&["backup", "verify", "piped.tar.zst"]).expect(0);
    assert_eq!(fs::read_dir(home.data().join("backups")).unwrap().count(), 0);
}

#[test]
fn the_files_of_a_running_server_are_neither_backed_up_behind_its_back_nor_replaced() {
    let home = Home::default();
    Running::start(&home).stop();
    let backup = home.run(&["backup", "create"]).expect(0).stdout;
    let _running = Running::start(&home);
    home.run(&["restore", backup.trim()])
        .expect_error(4, &["in use", "stop the running appliance"]);
    home.run(&["restore", backup.trim(), "--dry-run"]).expect_error(4, &["in use"]);
    home.run(&["backup", "verify", backup.trim()]).expect(0);
}

#[test]
fn a_backup_that_was_missed_is_taken_at_the_next_start_and_old_ones_are_removed() {
    let home = Home::default();
    Running::start(&home).stop();
    let directory = home.data().join("backups");
    fs::create_dir(&directory).unwrap();
    for day in 1..=3 {
        fs::write(directory.join(format!("appliance-2020010{day}T020000Z.tar.zst")), "old")
            .unwrap();
    }
    fs::write(directory.join("notes.txt"), "not ours").unwrap();
    let running = Running::start_with(&home, &["backup.keep_last=2"]);
    running.wait_for(|line| line.contains("removed a backup").then_some(()));
    running.wait_for(|line| line.contains("20200102").then_some(()));
    running.stop();
    let mut names: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names[0], "appliance-20200103T020000Z.tar.zst");
    assert_eq!(names[2], "notes.txt");
    home.run(&["backup", "verify", &names[1]]).expect(0);
}

#[test]
fn a_server_that_cannot_take_a_scheduled_backup_says_so_and_goes_on() {
    let home = Home::default();
    Running::start(&home).stop();
    let directory = home.data().join("backups");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("appliance-20200101T020000Z.tar.zst"), "old").unwrap();
    // A directory in the place of a file that every backup writes.
    fs::create_dir(home.data().join("verified-backups")).unwrap();
    let running = Running::start(&home);
    running.wait_for(|line| line.contains("no backup was taken").then_some(()));
    let listen = format!("server.listen={}", running.address);
    home.run(&["healthcheck", "--set", &listen]).expect(0);
    running.stop();
}

#[test]
fn a_backup_that_is_killed_at_any_step_leaves_no_archive_and_the_next_sweeps_up() {
    let home = Home::default();
    Running::start(&home).stop();
    let directory = home.data().join("backups");
    let names = || -> Vec<String> {
        let entries = fs::read_dir(&directory).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let mut kills = 0;
    for call in ["rename", "fsync", "mkdir", "write", "unlinkat"] {
        for nth in 1.. {
            let runner = killed_at(call, nth);
            let runner: Vec<_> = runner.iter().map(String::as_str).collect();
            let ended = finish(home.command_under(&runner, &["backup", "create", "--quiet"]));
            // What has the name of an archive is one, even when whoever made it came no further.
            for name in names().iter().filter(|name| name.parse::<BackupName>().is_ok()) {
                home.run(&["backup", "verify", name]).expect(0);
            }
            home.run(&["backup", "prune", "--set", "backup.keep_last=1"]).expect(0);
            if ended.code == Some(0) {
                break;
            }
            ended.expect_killed();
            kills += 1;
        }
    }
    assert!(kills > 10, "{kills}");
    home.run(&["backup", "create"]).expect(0);
    let left = names();
    assert!(left.iter().all(|name| name.parse::<BackupName>().is_ok()), "{left:?}");
}

/// Only the superuser can give files away, and needs to.
#[test]
fn what_the_superuser_backs_up_and_restores_belongs_to_the_appliance() {
    use std::{
        io,
        os::unix::fs::{MetadataExt, PermissionsExt, chown},
    };
    const APPLIANCE: u32 = 4_321;
    let home = Home::default();
    Running::start(&home).stop();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let files = ["", "auth.redb", "user.redb", "social_log.redb", "ballast", "samples.month"];
    for path in files.into_iter().chain(["tls", "tls/self-signed.key", "tls/self-signed.pem"]) {
        let given = chown(home.data().join(path), Some(APPLIANCE), Some(APPLIANCE));
        if given.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            return;
        }
    }
    let backup = home.run(&["backup", "create"]).expect(0).stdout;
    home.run(&["restore", backup.trim()]).expect(0);
    let made =
        ["auth.redb", "user.redb", "social_log.redb", "backups"].map(|name| home.data().join(name));
    let safety = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path());
    let safety = safety.filter(|path| path.to_string_lossy().contains("restore-safety"));
    for path in made.into_iter().chain([home.path().join(backup.trim())]).chain(safety) {
        assert_eq!(fs::metadata(&path).unwrap().uid(), APPLIANCE, "{}", path.display());
    }
}

/// A package that is upgraded goes on without a backup at this code.
#[test]
fn only_where_there_is_nothing_to_back_up_is_it_said_to_be_missing() {
    let home = Home::default();
    home.run(&["backup", "create"]).expect(3);
    fs::create_dir(home.data()).unwrap();
    home.run(&["backup", "create"]).expect(3);
    Running::start(&home).stop();
    let file = home.path().join("a file");
    fs::write(&file, "").unwrap();
    let create = |key: &str, path: &std::path::Path| {
        home.run(&["backup", "create", "--set", &format!("{key}={}", path.display())])
    };
    create("backup.directory", &file).expect(1);
    let mut passphrase = home.command(&["backup", "create"]);
    passphrase.args(["--passphrase-file", home.path().join("missing").to_str().unwrap()]);
    assert_ne!(finish(passphrase).code, Some(3));
    create("backup.passphrase_file", &home.path().join("missing")).expect(1);
    for name in ["user.redb", "auth.redb"] {
        let away = home.path().join(name);
        fs::rename(home.data().join(name), &away).unwrap();
        home.run(&["backup", "create"]).expect(1);
        fs::rename(away, home.data().join(name)).unwrap();
    }
    home.run(&["backup", "create"]).expect(0);
}
