//! `appliance support bundle`: everything that helps, and nothing that is secret.

use std::{collections::BTreeMap, fs, io::Read, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;

use crate::{program::Home, running::Running, site::Site, support::PASSWORD};

/// The files of a bundle, by name.
fn open(path: &Path) -> BTreeMap<String, String> {
    let mut archive =
        tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(path).unwrap()));
    let mut texts = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        texts.insert(name, text);
    }
    texts
}

fn json(texts: &BTreeMap<String, String>, name: &str) -> Value {
    serde_json::from_str(&texts[&format!("support/{name}")]).unwrap()
}

/// The secrets that the server keeps, as they lie in its file: 32 random bytes in hex and in base64.
fn kept_secrets(home: &Home) -> Vec<String> {
    let key = fs::read_to_string(home.data().join("tls/self-signed.key")).unwrap();
    let mut secrets: Vec<_> =
        key.lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect();
    assert!(!secrets.is_empty());
    let database = fs::read(home.data().join("auth.redb")).unwrap();
    let hash = database.windows(10).position(|bytes| bytes == b"$argon2id$").unwrap();
    secrets.push(String::from_utf8_lossy(&database[hash..hash + 80]).into_owned());
    secrets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_of_a_running_appliance_holds_what_helps_and_no_secret() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    home.create_user("ada", "user").expect(0);
    // A secret where none belongs: in the configuration, and in the name of an account.
    let planted = "spia@example.org";
    let running = Running::start_with(&home, &["log.filter=debug", "log.requests=true"]);
    let site = Site::of(&home, &running);
    let people = [site.login("capo").await, site.login("ada").await];
    let setting = format!("server.name={planted}");
    let path = home.path().join("bundle.tar.gz");
    let bundle = ["support", "bundle", "--output", "bundle.tar.gz", "--set", &setting];
    let made = home.run(&bundle).expect(0);
    assert_eq!(made.stdout, "bundle.tar.gz\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let texts = open(&path);
    assert_eq!(json(&texts, "version.json")["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json(&texts, "status.json")["pid"], running.pid());
    assert_eq!(json(&texts, "databases.json")["databases"][0]["name"], "auth");
    assert_eq!(json(&texts, "doctor.json")["health"], "warning");
    assert!(json(&texts, "files.json")["user"].as_u64() > Some(0));
    assert_eq!(json(&texts, "config.json")["log.filter"]["value"], "info");
    assert_eq!(json(&texts, "config.json")["server.name"]["value"], "(address)");
    assert!(texts["support/metrics.txt"].contains("appliance_build_info{version="));

    let mut secrets = vec![PASSWORD.to_owned(), planted.to_owned(), "example.org".to_owned()];
    for person in &people {
        secrets.extend([person.access_token.clone(), person.refresh_token.clone()]);
        secrets.push(person.email.clone());
    }
    secrets.extend(kept_secrets(&home));
    for (name, text) in &texts {
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} is in {name}");
        }
    }
}

#[test]
fn a_bundle_can_be_made_when_nothing_runs_and_nothing_is_right() {
    let home = Home::default();
    let made = home.run(&["support", "bundle", "--quiet"]).expect(0);
    let name = made.stdout.trim_end();
    assert!(name.starts_with("appliance-support-") && name.ends_with("Z.tar.gz"), "{name}");
    let texts = open(&home.path().join(name));
    let error = json(&texts, "status.json")["error"].as_str().unwrap().to_owned();
    assert!(error.contains("no appliance runs"), "{error}");
    let broken = ["support", "bundle", "--output", "b.tar.gz", "--set", "server.lisen=x"];
    home.run(&broken).expect(0);
    let texts = open(&home.path().join("b.tar.gz"));
    assert!(json(&texts, "config.json")["error"].as_str().unwrap().contains("server.lisen"));
    assert_eq!(json(&texts, "doctor.json")["health"], "failed");
    assert!(!home.data().exists());
}

#[test]
fn a_bundle_replaces_no_file() {
    let home = Home::default();
    fs::write(home.path().join("mine.txt"), "kept").unwrap();
    home.run(&["support", "bundle", "--output", "mine.txt"]).expect_error(4, &["there already"]);
    home.run(&["support", "bundle", "--output", "no/where"]).expect_error(1, &["cannot write"]);
    assert_eq!(fs::read(home.path().join("mine.txt")).unwrap(), b"kept");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}
