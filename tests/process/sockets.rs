//! Where it listens: at sockets that were opened for it, at a path, and without TLS only where nobody
//! else can listen in.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt, net::UnixStream},
    },
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::{
    program::{BOUND, Home, finish},
    running::{Running, serve},
    support::{install_crypto, wire::tls_config},
};

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// As `open(2)` has it on this platform.
const CLOSE_ON_EXEC: u32 = 0o2_000_000;
/// Starts what follows with its standard input as the first passed socket, as systemd would.
const ACTIVATE: [&str; 3] =
    ["sh", "-c", "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\""];

fn start_activated(socket: impl Into<OwnedFd>, command: Command) -> Running {
    Running::start_given(command, socket.into().into())
}

/// Asks over a connection of its own, as a client that was never here before.
async fn ask(address: SocketAddr, tls: &TlsConnector) -> std::io::Result<String> {
    let tcp = tokio::net::TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = tls.connect(name, tcp).await?;
    stream.write_all(LIVEZ.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_passed_socket_a_restart_refuses_nobody_and_answers_everybody() {
    install_crypto();
    let home = Home::default();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let start = || {
        let command = home.command_under(&ACTIVATE, &serve(&[]));
        start_activated(socket.try_clone().unwrap(), command)
    };
    let mut running = start();
    assert_eq!(running.address, address, "it listens at the socket that was passed");
    let tls = tls_config(&home.data(), rustls::ALL_VERSIONS, &[b"http/1.1"]);
    let tls = TlsConnector::from(Arc::new(tls));
    let (over, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (tls, over, answers) = (tls.clone(), Arc::clone(&over), Arc::clone(&answers));
        clients.spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let answer = tokio::time::timeout(BOUND, ask(address, &tls)).await;
                let answer = answer.expect("an answer in time").expect("no broken connection");
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                answers.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    for _ in 0..3 {
        let before = answers.load(Ordering::SeqCst);
        while answers.load(Ordering::SeqCst) < before + 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert_eq!(clients.len(), 4);
        }
        running = tokio::task::block_in_place(|| {
            running.stop();
            start()
        });
    }
    over.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    running.stop();
}

#[test]
fn a_child_of_the_appliance_gets_none_of_the_passed_sockets() {
    let home = Home::default();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let command = home.command_under(&ACTIVATE, &serve(&[]));
    let running = start_activated(socket, command);
    let info = fs::read_to_string(format!("/proc/{}/fdinfo/3", running.pid())).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
    assert_ne!(flags & CLOSE_ON_EXEC, 0, "{info}");
}

/// What a stream answers to a question without TLS.
fn answer(mut stream: impl Read + Write) -> String {
    stream.write_all(LIVEZ.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The arguments of a verb without TLS at a path or an address.
fn plain<'a>(verb: &'a str, listen: &'a str) -> Vec<&'a str> {
    vec![verb, "--set", "tls.mode=off", "--set", "log.format=json", "--set", listen]
}

#[test]
fn a_proxy_is_served_at_a_unix_socket_which_goes_with_the_server() {
    let home = Home::default();
    let path = home.path().join("http.sock");
    let listen = format!("server.listen=unix:{}", path.display());
    let running = Running::start_by(home.command(&plain("serve", &listen)));
    let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660, "for its owner and its group");
    assert!(answer(UnixStream::connect(&path).unwrap()).starts_with("HTTP/1.1 200"));
    let health = finish(home.command(&plain("healthcheck", &listen))).expect(0);
    assert_eq!(health.json()["status"], "ready");
    running.stop();
    assert!(!path.exists());
}

#[test]
fn a_proxy_is_served_at_a_loopback_address() {
    let home = Home::default();
    let running = Running::start_by(home.command(&plain("serve", "server.listen=127.0.0.1:0")));
    let stream = TcpStream::connect(running.address).unwrap();
    assert!(answer(stream).starts_with("HTTP/1.1 200"));
    assert!(!home.data().join("tls").join("self-signed.key").exists(), "no key that nobody uses");
    running.stop();
}

/// The status of an answer to a question without TLS, with one more header.
fn status(stream: impl Read + Write, path: &str, header: &str) -> String {
    let mut stream = stream;
    let ask = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
    stream.write_all(ask.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

const INSIDE: [&str; 3] = ["/metrics", "/docs", "/openapi.json"];

#[test]
fn without_tls_a_proxy_that_is_not_named_opens_nothing_to_the_world() {
    let home = Home::default();
    let running = Running::start_by(home.command(&plain("serve", "server.listen=127.0.0.1:0")));
    for path in INSIDE {
        for header in ["", "X-Forwarded-For: 127.0.0.1\r\n"] {
            let stream = TcpStream::connect(running.address).unwrap();
            assert_eq!(status(stream, path, header), "403", "{path} {header}");
        }
    }
    running.stop();
    let path = home.path().join("http.sock");
    let listen = format!("server.listen=unix:{}", path.display());
    let running = Running::start_by(home.command(&plain("serve", &listen)));
    assert_eq!(status(UnixStream::connect(&path).unwrap(), "/metrics", ""), "403");
    running.stop();
}

#[test]
fn without_tls_a_proxy_that_is_named_opens_what_its_clients_may_see() {
    let home = Home::default();
    let mut arguments = plain("serve", "server.listen=127.0.0.1:0");
    arguments.extend(["--set", "proxy.trusted_networks=['127.0.0.1']"]);
    let running = Running::start_by(home.command(&arguments));
    for path in INSIDE {
        for (header, expected) in [("X-Forwarded-For: 192.0.2.1\r\n", "403"), ("", "200")] {
            let stream = TcpStream::connect(running.address).unwrap();
            assert_eq!(status(stream, path, header), expected, "{path} {header}");
        }
    }
    running.stop();
    let mut arguments = plain("serve", "server.listen=127.0.0.1:0");
    arguments.extend(["--set", "access.metrics_networks=['0.0.0.0/0']"]);
    let running = Running::start_by(home.command(&arguments));
    let stream = TcpStream::connect(running.address).unwrap();
    assert_eq!(status(stream, "/metrics", ""), "200", "what is open to all is");
    running.stop();
}

#[test]
fn a_proxy_that_is_not_named_is_said_by_whoever_looks_at_the_configuration() {
    let home = Home::default();
    let check = |set: &[&str]| {
        let mut arguments = vec!["config", "check", "--set", "tls.mode=off"];
        arguments.extend(set.iter().flat_map(|set| ["--set", set]));
        finish(home.command(&arguments)).expect(0).stderr
    };
    let unix = "server.listen=unix:/run/http.sock";
    assert!(check(&[]).contains("proxy.trusted_networks"));
    assert!(check(&[unix]).contains("proxy.trust_unix_socket"));
    assert!(!check(&["proxy.trusted_networks=['127.0.0.1']"]).contains("warning"));
    assert!(!check(&[unix, "proxy.trust_unix_socket=true"]).contains("warning"));
}

#[test]
fn without_tls_no_other_address_is_listened_at() {
    let home = Home::default();
    for listen in ["server.listen=0.0.0.0:0", "server.listen=[::]:0"] {
        let refused = finish(home.command(&plain("serve", listen)));
        refused.expect_error(2, &["server.listen", "loopback"]);
    }
    assert!(!Path::exists(&home.data()), "nothing was made");
}

#[test]
fn without_tls_a_passed_socket_that_others_reach_is_not_listened_at() {
    let home = Home::default();
    let socket = TcpListener::bind("0.0.0.0:0").unwrap();
    let mut command = home.command_under(&ACTIVATE, &plain("serve", "server.name=x"));
    command.stdin(OwnedFd::from(socket));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("beyond this machine"), "{said}");
}
