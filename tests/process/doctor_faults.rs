//! `appliance doctor` and real faults, one at a time: each is found, named, and comes with what mends it.

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{FileExt, MetadataExt, PermissionsExt, chown},
        net::UnixListener,
    },
    path::PathBuf,
};

use appliance::{
    audit_event::AuditContext,
    clock::{Clock, Time},
    http::Cursors,
    social_log::{self, SocialLogService},
    store::{Store, StoreOptions},
    telemetry::Metrics,
};

use redb::ReadableTable;

use crate::{
    doctor::Findings,
    program::{Home, finish},
    running::Running,
    small_disk::SmallDisk,
};

/// A home in which an appliance ran and was stopped.
fn used() -> Home {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    Running::start(&home).stop();
    home
}

fn file(home: &Home, name: &str) -> PathBuf {
    home.data().join(name)
}

#[test]
fn a_key_that_does_not_exist() {
    let home = Home::default();
    let findings = Findings::of(home.run(&["doctor", "--json", "--set", "server.lisen=x"]), 5);
    findings.expect("configuration", "failed", "did you mean 'server.listen'");
}

#[test]
fn values_that_contradict_each_other() {
    let home = Home::default();
    let setting = ["server.listen=127.0.0.1:4433", "server.redirect_listen=127.0.0.1:4433"];
    let findings = Findings::in_home(&home, &setting, 5);
    findings.expect("configuration", "failed", "both want port 4433");
}

#[test]
fn a_data_directory_that_is_none() {
    let home = Home::default();
    fs::write(home.data(), "").unwrap();
    Findings::in_home(&home, &[], 5).expect("data directory", "failed", "is not a directory");
}

/// Needs to be root, who alone can give things away.
#[test]
fn a_file_of_another_user() {
    let home = used();
    if fs::metadata(home.path()).unwrap().uid() != 0 {
        return;
    }
    chown(file(&home, "user.redb"), Some(4711), None).unwrap();
    let findings = Findings::in_home(&home, &[], 5);
    findings.expect("owner", "failed", "user.redb does not belong to user 0");
}

