//! What a supervisor hears of the real process, over a real socket.

use std::{
    fs,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    path::Path,
};

use crate::{
    program::{BOUND, Home},
    running::{Running, serve},
};

/// A supervisor's ear.
struct Ear(UnixDatagram);

impl Ear {
    fn at(path: &Path) -> Self {
        Self::of(UnixDatagram::bind(path).unwrap())
    }

    fn of(socket: UnixDatagram) -> Self {
        socket.set_read_timeout(Some(BOUND)).unwrap();
        Self(socket)
    }

    /// The next message.
    fn hear(&self) -> String {
        let mut buffer = [0; 1024];
        let length = self.0.recv(&mut buffer).expect("a message");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// Every message up to and with the first that says this.
    fn until(&self, words: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last: &String| !last.contains(words)) {
            heard.push(self.hear());
        }
        heard
    }
}

/// A server that is told of a socket and of these variables.
fn start(home: &Home, socket: &str, variables: &[(&str, &str)]) -> Running {
    let mut command = home.command(&serve(&[]));
    command.env("NOTIFY_SOCKET", socket).envs(variables.iter().copied());
    Running::start_by(command)
}

#[test]
fn a_start_asks_for_time_while_it_migrates_and_then_says_that_it_is_ready() {
    let home = Home::default();
    let path = home.path().join("notify");
    let ear = Ear::at(&path);
    let running = start(&home, path.to_str().unwrap(), &[]);
    let heard = ear.until("READY=1");
    assert!(heard[0].contains("EXTEND_TIMEOUT_USEC=") && heard[0].contains("STATUS=auth.redb: "));
    let ready = heard.last().unwrap();
    assert_eq!(ready, "READY=1\nSTATUS=serving as https://localhost:8443");
    running.stop();
    assert!(ear.hear().starts_with("STOPPING=1\n"));
}

#[test]
fn a_supervisor_at_an_abstract_name_hears_the_same() {
    let home = Home::default();
    let name = format!("appliance-{}", home.path().file_name().unwrap().display());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let ear = Ear::of(UnixDatagram::bind_addr(&address).unwrap());
    let _running = start(&home, &format!("@{name}"), &[]);
    ear.until("READY=1");
}

#[test]
fn the_watchdog_is_fed_for_as_long_as_the_databases_answer() {
    let home = Home::default();
    let path = home.path().join("notify");
    let ear = Ear::at(&path);
    let running = start(&home, path.to_str().unwrap(), &[("WATCHDOG_USEC", "100000")]);
    ear.until("READY=1");
    for _ in 0..3 {
        assert_eq!(ear.hear(), "WATCHDOG=1");
    }
    running.signal("TERM");
    ear.until("STOPPING=1");
    running.ended().expect(0);
}

#[test]
fn a_hangup_is_told_as_a_reload_that_begins_and_ends() {
    let home = Home::default();
    let path = home.path().join("notify");
    let ear = Ear::at(&path);
    let running = start(&home, path.to_str().unwrap(), &[]);
    ear.until("READY=1");
    let before = appliance::clock::monotonic().as_micros();
    running.signal("HUP");
    let begun = ear.hear();
    let at = begun.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
    assert!(begun.starts_with("RELOADING=1\n"), "{begun}");
    assert!(at.parse::<u128>().unwrap() >= before, "{begun} is not from after {before}");
    assert!(ear.hear().starts_with("READY=1\n"));
    running.stop();
}

#[test]
fn a_supervisor_that_went_away_harms_nothing() {
    let home = Home::default();
    let path = home.path().join("notify");
    drop(Ear::at(&path));
    fs::remove_file(&path).unwrap();
    let running = start(&home, path.to_str().unwrap(), &[("WATCHDOG_USEC", "100000")]);
    home.run(&["status"]).expect(0);
    running.stop();
}
