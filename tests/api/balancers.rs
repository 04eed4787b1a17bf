//! TCP load balancers, which say with a header of the PROXY protocol whose connection they pass on.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::{
    Appliance,
    wire::{RawAnswer, Wire, connect_from, read_to_end, tls_config},
};

/// The balancer of these tests; 127.0.0.1 is none.
const BALANCER: &str = "127.0.0.7";
const BALANCED: (&str, &str) = ("proxy.protocol_networks", "['127.0.0.7']");
const METRICS: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Version 1, from a client of IPv4.
fn line(client: &str) -> Vec<u8> {
    format!("PROXY TCP4 {client} 203.0.113.1 56324 443\r\n").into_bytes()
}

/// Version 2: a command, a family, and what follows.
fn binary(command: u8, family: u8, following: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, family]);
    header.extend(u16::try_from(following.len()).unwrap().to_be_bytes());
    header.extend(following);
    header
}

/// Version 2, from a client of IPv6, with a field that says nothing.
fn binary_from(client: &str) -> Vec<u8> {
    let address = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
    let ports = [0xDC, 0x04, 0x01, 0xBB];
    let field = [0x04, 0, 2, 0, 0];
    let following = [&address(client)[..], &address("2001:db8::1"), &ports, &field];
    binary(0x21, 0x21, &following.concat())
}

/// Opens a connection from `peer` that begins with a header.
async fn open(app: &Appliance, peer: &str, header: &[u8]) -> std::io::Result<Wire> {
    let mut tcp = connect_from(app, peer).await;
    tcp.write_all(header).await?;
    Wire::over(tcp, tls_config(app.data.path(), rustls::ALL_VERSIONS, &[b"http/1.1"])).await
}

async fn ask(wire: &mut Wire, request: impl AsRef<[u8]>) -> RawAnswer {
    wire.send(request).await;
    wire.answer().await
}

