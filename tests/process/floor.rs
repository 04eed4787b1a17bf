//! The floor of free space: what is refused below it, what goes on, and the way back.

use reqwest::Method;
use serde_json::json;

use crate::{
    load::ADMIN,
    program::Home,
    running::Running,
    site::Site,
    small_disk::SmallDisk,
    support::{PASSWORD, Person},
};

/// A floor of 8 MiB, so a reserve of 1, and a ballast of 2.
const SETTINGS: [&str; 2] = ["store.free_space_floor_mib=8", "store.ballast_mib=2"];
/// In KiB: below the floor and above the reserve.
const LOW_KIB: u64 = 4 << 10;

/// A running server with an administrator, an event and its code.
struct Stage {
    running: Running,
    site: Site,
    admin: Person,
    event: String,
    code: String,
}

impl Stage {
    async fn on(home: &Home) -> Self {
        home.create_user_with(ADMIN, "admin", &["--set", SETTINGS[0]]).expect(0);
        let running = Running::start_with(home, &SETTINGS);
        let site = Site::of(home, &running);
        let admin = site.login(ADMIN).await;
        let (event, code) = site.event(&admin, "corso").await;
        Self { running, site, admin, event, code }
    }

    /// Waits until the relay has nothing left to do: it may use the reserve and the ballast too.
    async fn settled(&self, logins: usize) {
        self.site.audit(&self.admin, "event.created", 1).await;
        self.site.audit(&self.admin, "login.success", logins).await;
        self.site.outboxes_empty().await;
    }

    /// The status of a scan, and the problem's code when it was refused.
    async fn scan(&self, nonce: &str) -> (u16, serde_json::Value) {
        let nonce = format!("nonce-of-the-scan-{nonce}");
        let body = json!({ "code": self.code, "nonce": nonce });
        let answer = self.site.post("/scans", Some(&self.admin), body).await;
        (answer.status.as_u16(), answer.json()["code"].clone())
    }

    async fn page(&self, path: &str) -> (u16, String) {
        let answer = self.site.page(path).await;
        (answer.status.as_u16(), answer.text())
    }

