//! What the data directory may be, and what is said when it is something else.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use appliance::{
    store::{Migration, OpenError, Store, StoreOptions},
    telemetry::Metrics,
};

use crate::{
    faults::denied,
    program::{Finished, Home, finish},
    running::{Running, serve},
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn everything_in(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            let below = if path.is_dir() { everything_in(&path) } else { Vec::new() };
            [vec![path], below].concat()
        })
        .collect()
}

/// A server that ends before it is ready.
fn refused_start(home: &Home) -> Finished {
    finish(home.command(&serve(&[])))
}

#[test]
fn what_a_start_makes_is_for_its_owner_alone_whatever_the_umask() {
    let home = Home::default();
    let runner = ["sh", "-c", "umask 0; exec \"$@\"", "sh"];
    let running = Running::start_under(&home, &runner).unwrap();
    running.stop();
    assert_eq!(mode(&home.data()), 0o700);
    let made = everything_in(&home.data());
    assert_eq!(made.len(), 8, "{made:?}");
    for path in made {
        let expected = match path.file_name().unwrap().to_str().unwrap() {
            "tls" => 0o700,
            // A certificate is public; its key is not.
            "self-signed.pem" => 0o644,
            _ => 0o600,
        };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[test]
fn a_directory_that_others_can_read_is_warned_of() {
    let home = Home::default();
    fs::create_dir(home.data()).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o755)).unwrap();
    let stopped = Running::start(&home).stop();
    assert!(stopped.stderr.contains("chmod 700"), "{}", stopped.stderr);
}

#[test]
fn directories_above_it_are_made_too() {
    let home = Home::default();
    home.create_user_with("ada", "user", &["--data-dir", "one/two/three"]).expect(0);
    assert!(home.path().join("one/two/three/auth.redb").exists());
}

#[test]
fn a_database_that_is_none_is_refused_with_advice_and_left_as_it_is() {
    let noise: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
    for name in ["auth.redb", "user.redb", "social_log.redb"] {
        for bytes in [&b""[..], b"x", &noise] {
            let home = Home::default();
            Running::start(&home).stop();
            let path = home.data().join(name);
            fs::write(&path, bytes).unwrap();
            refused_start(&home).expect_error(1, &[name, "cannot be opened", "restore a backup"]);
            assert!(fs::read(&path).unwrap() == bytes, "{name} was changed");
        }
    }
}

#[test]
fn a_database_that_was_cut_short_is_refused_with_advice_and_left_as_it_is() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let path = home.data().join("auth.redb");
    let whole = fs::read(&path).unwrap();
    for length in [0, 100, 4_096, whole.len() / 2] {
        fs::write(&path, &whole[..length]).unwrap();
        refused_start(&home)
            .expect_error(1, &["auth.redb", "cannot be opened", "restore a backup"]);
        assert!(fs::read(&path).unwrap() == whole[..length], "{length} bytes were changed");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(home.run(&["user", "list"]).expect(0).stdout.lines().count(), 1);
}

#[test]
fn a_database_of_a_newer_appliance_is_refused_by_its_version() {
    let step = |_| Migration { name: "of later days", apply: |_| Ok(()) };
    let steps: [_; 9] = std::array::from_fn(step);
    let open = |path: &Path, steps: &[Migration]| {
        let metrics = Metrics::new().unwrap().store("test");
        Store::open(path, StoreOptions::default(), steps, metrics).map(drop)
    };
    for name in ["auth.redb", "user.redb", "social_log.redb"] {
        let home = Home::default();
        Running::start(&home).stop();
        let path = home.data().join(name);
        fs::remove_file(&path).unwrap();
        open(&path, &steps).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        refused_start(&home).expect_error(
            1,
            &[name, "made by a newer appliance", version, "schema 9", "install that version"],
        );
        // The newer one can still open it, and it is still its own.
        open(&path, &steps).unwrap();
        assert!(matches!(open(&path, &steps[..1]), Err(OpenError::Newer { found: 9, .. })));
    }
}

#[test]
fn a_file_in_the_place_of_the_directory_is_named() {
    let home = Home::default();
    fs::write(home.data(), "not a directory").unwrap();
    refused_start(&home).expect_error(1, &["data cannot be used as the data directory"]);
    assert_eq!(fs::read_to_string(home.data()).unwrap(), "not a directory");
}