/// A login that fails.
fn guess() -> String {
    let body = json!({ "identifier": "nobody", "password": "a wrong password" }).to_string();
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn behind_a_balancer_the_audit_names_the_client_whichever_version_it_speaks() {
    let app = Appliance::start_with(&[BALANCED]).await;
    for header in [line("192.0.2.1"), binary_from("2001:db8:1:2:3::4")] {
        let mut wire = open(&app, BALANCER, &header).await.unwrap();
        assert_eq!(ask(&mut wire, guess()).await.status, 401);
    }
    let admin = app.admin().await;
    let failed = |items: &[Value]| -> Vec<String> {
        let failed = items.iter().filter(|item| item["action"] == "login.failure");
        failed.map(|item| item["network"].as_str().unwrap().to_owned()).collect()
    };
    let items = app.audit_until(&admin, |items| failed(items).len() >= 2).await;
    let mut networks = failed(&items);
    networks.sort();
    assert_eq!(networks, ["192.0.2.1", "2001:db8:1:2::/64"]);
}

#[tokio::test]
async fn nobody_but_a_balancer_is_believed_and_a_balancer_says_it_each_time() {
    let app = Appliance::start_with(&[BALANCED]).await;
    for header in [line("192.0.2.1"), binary_from("2001:db8::7"), binary(0x20, 0, &[])] {
        assert!(open(&app, "127.0.0.8", &header).await.is_err(), "of an untrusted peer");
    }
    for header in [
        &b""[..],
        b"PROXY TCP4 192.0.2.1 203.0.113.1 56324\r\n",
        b"PROXY UNKNOWN\n",
        b"GET / HTTP/1.1\r\n\r\n",
        &binary(0x21, 0x11, &[1, 2, 3]),
        &binary(0x2F, 0x11, &[0; 12]),
        &[line("192.0.2.1"), line("192.0.2.2")].concat(),
    ] {
        assert!(open(&app, BALANCER, header).await.is_err(), "{header:?}");
    }
    let mut direct = Wire::open(&app).await.unwrap();
    assert_eq!(ask(&mut direct, LIVEZ).await.status, 200, "others need no header");
}

#[tokio::test]
async fn the_client_of_a_balancer_is_let_in_by_its_own_network_alone() {
    let settings = [BALANCED, ("access.metrics_networks", "['192.0.2.0/24', '127.0.0.7']")];
    let app = Appliance::start_with(&settings).await;
    for (header, status) in [
        (line("192.0.2.1"), 200),
        (line("198.51.100.1"), 403),
        (binary_from("2001:db8::7"), 403),
        // Health checks, and clients that the balancer does not know: they are its own.
        (binary(0x20, 0, &[]), 200),
        (binary(0x21, 0, &[]), 200),
        (b"PROXY UNKNOWN\r\n".to_vec(), 200),
    ] {
        let mut wire = open(&app, BALANCER, &header).await.unwrap();
        assert_eq!(ask(&mut wire, METRICS).await.status, status, "{header:?}");
    }
}

#[tokio::test]
async fn each_client_of_a_balancer_has_a_share_of_its_own() {
    let settings =
        [BALANCED, ("limits.connections_per_address", "1"), ("limits.body_seconds", "3600")];
    let app = Appliance::start_with(&settings).await;
    let mut held = Vec::new();
    for number in 0..10 {
        let header = line(&format!("192.0.2.{number}"));
        let mut wire = open(&app, BALANCER, &header).await.unwrap();
        let begun = guess().replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
        wire.send(begun.split('{').next().unwrap()).await;
        assert_eq!(wire.answer().await.status, 100, "the request is in progress");
        held.push(wire);
    }
    assert!(open(&app, BALANCER, &line("192.0.2.3")).await.is_err(), "it has its share");
    assert!(open(&app, BALANCER, &binary_from("2001:db8::3")).await.is_ok());
}

#[tokio::test]
async fn a_balancer_that_says_nothing_is_closed_and_keeps_nobody_out() {
    let settings = [BALANCED, ("limits.connections", "2"), ("limits.handshake_seconds", "3600")];
    let app = Appliance::start_with(&settings).await;
    let mut silent = connect_from(&app, BALANCER).await;
    let mut half = connect_from(&app, BALANCER).await;
    half.write_all(b"PROXY TCP4 192.").await.unwrap();
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut wire = open(&app, BALANCER, &line("192.0.2.1")).await.unwrap();
        assert_eq!(ask(&mut wire, LIVEZ).await.status, 200);
        held.push(wire);
    }
    assert!(read_to_end(&mut silent).await.is_empty());
    assert!(read_to_end(&mut half).await.is_empty());
    let app = Appliance::start_with(&[BALANCED, ("limits.handshake_seconds", "1")]).await;
    let mut silent = connect_from(&app, BALANCER).await;
    assert!(read_to_end(&mut silent).await.is_empty(), "its time is over");
}

#[tokio::test]
async fn plain_http_is_redirected_behind_a_balancer_too() {
    let app = Appliance::start_with(&[BALANCED, ("server.redirect_listen", "127.0.0.1:0")]).await;
    let ask = async |peer: &str, header: &[u8]| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((peer.parse::<std::net::Ipv4Addr>().unwrap(), 0).into()).unwrap();
        let mut tcp = socket.connect(app.redirect.unwrap()).await.unwrap();
        tcp.write_all(&[header, LIVEZ.as_bytes()].concat()).await.unwrap();
        String::from_utf8(read_to_end(&mut tcp).await).unwrap()
    };
    for header in [line("192.0.2.1"), binary_from("2001:db8::7")] {
        assert!(ask(BALANCER, &header).await.starts_with("HTTP/1.1 308"));
        assert!(!ask("127.0.0.8", &header).await.starts_with("HTTP/1.1 308"));
    }
    assert!(ask(BALANCER, b"").await.is_empty());
    assert!(ask("127.0.0.8", b"").await.starts_with("HTTP/1.1 308"));
}
