//! Verbs that root runs in the directory of another user, who may have arranged it: they act as that user, so
//! nothing of root's is written, read for them, given away or removed. What root names itself is root's.
//!
//! All of it needs to be root, who alone can become somebody else.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown, lchown, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};

use appliance::clock::Clock;
use serde_json::json;

use crate::{
    program::{Home, finish, finish_with_input},
    running::{Running, serve},
    support::PASSWORD,
};

/// Whoever the appliance runs as.
const APPLIANCE: u32 = 65_534;
/// What root keeps.
const DEAR: &str = "what root keeps";

/// A home with a data directory of the appliance's user, and beside it a place and files of root's.
struct Theirs {
    home: Home,
}

impl Theirs {
    /// With an administrator; nothing when this is not root.
    fn new() -> Option<Self> {
        let home = Home::default();
        if fs::metadata(home.path()).unwrap().uid() != 0 {
            return None;
        }
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        home.create_user("capo", "admin").expect(0);
        Running::start(&home).stop();
        home.run(&["backup", "create"]).expect(0);
        let theirs = Self { home };
        give_away(&theirs.home.data());
        fs::create_dir(theirs.of_root()).unwrap();
        fs::set_permissions(theirs.of_root(), fs::Permissions::from_mode(0o700)).unwrap();
        // Everybody may read this one, so that no permission stands in for a check.
        fs::write(theirs.dear(), DEAR).unwrap();
        fs::set_permissions(theirs.dear(), fs::Permissions::from_mode(0o644)).unwrap();
        Some(theirs)
    }

    fn data(&self, name: &str) -> PathBuf {
        self.home.data().join(name)
    }

    /// Where nobody but root comes.
    fn of_root(&self) -> PathBuf {
        self.home.path().join("of-root")
    }

    fn dear(&self) -> PathBuf {
        self.home.path().join("dear")
    }

    /// A link to what root keeps, as the appliance's user makes one.
    fn link(&self, name: &str) {
        link(&self.dear(), &self.data(name));
    }

    /// Nothing of root's was touched, and everything in the data directory is its owner's.
    #[track_caller]
    fn expect_untouched(&self) {
        let dear = fs::metadata(self.dear()).expect("it is still there");
        assert_eq!((dear.uid(), dear.gid(), dear.mode() & 0o777), (0, 0, 0o644));
        assert_eq!(fs::read_to_string(self.dear()).unwrap(), DEAR);
        all_in(&self.home.data(), &mut |path| {
            let owner = fs::symlink_metadata(path).unwrap().uid();
            assert_eq!(owner, APPLIANCE, "{}", path.display());
        });
    }
}

fn link(to: &Path, at: &Path) {
    let _ = fs::remove_file(at);
    symlink(to, at).unwrap();
    lchown(at, Some(APPLIANCE), Some(APPLIANCE)).unwrap();
}

fn all_in(directory: &Path, see: &mut dyn FnMut(&Path)) {
    see(directory);
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            all_in(&entry.path(), see);
        } else {
            see(&entry.path());
        }
    }
}

fn give_away(directory: &Path) {
    all_in(directory, &mut |path| lchown(path, Some(APPLIANCE), Some(APPLIANCE)).unwrap());
}

#[test]
fn a_certificate_is_not_written_through_a_link() {
    let Some(theirs) = Theirs::new() else { return };
    for name in ["self-signed.new", "self-signed.pem", "self-signed.key", "self-signed.key.new"] {
        theirs.link(&format!("tls/{name}"));
    }
    let renewed = theirs.home.run(&["cert", "renew"]).expect(0);
    assert!(renewed.stderr.contains("acting as "), "{}", renewed.stderr);
    theirs.expect_untouched();
    assert!(fs::symlink_metadata(theirs.data("tls/self-signed.key")).unwrap().is_file());
}

