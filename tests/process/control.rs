//! The control socket itself: who may ask, and what becomes of whatever is no request.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::Shutdown,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixStream,
    },
};

use appliance::control::LONGEST_REQUEST_BYTES;
use serde_json::Value;

use crate::{
    program::{Home, finish},
    running::{Running, serve},
};

const STATUS: &str = r#"{"protocol":1,"version":"0.1.0","request":"status"}"#;

fn connect(home: &Home) -> UnixStream {
    UnixStream::connect(home.data().join("control.sock")).unwrap()
}

/// Sends bytes as they are and gives the lines of the answer.
fn exchange(home: &Home, bytes: &[u8]) -> Vec<Value> {
    let mut stream = connect(home);
    // Whatever is refused before it was read to its end breaks the pipe.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
}

/// Checks that bytes are refused with one line and this code.
#[track_caller]
fn refused(home: &Home, bytes: &[u8], code: &str) -> String {
    let lines = exchange(home, bytes);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["failed"]["code"], code, "{lines:?}");
    lines[0]["failed"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn the_socket_is_its_owners_alone_and_gone_after_a_stop() {
    let home = Home::default();
    let running = Running::start(&home);
    let socket = home.data().join("control.sock");
    assert_eq!(fs::symlink_metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    running.stop();
    assert!(!socket.exists());
    assert!(!home.data().join("control.new").exists());
}

#[test]
fn a_request_is_answered_with_one_last_line() {
    let home = Home::default();
    let _running = Running::start(&home);
    let lines = exchange(&home, format!("{STATUS}\n").as_bytes());
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["done"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(lines[0]["done"]["result"]["draining"], false);
}

#[test]
fn what_is_no_request_is_refused_and_the_server_goes_on() {
    let home = Home::default();
    let running = Running::start(&home);
    let long = [b"{".as_slice(), &vec![b' '; LONGEST_REQUEST_BYTES], b"}\n"].concat();
    let unknown = STATUS.replace("\"status\"", "\"reboot\"") + "\n";
    let more = STATUS.replace('}', ",\"more\":1}") + "\n";
    for bytes in [
        &b"\n"[..],
        b"hello\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xfe\x00\n",
        &long,
        unknown.as_bytes(),
        more.as_bytes(),
        // Half of one, and none at all.
        &STATUS.as_bytes()[..20],
        STATUS.as_bytes(),
        b"",
    ] {
        refused(&home, bytes, "BAD_REQUEST");
    }
    home.run(&["status"]).expect(0);
    assert!(!running.stop().stderr.contains("panicked"));
}

#[test]
fn a_request_of_another_version_is_refused_in_words() {
    let home = Home::default();
    let _running = Running::start(&home);
    let newer = b"{\"protocol\":99,\"version\":\"9.9.9\",\"request\":\"status\"}\n";
    let words = refused(&home, newer, "VERSION_MISMATCH");
    assert!(words.contains("9.9.9") && words.contains("restart"), "{words}");
}

#[test]
fn whoever_says_nothing_does_not_keep_others_from_asking_nor_the_server_from_stopping() {
    let home = Home::default();
    let running = Running::start(&home);
    let silent: Vec<_> = (0..15).map(|_| connect(&home)).collect();
    home.run(&["status"]).expect(0);
    let crowd: Vec<_> = (0..16).map(|_| connect(&home)).collect();
    // Those that are too many are told so at once.
    let mut answer = String::new();
    crowd.last().unwrap().read_to_string(&mut answer).unwrap();
    assert!(answer.contains("BUSY"), "{answer}");
    running.stop();
    drop((silent, crowd));
}

#[test]
fn a_socket_left_by_a_killed_server_is_replaced_by_the_next() {
    let home = Home::default();
    Running::start(&home).kill();
    let socket = home.data().join("control.sock");
    let left = fs::symlink_metadata(&socket).unwrap().ino();
    home.run(&["status"]).expect_error(3, &["no appliance runs"]);
    let _running = Running::start(&home);
    assert_ne!(fs::symlink_metadata(&socket).unwrap().ino(), left);
    home.run(&["status"]).expect(0);
}

#[test]
fn a_second_server_on_the_same_data_leaves_the_first_its_socket() {
    let home = Home::default();
    let _running = Running::start(&home);
    finish(home.command(&serve(&[]))).expect_error(4, &["is in use"]);
    home.run(&["status"]).expect(0);
}

#[test]
fn two_servers_cannot_share_a_socket() {
    let (home, other) = (Home::default(), Home::default());
    let socket = home.path().join("shared.sock");
    let setting = format!("server.control_socket={}", socket.display());
    let running = Running::start_with(&home, &[&setting]);
    let second = finish(other.command(&serve(&[&setting])));
    second.expect_error(4, &["another appliance listens", "server.control_socket"]);
    home.run(&["status", "--set", &setting]).expect(0);
    running.stop();
    assert!(!socket.exists());
}

#[test]
fn something_else_in_the_place_of_the_socket_is_left_alone() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    let socket = home.data().join("control.sock");
    fs::write(&socket, "kept").unwrap();
    let refused = finish(home.command(&serve(&[])));
    refused.expect_error(1, &["in the way", "server.control_socket"]);
    assert_eq!(fs::read(&socket).unwrap(), b"kept");
}

#[test]
fn a_path_that_is_too_long_is_named_with_what_to_set() {
    let home = Home::default();
    let setting = format!("server.control_socket=/tmp/{}", "a".repeat(120));
    let refused = finish(home.command(&serve(&[&setting])));
    refused.expect_error(1, &["longer than the system allows", "server.control_socket"]);
}

/// Needs to be root, who alone can become somebody else.
#[test]
fn a_stranger_is_refused_even_where_the_permissions_were_opened() {
    let home = Home::default();
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let _running = Running::start(&home);
    let socket = home.data().join("control.sock");
    for (path, mode) in [(home.path(), 0o755), (&home.data(), 0o755), (&socket, 0o666)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let runner = ["setpriv", "--reuid=4711", "--regid=4711", "--clear-groups"];
    let setting = format!("server.control_socket={}", socket.display());
    // The program itself may lie where only its owner comes: a copy that everybody can run.
    let program = home.path().join("appliance");
    fs::copy(env!("CARGO_BIN_EXE_appliance"), &program).unwrap();
    let mut command = std::process::Command::new(runner[0]);
    command.current_dir(home.path()).args(&runner[1..]).arg(program);
    command.args(["status", "--set", &setting]);
    finish(command).expect_error(1, &["only the user that the appliance runs as"]);
    home.run(&["status"]).expect(0);
}

/// Needs to be root, who alone can become somebody else.
#[test]
fn a_strangers_socket_in_the_place_of_ours_is_told_nothing() {
    let (home, stranger) = (Home::default(), Home::default());
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    // A directory for everybody, as /tmp is.
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let socket = home.path().join("control.sock");
    let setting = format!("server.control_socket={}", socket.display());
    let program = home.path().join("appliance");
    fs::copy(env!("CARGO_BIN_EXE_appliance"), &program).unwrap();
    std::os::unix::fs::chown(stranger.path(), Some(4711), Some(4711)).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=4711", "--regid=4711", "--clear-groups"]).current_dir(stranger.path());
    command.arg(program).args(serve(&[&setting]));
    let _theirs = Running::start_by(command);
    let refused = home.create_user_with("ada", "user", &["--set", &setting]);
    refused.expect_error(1, &["user 4711 listens there"]);
    home.run(&["status", "--set", &setting]).expect_error(1, &["user 4711 listens there"]);
}

/// Needs to be root, who looks after what others run.
#[test]
fn root_may_ask_the_appliance_of_another_user() {
    let home = Home::default();
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let program = home.path().join("appliance");
    fs::copy(env!("CARGO_BIN_EXE_appliance"), &program).unwrap();
    std::os::unix::fs::chown(home.path(), Some(4711), Some(4711)).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=4711", "--regid=4711", "--clear-groups"]).current_dir(home.path());
    command.arg(program).args(serve(&[]));
    let _theirs = Running::start_by(command);
    home.run(&["status"]).expect(0);
    home.create_user("ada", "user").expect(0);
    home.run(&["doctor", "--set", "server.listen=127.0.0.1:0"]).expect(0);
}
