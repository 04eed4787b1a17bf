//! The feed against everything else: a disk that it filled, posts that are taken away again, and a person's
//! export of more than would fit into memory.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    load::ADMIN,
    program::{BOUND, Home},
    running::Running,
    site::Site,
    small_disk::SmallDisk,
    support::{PASSWORD, Person},
};

/// 40 KB, and 64 KiB in the file.
const CONTENT: &str = "\u{1f393}";
const CONTENT_LENGTH: usize = 10_000;

fn post(number: usize) -> Value {
    json!({
        "social": "instagram", "timestamp": "2026-11-23T09:30:00+01:00",
        "content": format!("{number:06}{}", CONTENT.repeat(CONTENT_LENGTH - 6)), "status": "published",
    })
}

/// So many posts of 40 KB in one submission; the status of the answer.
async fn report(site: &Site, who: &Person, first: usize, count: usize) -> (u16, Value) {
    let lines: Vec<_> = (first..first + count).map(|number| post(number).to_string()).collect();
    let answer = site.post_lines("/social/logs", who, lines.join("\n")).await;
    (answer.status.as_u16(), answer.json())
}

async fn remove(site: &Site, admin: &Person, query: &str) -> Value {
    let path = format!("/social/logs{query}");
    site.try_api(Method::DELETE, &path, Some(admin), None).await.unwrap().expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_the_feed_has_filled_leaves_everything_else_working() {
    let Some(disk) = SmallDisk::mount(128) else { return };
    let home = &disk.home;
    let backups = home.path().join("backups");
    let backups = format!("backup.directory={}", backups.display());
    let settings = [
        "store.free_space_floor_mib=8",
        "store.ballast_mib=2",
        "social.person_mib_per_day=4000",
        "rate_limit.enabled=false",
        &backups,
    ];
    home.create_user_with(ADMIN, "admin", &["--set", settings[0]]).expect(0);
    home.create_user_with("ada", "user", &["--set", settings[0]]).expect(0);
    let running = Running::start_with(home, &settings);
    let site = Site::of(home, &running);
    let (admin, ada) = (site.login(ADMIN).await, site.login("ada").await);
    let (_, code) = site.event(&admin, "corso").await;
    // As large as they may be, then as small.
    let mut sent = 0;
    for count in [100, 20, 1] {
        loop {
            let (status, answer) = report(&site, &ada, sent, count).await;
            if status == 507 {
                assert_eq!(answer["code"], "INSUFFICIENT_STORAGE");
                break;
            }
            assert_eq!(status, 201, "{answer}");
            sent += count;
        }
    }
    assert!(sent >= 300, "{sent} posts of 40 KB on a disk of 128 MiB");

    let body = json!({ "code": code, "nonce": "nonce-of-the-scan-one" });
    site.post("/scans", Some(&ada), body).await.expect(201);
    let body = json!({
        "email": "bea@example.org", "password": PASSWORD, "name": "Bea", "surname": "Prova",
    });
    site.post("/auth/register", None, body).await.expect(201);
    site.event(&admin, "altro").await;
    let taken = site.try_post("/backups", Some(&admin), &Value::Null).await;
    let Some(taken) = taken else { panic!("{:#?}", running.ended()) };
    taken.expect(201);

    let removed = remove(&site, &admin, &format!("?author=user:{}", ada.id)).await;
    assert_eq!(removed["removed"].as_u64(), Some(sent as u64));
    for first in [0, 50, 100] {
        let (status, answer) = report(&site, &ada, first, 50).await;
        assert_eq!(status, 201, "{answer}");
    }
    running.stop();
}

/// What the process takes in memory, in KiB, at most until now.
fn peak_kib(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_takes_no_more_memory_than_the_posts_that_are_on_their_way() {
    const POSTS: usize = 3_000;
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    home.create_user("ada", "user").expect(0);
    let settings = ["social.person_mib_per_day=4000", "rate_limit.enabled=false"];
    let running = Running::start_with(&home, &settings);
    let site = Site::of(&home, &running);
    let ada = site.login("ada").await;
    for first in (0..POSTS).step_by(100) {
        let (status, answer) = report(&site, &ada, first, 100).await;
        assert_eq!(status, 201, "{answer}");
    }
    let before = peak_kib(&running);
    let start = Instant::now();
    let answer = site.try_api(Method::GET, "/me/export", Some(&ada), None).await.unwrap();
    assert!(start.elapsed() < BOUND);
    let grown = peak_kib(&running) - before;
    eprintln!("{} bytes in {:?}, {grown} KiB more", answer.bytes.len(), start.elapsed());
    let export = answer.expect(200);
    let posts = export["posts"].as_array().unwrap();
    assert_eq!(posts.len(), POSTS);
    for (post, number) in posts.iter().zip((0..POSTS).rev()) {
        assert!(post["content"].as_str().unwrap().starts_with(&format!("{number:06}")));
    }
    assert_eq!(export["posts_complete"], true);
    assert!(grown < 64 << 10, "{grown} KiB");

    // The command line prints the same, from the running appliance.
    let before = peak_kib(&running);
    let printed = home.run(&["user", "export", "ada"]).expect(0).json();
    assert_eq!(printed["posts"].as_array().unwrap().len(), POSTS);
    assert!(peak_kib(&running) - before < 64 << 10);
    running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_removes_posts_of_an_appliance_that_runs_and_of_one_that_does_not() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    home.create_user("ada", "user").expect(0);
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let ada = site.login("ada").await;
    assert_eq!(report(&site, &ada, 0, 3).await.0, 201);
    home.run(&["social", "remove", "--all"]).expect_error(2, &["--yes"]);
    home.run(&["social", "remove", "--yes"]).expect_error(2, &["Say which posts"]);
    home.run(&["social", "remove", "--author", "ada", "--yes"]).expect_error(2, &["--author"]);
    home.run(&["social", "remove", "--from", "ieri", "--yes"]).expect_error(2, &["--from"]);
    let text = ["social", "remove", "--text", "000001", "--yes", "--json"];
    assert_eq!(home.run(&text).expect(0).json()["removed"], 1);
    let fill = home.run(&["social", "size", "--json"]).expect(0).json();
    assert_eq!((&fill["posts"], &fill["bytes"]), (&json!(2), &json!(2 * 65_536)));
    running.stop();
    let author = format!("user:{}", ada.id);
    let removed = home.run(&["social", "remove", "--author", &author, "--yes", "--json"]);
    assert_eq!(removed.expect(0).json()["removed"], 2);
    assert!(home.run(&["social", "size"]).expect(0).stdout.starts_with("0\t0\t"));
}