#[test]
fn a_backup_is_not_written_through_a_link_in_the_place_of_its_draft() {
    let Some(theirs) = Theirs::new() else { return };
    let now = Clock::system().now();
    for second in 0..120 {
        let stamp = now.plus_seconds(second).to_string();
        let stamp = stamp.split('.').next().unwrap().replace(['-', ':'], "");
        for name in
            [format!("appliance-{stamp}Z.tar.zst.new"), format!("appliance-{stamp}Z.tar.zst")]
        {
            theirs.link(&format!("backups/{name}"));
        }
    }
    // Into a name that is free, or not at all.
    let _ = theirs.home.run(&["backup", "create"]);
    theirs.expect_untouched();
}

/// A false appliance, which says that an archive was handed over at `path`.
fn answer_falsely(theirs: &Theirs, path: &Path) {
    let socket = theirs.data("control.sock");
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).unwrap();
    chown(&socket, Some(APPLIANCE), Some(APPLIANCE)).unwrap();
    let manifest = json!({
        "format": 1, "appliance": "0.1.0", "created_at": "2026-11-30T00:00:00.000Z", "files": [],
    });
    let result = json!({
        "path": path, "bytes": 1, "held_ms": 1, "took_ms": 1, "manifest": manifest,
    });
    let done = json!({ "done": { "version": "0.1.0", "result": result } });
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut String::new()).unwrap();
        let _ = stream.write_all(format!("{done}\n").as_bytes());
    });
}

#[test]
fn of_what_a_false_appliance_hands_over_nothing_is_believed_but_a_name() {
    let Some(theirs) = Theirs::new() else { return };
    let output = theirs.of_root().join("archive");
    let output = output.to_str().unwrap();
    let named = |name: &str| theirs.data("backups").join(name);
    let linked = named(".appliance-hand-over-0000000000000001");
    link(&theirs.dear(), &linked);
    let hard = named(".appliance-hand-over-0000000000000002");
    fs::hard_link(theirs.dear(), &hard).unwrap();
    let piped = named(".appliance-hand-over-0000000000000003");
    let mut pipe = std::process::Command::new("mkfifo");
    assert!(pipe.arg(&piped).status().unwrap().success());
    chown(&piped, Some(APPLIANCE), Some(APPLIANCE)).unwrap();
    for path in [theirs.dear(), linked, hard.clone(), piped, named("..")] {
        for output in [output, "-"] {
            answer_falsely(&theirs, &path);
            let taken = theirs.home.run(&["backup", "create", "--output", output]);
            assert_eq!((taken.code, taken.stdout.as_str()), (Some(1), ""), "{taken:#?}");
            assert!(taken.stderr.contains("error: "), "{taken:#?}");
            assert_eq!(fs::read_dir(theirs.of_root()).unwrap().count(), 0, "{}", path.display());
        }
    }
    assert!(hard.exists());
    fs::remove_file(hard).unwrap();
    theirs.expect_untouched();
}

#[test]
fn no_file_of_the_data_directory_is_written_through_a_link() {
    let Some(theirs) = Theirs::new() else { return };
    for name in ["user.redb.compact", "ballast", "samples.month", "samples.new"] {
        theirs.link(name);
    }
    let running = Running::start_with(&theirs.home, &["store.ballast_mib=1"]);
    theirs.home.run(&["backup", "create"]).expect(0);
    running.stop();
    theirs.link("user.redb.compact");
    theirs.home.run(&["compact"]).expect(0);
    theirs.home.create_user("ada", "user").expect(0);
    theirs.expect_untouched();
    // Nothing listens at a link either.
    for name in ["control.new", "control.sock"] {
        theirs.link(name);
        theirs.home.run(&serve(&[])).expect_error(1, &["control.sock"]);
        fs::remove_file(theirs.data(name)).unwrap();
    }
    // A database that is a link is not opened.
    fs::remove_file(theirs.data("social_log.redb")).unwrap();
    theirs.link("social_log.redb");
    theirs.home.run(&["backup", "create"]).expect(1);
    theirs.home.run(&["user", "delete", "ada", "--yes"]).expect(1);
    theirs.expect_untouched();
}