/// The program as a user whom permissions bind, also when the tests run as root: without the
/// capabilities that let root pass.
fn bound(home: &Home) -> Command {
    let passes = home.path().join("passes");
    fs::write(&passes, "").unwrap();
    fs::set_permissions(&passes, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read(&passes).is_err() {
        return home.command(&serve(&[]));
    }
    let runner = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];
    home.command_under(&runner, &serve(&[]))
}

#[test]
fn a_directory_that_may_not_be_written_is_named_with_what_to_do() {
    let home = Home::default();
    fs::create_dir(home.data()).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o500)).unwrap();
    finish(bound(&home)).expect_error(1, &["data may not be used by this user", "chown"]);
    assert!(everything_in(&home.data()).is_empty());
}

#[test]
fn a_database_that_may_not_be_read_is_named_with_what_to_do() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let path = home.data().join("auth.redb");
    let bytes = fs::read(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    finish(bound(&home)).expect_error(1, &["auth.redb may not be read and written", "chown"]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(fs::read(&path).unwrap() == bytes);
}

#[test]
fn a_directory_that_cannot_be_made_is_named_with_what_to_do() {
    let home = Home::default();
    let fault = denied("mkdir,mkdirat");
    let runner: Vec<_> = fault.iter().map(String::as_str).collect();
    finish(home.command_under(&runner, &serve(&[])))
        .expect_error(1, &["data may not be used by this user", "chown"]);
}

#[test]
fn verbs_and_server_keep_their_data_in_the_same_place() {
    let home = Home::default();
    home.create_user_with("ada", "user", &["--data-dir", "elsewhere"]).expect(0);
    let elsewhere = ["user", "list", "--set", "data.directory=elsewhere", "--quiet"];
    home.run(&elsewhere).expect(0);
    assert!(!home.data().exists());
}

#[test]
fn a_verb_that_makes_nothing_makes_no_directory_of_a_mistyped_name() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    for verb in [&["user", "list"][..], &["user", "set-role", "capo", "user"]] {
        let mistyped = [verb, &["--data-dir", "dato"]].concat();
        home.run(&mistyped).expect_error(3, &["dato holds no data", "--data-dir"]);
    }
    fs::create_dir(home.path().join("dato")).unwrap();
    home.run(&["user", "list", "--data-dir", "dato"]).expect_error(3, &["dato holds no data"]);
    assert!(everything_in(&home.path().join("dato")).is_empty());
}

#[test]
fn a_directory_that_has_lost_a_database_is_refused_by_the_file_that_is_missing() {
    for lost in ["auth.redb", "user.redb"] {
        let home = Home::default();
        home.create_user("capo", "admin").expect(0);
        Running::start(&home).stop();
        fs::rename(home.data().join(lost), home.path().join(lost)).unwrap();
        let missing = format!("{lost} is missing");
        refused_start(&home).expect_error(1, &[&missing, ".redb is there", "restore a backup"]);
        home.run(&["user", "list"]).expect_error(1, &[&missing]);
        home.create_user("ada", "user").expect_error(1, &[&missing]);
        assert!(!home.data().join(lost).exists(), "{lost} was made anew");
        fs::rename(home.path().join(lost), home.data().join(lost)).unwrap();
        Running::start(&home).stop();
    }
}

#[test]
fn a_self_signed_certificate_whose_key_is_another_is_made_anew() {
    let home = Home::default();
    let other = Home::default();
    for home in [&home, &other] {
        Running::start(home).stop();
    }
    let of = |home: &Home, name: &str| home.data().join("tls").join(name);
    let before = fs::read(of(&home, "self-signed.pem")).unwrap();
    // What a power cut between the two leaves when the pair was being renewed.
    fs::copy(of(&other, "self-signed.key"), of(&home, "self-signed.key")).unwrap();
    let stopped = Running::start(&home).stop();
    assert!(stopped.stderr.contains("made anew"), "{}", stopped.stderr);
    let made = fs::read(of(&home, "self-signed.pem")).unwrap();
    assert_ne!(made, before);
    let stopped = Running::start(&home).stop();
    assert!(!stopped.stderr.contains("made anew"), "{}", stopped.stderr);
    assert_eq!(fs::read(of(&home, "self-signed.pem")).unwrap(), made);
}
