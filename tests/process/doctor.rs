//! `appliance doctor` where nothing is wrong: on a running appliance, a stopped one, a killed one, and
//! where nothing exists yet.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    program::{Finished, Home},
    running::Running,
};

/// The findings of a check, from a doctor that ended with this code.
pub struct Findings(Vec<Value>);

impl Findings {
    #[track_caller]
    pub fn of(finished: Finished, code: i32) -> Self {
        let json = finished.expect(code).json();
        let failed = json["health"] == "failed";
        assert_eq!(failed, code == 5, "{json:#}");
        Self(json["findings"].as_array().unwrap().clone())
    }

    /// Of a doctor with these settings.
    #[track_caller]
    pub fn in_home(home: &Home, settings: &[&str], code: i32) -> Self {
        let mut arguments = vec!["doctor", "--json", "--quiet"];
        // A port that other tests leave alone.
        for setting in ["server.listen=127.0.0.1:0"].iter().chain(settings) {
            arguments.extend(["--set", setting]);
        }
        Self::of(home.run(&arguments), code)
    }

    fn of_check(&self, check: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |finding| finding["check"] == check)
    }

    /// Checks that one finding of a check is of this health and says these words, and that it says how to
    /// mend what is wrong.
    #[track_caller]
    pub fn expect(&self, check: &str, health: &str, words: &str) {
        let fits = |finding: &Value| {
            finding["health"] == health && finding["message"].as_str().unwrap().contains(words)
        };
        let found = self.of_check(check).find(|finding| fits(finding));
        let found = found.unwrap_or_else(|| panic!("no {health} '{words}' in {:#?}", self.0));
        assert_eq!(found["mend"].is_string(), health != "ok", "{found}");
    }

    /// The checks that are not as they should be.
    pub fn not_ok(&self) -> Vec<&str> {
        let bad = self.0.iter().filter(|finding| finding["health"] != "ok");
        bad.map(|finding| finding["check"].as_str().unwrap()).collect()
    }
}

/// Every file below a directory: its content, and when it was last written to.
fn state(directory: &Path) -> BTreeMap<PathBuf, (Vec<u8>, i64, i64)> {
    let mut files = BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap().flatten() {
            let metadata = fs::symlink_metadata(entry.path()).unwrap();
            if metadata.is_dir() {
                directories.push(entry.path());
            }
            let content = if metadata.is_file() { fs::read(entry.path()).unwrap() } else { vec![] };
            files.insert(entry.path(), (content, metadata.mtime(), metadata.mtime_nsec()));
        }
    }
    files
}

#[test]
fn where_nothing_exists_yet_nothing_is_wrong_and_nothing_is_made() {
    let home = Home::default();
    let findings = Findings::in_home(&home, &[], 0);
    assert_eq!(findings.not_ok(), Vec::<&str>::new());
    findings.expect("data directory", "ok", "the first start makes it");
    findings.expect("databases", "ok", "none yet");
    findings.expect("certificate", "ok", "the first start makes one");
    assert_eq!(state(home.path()), BTreeMap::new());
}

#[test]
fn a_running_appliance_is_asked() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let running = Running::start(&home);
    let findings = Findings::in_home(&home, &[], 0);
    assert_eq!(findings.not_ok(), ["backup"]);
    findings.expect("appliance", "ok", &format!("process {} runs", running.pid()));
    for database in ["auth", "user", "social_log"] {
        let check = format!("database {database}");
        findings.expect(&check, "ok", "the running appliance reads and writes it");
    }
    findings.expect("audit chain", "ok", "entries");
    findings.expect("https port", "ok", &running.address.to_string());
    findings.expect("certificate", "ok", "localhost, 127.0.0.1");
}

#[test]
fn the_files_of_a_stopped_appliance_are_looked_at_and_left_as_they_are() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    Running::start(&home).stop();
    let before = state(home.path());
    let findings = Findings::in_home(&home, &[], 0);
    assert_eq!(findings.not_ok(), ["backup"]);
    findings.expect("appliance", "ok", "none runs");
    for database in ["auth", "user", "social_log"] {
        findings.expect(&format!("database {database}"), "ok", "every page has its checksum");
    }
    findings.expect("audit chain", "ok", "1 entries");
    assert!(state(home.path()) == before, "something was written");
}

#[test]
fn the_files_of_a_killed_appliance_are_left_for_the_next_start_to_repair() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    Running::start(&home).kill();
    let before = state(home.path());
    let findings = Findings::in_home(&home, &[], 0);
    findings.expect("database auth", "ok", "every page has its checksum");
    assert!(state(home.path()) == before, "something was written");
    Running::start(&home).stop();
}

#[test]
fn the_text_has_a_line_for_each_check_and_one_for_what_mends_it() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let doctor = home.run(&["doctor", "--set", "server.listen=127.0.0.1:0"]).expect(0);
    assert!(doctor.stderr.contains("data directory: data"), "{}", doctor.stderr);
    let lines: Vec<_> = doctor.stdout.lines().collect();
    let backup = lines.iter().position(|line| line.starts_with("warning  backup ")).unwrap();
    assert_eq!(lines[backup + 1].trim(), "→ appliance backup create");
    assert!(lines.iter().filter(|line| line.starts_with("ok ")).count() > 8);
}
