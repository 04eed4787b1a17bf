//! Backups that fail, are missing, or were left where somebody could read them: who hears of it, and what lies on
//! the disk.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use appliance::{
    backup::BackupError,
    clock::{Clock, Time},
};
use serde_json::{Value, json};

use crate::{
    faults::killed_at,
    load::ADMIN,
    mail_server::{MailServer, Wanted},
    program::{BOUND, Home, finish},
    running::Running,
    site::Site,
    support::{Appliance, DataHome},
};

/// Years after any file of today was made: what is due then is due at once.
const LATER: Time = Time::from_millis(2_100_000_000_000);
const DAY: i64 = 86_400;

/// Asks for something again until it is as it should be.
async fn until(
    app: &Appliance,
    path: &str,
    admin: Option<&crate::support::Person>,
    found: impl Fn(&Value) -> bool,
) -> Value {
    let start = Instant::now();
    loop {
        let answer = match admin {
            Some(admin) => app.get(path, Some(admin)).await.expect(200),
            None => app.page(path).await.expect(200),
        };
        if found(&answer) {
            return answer;
        }
        assert!(start.elapsed() < BOUND, "it never was so: {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn codes(health: &Value) -> Vec<String> {
    let findings = health["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

async fn metric(app: &Appliance, name: &str) -> String {
    let text = app.page("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in {text}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_directory_that_is_a_file_is_a_finding_a_detail_a_metric_and_a_letter_a_day() {
    let (place, server) = MailServer::start(&Wanted::default());
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backups");
    fs::write(&file, "no directory").unwrap();
    let mut settings = place.settings(&["server.name=Liceo Volta"]);
    settings.push(format!("backup.directory={}", file.display()));
    let pairs: Vec<_> = settings.iter().map(|setting| setting.split_once('=').unwrap()).collect();

    // Before anything is due, nothing is wrong; then administrators are made, in both languages.
    let clock = Clock::manual(crate::support::START);
    let app = Appliance::start_in(DataHome::default(), clock, &pairs).await;
    let admin = app.admin().await;
    let other = app.person_as(&admin, "bruno", "admin").await;
    app.patch("/me", &other, json!({ "language": "it" })).await.expect(200);
    app.patch("/me", &admin, json!({ "language": "en" })).await.expect(200);
    let ready = app.page("/readyz").await.expect(200);
    assert_eq!(ready["backup"]["state"], "none");
    assert!(
        codes(&app.get("/dashboard/health", Some(&admin)).await.expect(200))
            .iter()
            .all(|code| !code.starts_with("BACKUP"))
    );
    assert_eq!(metric(&app, "appliance_backup_overdue").await, "0");

    // Days pass without one.
    app.advance(3 * DAY);
    let admin = app.login("capo@example.org").await;
    let health = app.get("/dashboard/health", Some(&admin)).await.expect(200);
    assert!(codes(&health).contains(&"BACKUP_MISSING".to_owned()), "{health}");
    assert_eq!(app.page("/readyz").await.expect(200)["backup"]["state"], "overdue");
    assert_eq!(metric(&app, "appliance_backup_overdue").await, "1");
    let data = app.stop().await;

    // A start that finds one due tries at once.
    let app = Appliance::start_in(data, Clock::manual(LATER), &pairs).await;
    let admin = app.login("capo@example.org").await;
    let failed = |health: &Value| codes(health).contains(&"BACKUP_FAILED".to_owned());
    until(&app, "/dashboard/health", Some(&admin), failed).await;
    let ready = app.page("/readyz").await.expect(200);
    assert!(ready["backup"]["failed_at"].is_string(), "{ready}");
    assert_eq!(metric(&app, "appliance_backup_last_result").await, "0");
    let mut letters: Vec<_> = (0..2).map(|_| server.message()).collect();
    letters.sort_by_key(|letter| letter.0["to"].to_string());
    let subjects: Vec<_> = letters.iter().map(|letter| letter.header("Subject")).collect();
    assert_eq!(subjects, ["Nessun backup - Liceo Volta", "No backup - Liceo Volta"]);
    let path = file.to_string_lossy();
    assert!(letters.iter().all(|letter| !letter.text().contains(path.as_ref())));

    // No other on the same day, whatever is started anew; and one on the next.
    let data = app.stop().await;
    let app = Appliance::start_in(data, Clock::manual(LATER.plus_seconds(DAY / 2)), &pairs).await;
    let admin = app.login("capo@example.org").await;
    app.post("/backups", Some(&admin), json!({})).await;
    until(&app, "/dashboard/health", Some(&admin), failed).await;
    let data = app.stop().await;
    server.expect_nothing();
    let app = Appliance::start_in(data, Clock::manual(LATER.plus_seconds(DAY + 60)), &pairs).await;
    server.message();
    server.message();

    // A backup ends it.
    fs::remove_file(&file).unwrap();
    let admin = app.login("capo@example.org").await;
    app.post("/backups", Some(&admin), json!({})).await.expect(201);
    let health = app.get("/dashboard/health", Some(&admin)).await.expect(200);
    assert!(codes(&health).iter().all(|code| !code.starts_with("BACKUP")), "{health}");
    assert_eq!(app.page("/readyz").await.expect(200)["backup"]["state"], "current");
    assert_eq!(metric(&app, "appliance_backup_last_result").await, "1");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_from_the_future_stops_no_schedule_and_is_warned_of() {
    let data = DataHome::default();
    let directory = data.path().join("backups");
    fs::create_dir(&directory).unwrap();
    let future = directory.join("appliance-20990101T000000Z.tar.zst");
    fs::write(&future, "of a clock that was wrong").unwrap();
    let app = Appliance::start_in(data, Clock::manual(LATER), &[("backup.keep_last", "1")]).await;
    let admin = app.admin().await;
    // One is due at once, and is taken.
    let listed = until(&app, "/backups", Some(&admin), |listed| {
        listed["items"].as_array().unwrap().len() == 2
    })
    .await;
    assert_eq!(listed["items"][0]["from_the_future"], true);
    assert_eq!(
        (&listed["items"][1]["verified"], &listed["items"][1]["from_the_future"]),
        (&json!(true), &json!(false))
    );
    let warned = |health: &Value| codes(health).contains(&"BACKUP_FROM_THE_FUTURE".to_owned());
    let health = until(&app, "/dashboard/health", Some(&admin), |health| {
        warned(health) && health["backup"]["age_seconds"].is_number()
    })
    .await;
    assert!(health["backup"]["age_seconds"].as_i64().unwrap() >= 0, "{health}");
    let newest = metric(&app, "appliance_backup_last_success_timestamp_seconds").await;
    assert!(newest.parse::<i64>().unwrap() <= LATER.as_seconds(), "{newest}");
    assert_eq!(metric(&app, "appliance_backup_from_the_future").await, "1");
    assert!(future.exists());
    app.stop().await;
}

#[test]
fn a_bad_archive_in_the_directory_takes_no_good_one_away() {
    let home = Home::default();
    Running::start(&home).stop();
    let good = home.run(&["backup", "create"]).expect(0).stdout;
    let directory = home.data().join("backups");
    for name in ["appliance-20200101T000000Z.tar.zst", "appliance-20990101T000000Z.tar.zst"] {
        fs::write(directory.join(name), "no archive").unwrap();
    }
    let listed = home.run(&["backup", "list"]).expect(0).stdout;
    let states: Vec<_> = listed.lines().map(|line| line.rsplit('\t').next().unwrap()).collect();
    assert_eq!(states, ["not verified", "verified", "from the future"]);
    let gone = home.run(&["backup", "prune", "--set", "backup.keep_last=1"]).expect(0).stdout;
    assert_eq!(gone.trim(), "appliance-20200101T000000Z.tar.zst");
    assert!(home.path().join(good.trim()).exists());
    // What nobody verified here is verified by hand.
    fs::remove_file(home.data().join("verified-backups")).unwrap();
    let prune = home.run(&["backup", "prune", "--set", "backup.keep_last=1"]).expect(0);
    assert_eq!(prune.stdout, "");
    assert!(prune.stderr.contains("no backup here has verified"), "{}", prune.stderr);
    home.run(&["backup", "verify", good.trim()]).expect(0);
    assert!(home.run(&["backup", "list"]).expect(0).stdout.contains("\tverified"));
}

#[test]
fn the_codes_of_backups_that_fail_are_those_that_letters_and_programs_know() {
    type Kind = fn(String) -> BackupError;
    let kinds: [(Kind, &str); 6] = [
        (BackupError::NotFound, "NOT_FOUND"),
        (BackupError::InUse, "IN_USE"),
        (BackupError::Usage, "INVALID"),
        (BackupError::Refused, "REFUSED"),
        (BackupError::NotVerified, "NOT_VERIFIED"),
        (BackupError::Failed, "FAILED"),
    ];
    for (kind, code) in kinds {
        assert_eq!(kind(String::new()).code(), code);
    }
}

/// Everything in a directory and below.
fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

#[test]
fn a_sealed_backup_that_is_killed_leaves_nothing_in_clear_on_the_backup_disk() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    Running::start(&home).stop();
    let disk = tempfile::tempdir().unwrap();
    let directory = format!("backup.directory={}", disk.path().display());
    let recipient =
        "backup.recipients=[\"age1luw0ej4gfr9j954ckn3am4u9kyn0ymdpgxswvqws239jx8m7a38qsltehd\"]";
    let arguments = ["backup", "create", "--quiet", "--set", &directory, "--set", recipient];
    let email = format!("{ADMIN}@example.org");
    let secrets = [email.as_bytes(), b"$argon2id$"];
    let in_clear = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        secrets.iter().any(|secret| bytes.windows(secret.len()).any(|part| part == *secret))
    };
    assert!(files_in(&home.data()).iter().any(|path| in_clear(path)), "nothing to look for");
    let mut kills = 0;
    for call in ["rename", "fsync", "write", "unlinkat"] {
        for nth in (1..).step_by(3) {
            let runner = killed_at(call, nth);
            let runner: Vec<_> = runner.iter().map(String::as_str).collect();
            let ended = finish(home.command_under(&runner, &arguments));
            for path in files_in(disk.path()) {
                assert!(!in_clear(&path), "{} after {call} {nth}", path.display());
            }
            if ended.code == Some(0) {
                break;
            }
            ended.expect_killed();
            kills += 1;
        }
    }
    assert!(kills > 3, "{kills}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_of_taking_a_backup_is_in_the_audit_trail() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    Running::start(&home).stop();
    let output = |name: &str| home.path().join(name).to_string_lossy().into_owned();
    // Of a stopped appliance, of a running one, and over the API.
    let stopped = home.command(&["backup", "create", "--output", "-"]).output().unwrap();
    assert!(stopped.status.success() && !stopped.stdout.is_empty());
    home.run(&["backup", "create"]).expect(0);
    home.run(&["backup", "create", "--output", &output("stopped")]).expect(0);
    let running = Running::start(&home);
    let piped = home.command(&["backup", "create", "--output", "-"]).output().unwrap();
    assert!(piped.status.success() && !piped.stdout.is_empty());
    home.run(&["backup", "create"]).expect(0);
    home.run(&["backup", "create", "--output", &output("running")]).expect(0);
    let site = Site::of(&home, &running);
    let admin = site.login(ADMIN).await;
    site.post("/backups", Some(&admin), json!({})).await.expect(201);
    let noted = site.audit(&admin, "backup.created", 7).await;
    let kinds = noted.iter().filter(|event| event["actor"]["kind"] == "command_line").count();
    assert_eq!((noted.len(), kinds), (7, 6), "{noted:#?}");
    let handed_over = noted.iter().filter(|event| event["after"]["kept"] == false);
    assert_eq!(handed_over.count(), 4, "{noted:#?}");
    running.stop();
}