    /// Everything that only reads answers, and the server says what it refuses.
    async fn reads_go_on(&self, space: &str) {
        self.site.get("/me", &self.admin).await;
        self.site.get("/events", &self.admin).await;
        assert_eq!(self.page("/").await.0, 200);
        let (status, ready) = self.page("/readyz").await;
        assert_eq!(status, 200, "{ready}");
        assert!(ready.contains(&format!("\"space\":\"{space}\"")), "{ready}");
        assert!(ready.contains("\"writes\":\"refused\""), "{ready}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn below_the_floor_writes_are_refused_in_words_and_reading_and_signing_in_go_on() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    // A first start has a few things of its own to write.
    Running::start(&home).stop();
    // No disk has that much, so this one is below its floor; the reserve is the last eighth of it.
    let running = Running::start_with(&home, &["store.free_space_floor_mib=4000000000"]);
    let site = Site::of(&home, &running);
    let body = json!({
        "email": "ada@example.org", "password": PASSWORD, "name": "Ada", "surname": "Prova",
    });
    let refused = site.post("/auth/register", None, body).await;
    let problem = refused.expect_problem(507, "INSUFFICIENT_STORAGE");
    assert!(problem["detail"].as_str().unwrap().contains("nearly full"), "{problem}");
    assert_eq!(refused.header("retry-after"), "");
    let metrics = site.page("/metrics").await.text();
    assert!(metrics.contains("appliance_writes_refused_total{database=\"auth\"} 1"), "{metrics}");
    assert!(metrics.contains("appliance_free_space_bytes"), "{metrics}");
    // That nobody can write it down makes a wrong password no less wrong.
    let wrong = json!({ "identifier": ADMIN, "password": "not the password" });
    let refused = site.post("/auth/login", None, wrong).await;
    refused.expect_problem(401, "INVALID_CREDENTIALS");
    let file = "appliance_store_bytes{database=\"user\",kind=\"file\"}";
    assert!(metrics.contains(file), "{metrics}");
    assert_eq!(site.page("/readyz").await.status, 200);
}

#[test]
fn below_the_floor_the_command_line_makes_no_account_and_lists_them() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let floor = ["--set", "store.free_space_floor_mib=4000000000"];
    home.create_user_with("ada", "user", &floor)
        .expect_error(1, &["no space left", "store.free_space_floor_mib"]);
    let list = [&["user", "list"][..], &floor].concat();
    assert_eq!(home.run(&list).expect(0).stdout.lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_nearly_full_is_met_in_good_order_and_left_the_same_way() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let stage = Stage::on(&disk.home).await;
    let (gone, _) = stage.site.event(&stage.admin, "passato").await;
    disk.fill(LOW_KIB);
    assert_eq!(stage.scan("one").await, (507, "INSUFFICIENT_STORAGE".into()));
    stage.reads_go_on("low").await;
    // Signing in, signing out and what gives space back.
    let again = stage.site.login(ADMIN).await;
    let body = json!({ "refresh_token": again.refresh_token });
    stage.site.post("/auth/refresh", None, body).await.expect(200);
    let path = format!("/events/{gone}");
    let deleted = stage.site.try_api(Method::DELETE, &path, Some(&stage.admin), None).await;
    assert_eq!(deleted.unwrap().status, 204);
    // The trail of it all goes on.
    stage.site.audit(&stage.admin, "event.deleted", 1).await;
    // A little room is not enough to begin again; enough is.
    disk.make_room();
    disk.fill(9 << 10);
    assert_eq!(stage.scan("one").await.0, 507);
    disk.make_room();
    assert_eq!(stage.scan("one").await.0, 201);
    let row = stage.site.get(&format!("/events/{}/attendance", stage.event), &stage.admin).await;
    assert_eq!(row["items"].as_array().unwrap().len(), 1);
    stage.running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_leaves_the_databases_beside_it_the_space_that_they_write_on() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let stage = Stage::on(&disk.home).await;
    disk.home.run(&["backup", "create"]).expect(0);
    let newest = disk.home.run(&["backup", "list"]).expect(0).stdout;
    let newest = newest.split('\t').next().unwrap();
    // More than the floor and the quarter above it, and not by as much as the files of a backup take.
    disk.fill((10 << 10) + 60);
    let words = ["MiB are needed", "10 of them to stay free"];
    disk.home.run(&["backup", "create"]).expect_error(1, &words);
    let floor = ["--set", SETTINGS[0]];
    disk.home.run(&[&["backup", "verify", newest][..], &floor].concat()).expect_error(1, &words);
    assert_eq!(stage.scan("one").await.0, 201);
    stage.running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_disk_without_a_block_left_the_ballast_lets_people_sign_in() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let stage = Stage::on(&disk.home).await;
    let ballast = disk.home.data().join("ballast");
    assert_eq!(std::fs::metadata(&ballast).unwrap().len(), 2 << 20);
    stage.settled(1).await;
    disk.fill(0);
    assert_eq!(stage.scan("one").await.0, 507);
    stage.reads_go_on("none").await;
    assert!(ballast.exists(), "nothing that could use it has asked");
    stage.site.login(ADMIN).await;
    assert!(!ballast.exists());
    stage.reads_go_on("low").await;
    // Full again, with nothing left to give: refused, and still in good order.
    stage.settled(2).await;
    disk.fill(0);
    stage.site.try_login(ADMIN).await.unwrap_err().expect_problem(507, "INSUFFICIENT_STORAGE");
    stage.reads_go_on("none").await;
    disk.make_room();
    assert_eq!(stage.scan("one").await.0, 201);
    stage.running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_a_disk_without_a_block_left_works_and_serves_what_was_acknowledged() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let stage = Stage::on(&disk.home).await;
    assert_eq!(stage.scan("one").await.0, 201);
    let ballast = disk.home.data().join("ballast");
    stage.running.kill();
    disk.fill(0);
    let running = Running::start_with(&disk.home, &SETTINGS);
    assert!(!ballast.exists());
    let stage = Stage { site: Site::of(&disk.home, &running), running, ..stage };
    stage.reads_go_on("low").await;
    let admin = stage.site.login(ADMIN).await;
    let rows = stage.site.all("/me/attendance", &admin).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let again = stage.scan("other").await.0;
    assert_eq!(again, 200, "what needs no write is answered: it is recorded already");
    stage.running.stop();
    disk.make_room();
    let running = Running::start_with(&disk.home, &SETTINGS);
    assert_eq!(std::fs::metadata(&ballast).unwrap().len(), 2 << 20);
    let site = Site::of(&disk.home, &running);
    let admin = site.login(ADMIN).await;
    site.event(&admin, "corso due").await;
    assert_eq!(site.get("/audit/verification", &admin).await["ok"], true);
    running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_floor_a_full_disk_ends_the_server_and_another_start_finds_what_was_acknowledged()
{
    let Some(disk) = SmallDisk::mount(48) else { return };
    let settings = ["store.free_space_floor_mib=0", "store.ballast_mib=2"];
    disk.home.create_user_with(ADMIN, "admin", &["--set", settings[0]]).expect(0);
    let running = Running::start_with(&disk.home, &settings);
    let site = Site::of(&disk.home, &running);
    let admin = site.login(ADMIN).await;
    site.event(&admin, "corso").await;
    disk.fill(0);
    // Some commits find room in the files as they are; one does not.
    let mut number = 0;
    let ended = loop {
        number += 1;
        let (timezone, date) = ("Europe/Rome", "2026-11-23");
        let body = json!({
            "name": format!("{number} {}", "x".repeat(80)), "date": date, "timezone": timezone,
            "mode": "static",
        });
        match site.try_post("/events", Some(&admin), &body).await {
            Some(answer) if answer.status == 201 => {}
            _ => break running.ended(),
        }
    };
    ended.expect_error(1, &["I/O error", "check the disk"]);
    let running = Running::start_with(&disk.home, &settings);
    let site = Site::of(&disk.home, &running);
    let admin = site.login(ADMIN).await;
    // An errored commit may be there all the same; what was acknowledged is.
    let events = site.all("/events", &admin).await.len();
    assert!(events == number || events == number + 1, "{events} {number}");
    running.stop();
}