#[test]
fn a_configuration_that_lies_about_is_believed_by_root_only_when_it_is_roots() {
    let Some(theirs) = Theirs::new() else { return };
    let planted = "[mail]\nhost = \"localhost\"\nfrom = \"capo@example.org\"\nusername = \"capo\"\npassword_file = \"/etc/shadow\"\n";
    let shown = |directory: &Path, options: &[&str]| {
        let mut command = theirs.home.command(&[&["config", "show"], options].concat());
        finish(std::mem::replace(
            command.current_dir(directory),
            std::process::Command::new("true"),
        ))
    };
    for directory in [theirs.home.data(), theirs.of_root(), theirs.home.path().to_owned()] {
        fs::write(directory.join("appliance.toml"), planted).unwrap();
    }
    chown(theirs.data("appliance.toml"), Some(APPLIANCE), Some(APPLIANCE)).unwrap();
    chown(theirs.home.path().join("appliance.toml"), Some(APPLIANCE), None).unwrap();
    for directory in [theirs.home.data().as_path(), theirs.home.path()] {
        let passed_over = shown(directory, &[]).expect(0);
        assert!(!passed_over.stdout.contains("/etc/shadow"), "{passed_over:#?}");
        assert!(passed_over.stderr.contains("appliance.toml is passed over"), "{passed_over:#?}");
        // Whoever names it takes it.
        let named = shown(directory, &["--config", "appliance.toml"]).expect(0);
        assert!(named.stdout.contains("/etc/shadow"), "{named:#?}");
    }
    let taken = shown(&theirs.of_root(), &[]).expect(0);
    assert!(taken.stdout.contains("/etc/shadow"), "{taken:#?}");
}

#[test]
fn a_directory_of_roots_in_the_place_of_theirs_gets_nothing() {
    let Some(theirs) = Theirs::new() else { return };
    fs::remove_dir_all(theirs.data("backups")).unwrap();
    link(&theirs.of_root(), &theirs.data("backups"));
    theirs.home.run(&["backup", "create"]).expect(1);
    fs::remove_dir_all(theirs.data("tls")).unwrap();
    link(&theirs.of_root(), &theirs.data("tls"));
    theirs.home.run(&["cert", "renew"]).expect(1);
    assert_eq!(fs::read_dir(theirs.of_root()).unwrap().count(), 0);
    theirs.expect_untouched();
}

#[test]
fn whoever_owns_the_directory_above_does_not_choose_where_root_writes() {
    let Some(theirs) = Theirs::new() else { return };
    let above = theirs.home.path().join("above");
    fs::create_dir(&above).unwrap();
    link(&theirs.of_root(), &above.join("data"));
    chown(&above, Some(APPLIANCE), Some(APPLIANCE)).unwrap();
    let data = above.join("data");
    let data = ["--data-dir", data.to_str().unwrap()];
    theirs.home.create_user_with("ada", "user", &data).expect(1);
    assert_eq!(fs::read_dir(theirs.of_root()).unwrap().count(), 0);
    // Where nothing is yet, what is made is theirs.
    fs::remove_file(above.join("data")).unwrap();
    theirs.home.create_user_with("ada", "user", &data).expect(0);
    assert_eq!(fs::metadata(above.join("data/auth.redb")).unwrap().uid(), APPLIANCE);
}

#[test]
fn an_archive_that_is_kept_is_no_way_to_what_root_keeps() {
    let Some(theirs) = Theirs::new() else { return };
    let kept = theirs.home.run(&["backup", "list"]).expect(0).stdout;
    let kept = kept.split('\t').next().unwrap();
    let hidden = theirs.of_root().join("archive");
    fs::rename(theirs.data("backups").join(kept), &hidden).unwrap();
    chown(&hidden, Some(0), Some(0)).unwrap();
    link(&hidden, &theirs.data("backups").join(kept));
    let by_path = format!("data/backups/{kept}");
    for file in [kept, &by_path] {
        theirs.home.run(&["restore", file]).expect(1);
        theirs.home.run(&["backup", "verify", file]).expect(1);
    }
    theirs.expect_untouched();
    theirs.home.run(&["restore", hidden.to_str().unwrap()]).expect(0);
    theirs.expect_untouched();
}