#[test]
fn a_database_that_others_may_read() {
    let home = used();
    let open = |name: &str, mode| {
        let path = if name.is_empty() { home.data() } else { file(&home, name) };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open("", 0o755);
    Findings::in_home(&home, &[], 0).expect("permissions", "warning", "others may look into");
    open("auth.redb", 0o644);
    Findings::in_home(&home, &[], 5).expect("permissions", "failed", "auth.redb");
}

#[test]
fn a_disk_without_room() {
    let home = Home::default();
    // A filesystem of the kernel's own, on which there never is any.
    let full = ["doctor", "--json", "--data-dir", "/proc", "--set", "server.listen=127.0.0.1:0"];
    Findings::of(home.run(&full), 5).expect("free space", "failed", "0 MiB free");
}

#[test]
fn a_disk_that_is_getting_full() {
    let Some(disk) = SmallDisk::mount(300) else { return };
    let findings = Findings::in_home(&disk.home, &[], 0);
    findings.expect("free space", "warning", "300 MiB free");
}

#[test]
fn a_disk_with_room_for_few_more_files() {
    let Some(disk) = SmallDisk::mount_with("size=600m,nr_inodes=500") else { return };
    let findings = Findings::in_home(&disk.home, &[], 0);
    findings.expect("free space", "warning", "more files");
    for file in 0..480 {
        fs::write(disk.home.data().join(format!("file{file}")), "").unwrap();
    }
    Findings::in_home(&disk.home, &[], 5).expect("free space", "failed", "more files");
}

#[test]
fn what_was_left_behind() {
    let home = used();
    fs::write(file(&home, "auth.redb.new"), "").unwrap();
    fs::create_dir(file(&home, "restore-safety-20261123T020000Z")).unwrap();
    let findings = Findings::in_home(&home, &[], 0);
    findings.expect("leftovers", "warning", "auth.redb.new");
    findings.expect("leftovers", "warning", "restore-safety-20261123T020000Z");
}

#[test]
fn a_database_with_a_flipped_bit_in_every_page() {
    let home = used();
    let path = file(&home, "user.redb");
    let database = fs::File::options().read(true).write(true).open(&path).unwrap();
    let length = database.metadata().unwrap().len();
    for page in (4_096..length).step_by(4_096) {
        let mut byte = [0];
        database.read_exact_at(&mut byte, page + 40).unwrap();
        database.write_all_at(&[byte[0] ^ 1], page + 40).unwrap();
    }
    let findings = Findings::in_home(&home, &[], 5);
    findings.expect("database user", "failed", "user.redb");
    findings.expect("database auth", "ok", "every page has its checksum");
}

#[test]
fn a_database_that_is_gone_cut_short_or_none() {
    for (content, words) in [(None, "missing"), (Some(""), "empty"), (Some("none"), "user.redb")] {
        let home = used();
        match content {
            None => fs::remove_file(file(&home, "user.redb")).unwrap(),
            Some(content) => fs::write(file(&home, "user.redb"), content).unwrap(),
        }
        Findings::in_home(&home, &[], 5).expect("database user", "failed", words);
    }
}

#[test]
fn a_database_of_a_newer_appliance() {
    let home = used();
    let database = redb::Database::open(file(&home, "social_log.redb")).unwrap();
    let meta = redb::TableDefinition::<&str, &[u8]>::new("meta");
    let transaction = database.begin_write().unwrap();
    // The first version of a text of two bytes.
    let version = b"\x01\x0299".as_slice();
    transaction.open_table(meta).unwrap().insert("schema_version", version).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let findings = Findings::in_home(&home, &[], 5);
    findings.expect("database social_log", "failed", "newer appliance");
}

#[test]
fn an_audit_entry_that_was_altered() {
    let home = used();
    let database = redb::Database::open(file(&home, "social_log.redb")).unwrap();
    let audit = redb::TableDefinition::<u64, &[u8]>::new("audit");
    let transaction = database.begin_write().unwrap();
    {
        let mut entries = transaction.open_table(audit).unwrap();
        let mut entry = entries.get(1).unwrap().unwrap().value().to_vec();
        let place = entry.windows(4).position(|word| word == b"user").unwrap();
        entry[place] = b'U';
        entries.insert(1, entry.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);
    Findings::in_home(&home, &[], 5).expect("audit chain", "failed", "broken at entry 1");
    // By the word of a running appliance, too.
    let _running = Running::start(&home);
    Findings::in_home(&home, &[], 5).expect("audit chain", "failed", "broken at entry 1");
}

#[tokio::test]
async fn a_clock_that_stands_before_the_newest_audit_entry() {
    let home = used();
    let metrics = Metrics::new().unwrap().store("social_log");
    let path = file(&home, "social_log.redb");
    let options = StoreOptions::default();
    let store = Store::open(&path, options, social_log::MIGRATIONS, metrics).unwrap();
    let log = SocialLogService::open(store.clone(), Clock::system(), Cursors::new([0; 32]));
    let tomorrow: Time = Clock::system().now().plus_seconds(86_400);
    let event = AuditContext::COMMAND_LINE.event(tomorrow, "test.done", "user:1".to_owned());
    log.append_audit(vec![event.unwrap()]).await.unwrap();
    drop((log, store));
    let findings = Findings::in_home(&home, &[], 5);
    findings.expect("clock", "failed", "before the newest audit entry");
}

/// A certificate for these names that ends in a year, and its key.
fn certificate(home: &Home, names: &[&str], until: i32) -> [String; 3] {
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let made = params.self_signed(&key).unwrap();
    fs::write(home.path().join("chain.pem"), made.pem()).unwrap();
    fs::write(home.path().join("key.pem"), key.serialize_pem()).unwrap();
    ["tls.mode=files", "tls.certificates=['chain.pem']", "tls.keys=['key.pem']"].map(str::to_owned)
}

#[test]
fn a_certificate_that_is_of_no_use() {
    let home = Home::default();
    let look = |settings: &[String; 3], words: &str, health: &str, code| {
        let settings: Vec<_> = settings.iter().map(String::as_str).collect();
        Findings::in_home(&home, &settings, code).expect("certificate", health, words);
    };
    look(&certificate(&home, &["localhost"], 2090), "for localhost", "ok", 0);
    look(&certificate(&home, &["localhost"], 2025), "it ended 2025-01-01", "failed", 5);
    let settings = certificate(&home, &["example.org"], 2090);
    look(&settings, "as localhost, and the certificate is for example.org", "failed", 5);
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    fs::write(home.path().join("key.pem"), other).unwrap();
    look(&settings, "is not the key of", "failed", 5);
    fs::write(home.path().join("chain.pem"), "no certificate").unwrap();
    look(&settings, "chain.pem cannot be used", "failed", 5);
    fs::remove_file(home.path().join("chain.pem")).unwrap();
    look(&settings, "chain.pem cannot be used", "failed", 5);
}

#[test]
fn a_port_that_somebody_else_has() {
    let home = Home::default();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let findings = Findings::in_home(&home, &[&format!("server.listen={address}")], 5);
    let holder = format!("process {} (", std::process::id());
    findings.expect("https port", "failed", &format!("{address} is in use by {holder}"));
}

/// Needs to be root, who alone can become somebody who may not.
#[test]
fn a_port_that_this_user_may_not_have() {
    let home = Home::default();
    if fs::metadata(home.path()).unwrap().uid() != 0 {
        return;
    }
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = home.path().join("appliance");
    fs::copy(env!("CARGO_BIN_EXE_appliance"), &program).unwrap();
    // Where even low ports are open to everybody, this shuts them for the one process.
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=4711", "--regid=4711", "--clear-groups"]).current_dir(home.path());
    command.arg(program).args(["doctor", "--json", "--set", "server.listen=127.0.0.1:443"]);
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    if first.trim().parse::<u16>().unwrap() > 443 {
        let findings = Findings::of(finish(command), 5);
        findings.expect("https port", "failed", "may not listen on 127.0.0.1:443");
    } else {
        assert!(finish(command).code.is_some());
    }
}

#[test]
fn fewer_open_files_than_connections() {
    let home = Home::default();
    let shell = ["sh", "-c", "ulimit -n 256 && exec \"$@\"", "sh"];
    let arguments = ["doctor", "--json", "--set", "server.listen=127.0.0.1:0"];
    let findings = Findings::of(finish(home.command_under(&shell, &arguments)), 0);
    findings.expect("open files", "warning", "may open 256");
}

#[test]
fn an_appliance_that_does_not_answer() {
    let home = used();
    let socket = UnixListener::bind(file(&home, "control.sock")).unwrap();
    fs::set_permissions(file(&home, "control.sock"), fs::Permissions::from_mode(0o600)).unwrap();
    // It hangs up on everybody.
    std::thread::spawn(move || socket.incoming().for_each(drop));
    Findings::in_home(&home, &[], 5).expect("appliance", "failed", "cannot be asked");
}