/// Lines of `/proc/PID/task/*/status` that say who each thread is.
fn users_of_threads(pid: u32) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let status = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("status")));
    let lines = status.map_while(Result::ok).flat_map(|status| {
        let about = |line: &&str| {
            ["Uid:", "Gid:", "Groups:", "CapEff:"].iter().any(|it| line.starts_with(it))
        };
        status.lines().filter(about).map(str::to_owned).collect::<Vec<_>>()
    });
    lines.collect()
}

#[test]
fn no_thread_of_a_server_that_root_starts_stays_roots() {
    let Some(theirs) = Theirs::new() else { return };
    let running = Running::start(&theirs.home);
    let lines = users_of_threads(running.pid());
    assert!(lines.len() > 8, "{lines:?}");
    for line in lines {
        let (_, values) = line.split_once(':').unwrap();
        assert!(values.split_whitespace().all(|value| value != "0"), "{line}");
        let expected = if line.starts_with("CapEff") { "0000000000000000" } else { "65534" };
        assert!(values.split_whitespace().all(|value| value == expected), "{line}");
    }
    theirs.home.run(&["status"]).expect(0);
    theirs.home.run(&["doctor", "--set", "server.listen=127.0.0.1:0"]).expect(0);
    running.stop();
    theirs.expect_untouched();
}

#[test]
fn what_root_names_is_read_and_written_as_root() {
    let Some(theirs) = Theirs::new() else { return };
    let path = |name: &str| theirs.of_root().join(name).to_str().unwrap().to_owned();
    fs::write(path("people.csv"), "email,name,surname\nada@example.org,Ada,Prova\n").unwrap();
    fs::write(path("passphrase"), "correct horse battery staple\n").unwrap();
    let (people, passphrase) = (path("people.csv"), path("passphrase"));
    theirs.home.run(&["user", "import", &people]).expect(0);
    let running = Running::start(&theirs.home);
    theirs.home.run(&["backup", "create", "--output", &path("running")]).expect(0);
    let sealed = ["backup", "create", "--passphrase-file", &passphrase, "--output"];
    theirs.home.run(&[&sealed[..], &[&path("sealed")]].concat()).expect(0);
    let streamed = theirs.home.command(&["backup", "create", "--output", "-"]).output().unwrap();
    assert!(streamed.status.success() && streamed.stdout.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
    running.stop();
    let said = theirs.home.run(&["backup", "create", "--output", &path("stopped")]).expect(0);
    assert_eq!(said.stdout.trim(), path("stopped"));
    theirs.home.run(&["support", "bundle", "--output", &path("bundle")]).expect(0);
    for name in ["running", "sealed", "stopped", "bundle"] {
        let made = fs::metadata(path(name)).unwrap();
        assert_eq!((made.uid(), made.mode() & 0o777), (0, 0o600), "{name}");
    }
    assert_eq!(fs::read_dir(theirs.of_root()).unwrap().count(), 6);
    // What is there already is not replaced.
    theirs.home.run(&["backup", "create", "--output", &path("stopped")]).expect(4);
    theirs.home.run(&["backup", "verify", &path("running")]).expect(0);
    theirs.home.run(&["restore", &path("sealed"), "--passphrase-file", &passphrase]).expect(0);
    theirs.home.run(&["user", "show", "ada"]).expect(0);
    theirs.expect_untouched();
    // Elsewhere it is root's, for nobody else has a part in it.
    let elsewhere = path("elsewhere");
    theirs.home.run(&["restore", &path("stopped"), "--to", &elsewhere]).expect(0);
    assert_eq!(fs::metadata(format!("{elsewhere}/auth.redb")).unwrap().uid(), 0);
}

#[test]
fn a_directory_that_its_owner_does_not_come_to_is_said_to_be_one() {
    let Some(theirs) = Theirs::new() else { return };
    fs::set_permissions(theirs.home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let refused = theirs.home.run(&["backup", "create"]);
    refused.expect_error(1, &["who may not pass through a directory above it", "chmod"]);
    let mut create = theirs.home.command(&["user", "create", "--email", "ada@example.org"]);
    create.args(["--name", "Ada", "--surname", "Prova", "--password-stdin"]);
    finish_with_input(create, PASSWORD).expect_error(1, &["who may not pass through"]);
}
