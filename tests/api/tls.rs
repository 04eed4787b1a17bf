//! Certificates, versions and protocols, and what is no TLS.

use std::{collections::BTreeMap, sync::Arc};

use rustls::{ProtocolVersion, SupportedProtocolVersion, version};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

use crate::support::{
    Appliance,
    wire::{Wire, read_to_end, tls_config},
};

async fn negotiated(
    app: &Appliance,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&[u8]],
) -> (Option<ProtocolVersion>, Option<Vec<u8>>) {
    let config = tls_config(app.data.path(), versions, protocols);
    let wire = Wire::open_with(app, config).await.unwrap();
    let (_, session) = wire.stream.get_ref();
    (session.protocol_version(), session.alpn_protocol().map(<[u8]>::to_vec))
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let app = Appliance::start().await;
    let (newest, _) = negotiated(&app, rustls::ALL_VERSIONS, &[]).await;
    assert_eq!(newest, Some(ProtocolVersion::TLSv1_3));
    let (older, _) = negotiated(&app, &[&version::TLS12], &[]).await;
    assert_eq!(older, Some(ProtocolVersion::TLSv1_2));
}

#[tokio::test]
async fn http_2_is_preferred_and_http_1_is_spoken_with_whoever_wants_it() {
    type Case = (&'static [&'static [u8]], Option<&'static [u8]>);
    let app = Appliance::start().await;
    let cases: [Case; 4] = [
        (&[b"h2", b"http/1.1"], Some(b"h2")),
        (&[b"http/1.1", b"h2"], Some(b"h2")),
        (&[b"http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ];
    for (offered, expected) in cases {
        let (_, protocol) = negotiated(&app, rustls::ALL_VERSIONS, offered).await;
        assert_eq!(protocol.as_deref(), expected);
    }
    let unknown = Wire::open_speaking(&app, &[b"spdy/3"]).await;
    assert!(unknown.is_err(), "a client that speaks nothing that we do");
}

#[tokio::test]
async fn both_protocols_get_the_same_answers() {
    let app = Appliance::start().await;
    for (protocol, expected) in
        [(&b"h2"[..], reqwest::Version::HTTP_2), (b"http/1.1", reqwest::Version::HTTP_11)]
    {
        let client = crate::support::client_speaking(app.data.path(), app.address, &[protocol]);
        let answer = client.get(app.url("/livez")).send().await.unwrap();
        assert_eq!(answer.version(), expected);
        assert_eq!(answer.text().await.unwrap(), r#"{"status":"alive"}"#);
    }
}

#[tokio::test]
async fn a_client_without_alpn_is_served_http_1() {
    let app = Appliance::start().await;
    let mut wire = Wire::open_speaking(&app, &[]).await.unwrap();
    wire.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(wire.answer().await.status, 200);
}

/// A `ClientHello` (RFC 5246 §7.4.1.2) that knows this version as its newest.
fn client_hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    hello.push(0);
    // ECDHE with AES in CBC mode, which TLS 1.0 had too, and AES in GCM mode.
    let suites = [0xc009_u16, 0xc00a, 0xc013, 0xc014, 0xc02b, 0xc02f];
    hello.extend(u16::try_from(suites.len() * 2).unwrap().to_be_bytes());
    hello.extend(suites.iter().flat_map(|suite| suite.to_be_bytes()));
    hello.extend([1, 0]);
    // Supported groups: P-256 and X25519; uncompressed points; ECDSA and RSA with SHA-256.
    let extensions: &[u8] =
        &[0, 10, 0, 6, 0, 4, 0, 23, 0, 29, 0, 11, 0, 2, 1, 0, 0, 13, 0, 6, 0, 4, 4, 3, 4, 1];
    hello.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    hello.extend(extensions);
    let mut handshake = vec![1, 0];
    handshake.extend(u16::try_from(hello.len()).unwrap().to_be_bytes());
    handshake.extend(hello);
    let mut record = vec![22, 3, 1];
    record.extend(u16::try_from(handshake.len()).unwrap().to_be_bytes());
    record.extend(handshake);
    record
}

#[tokio::test]
async fn tls_1_1_and_older_are_refused_with_an_alert() {
    const ALERT: u8 = 21;
    const PROTOCOL_VERSION: u8 = 70;
    let app = Appliance::start_with(&[("limits.handshake_seconds", "1")]).await;
    for minor in [0, 1, 2] {
        let mut tcp = TcpStream::connect(app.address).await.unwrap();
        tcp.write_all(&client_hello(minor)).await.unwrap();
        let said = read_to_end(&mut tcp).await;
        assert_eq!((said[0], said[6]), (ALERT, PROTOCOL_VERSION), "3.{minor}: {said:?}");
    }
    // The same greeting is answered (a ServerHello, type 22) when it knows TLS 1.2.
    let mut tcp = TcpStream::connect(app.address).await.unwrap();
    tcp.write_all(&client_hello(3)).await.unwrap();
    assert_eq!(read_to_end(&mut tcp).await[0], 22);
}

#[tokio::test]
async fn what_is_no_tls_gets_no_http() {
    let app = Appliance::start_with(&[("limits.handshake_seconds", "1")]).await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for bytes in ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", preface, "\0\0\0\0", "SSH-2.0-x\r\n"]
    {
        let mut tcp = TcpStream::connect(app.address).await.unwrap();
        tcp.write_all(bytes.as_bytes()).await.unwrap();
        let said = read_to_end(&mut tcp).await;
        assert!(!String::from_utf8_lossy(&said).contains("HTTP"), "{said:?}");
    }
    app.page("/livez").await.expect(200);
}

#[tokio::test]
async fn the_certificate_and_its_key_are_kept_across_restarts() {
    let app = Appliance::start().await;
    let files = |app: &Appliance| {
        let read = |name: &str| std::fs::read(app.data.path().join("tls").join(name)).unwrap();
        (read("self-signed.pem"), read("self-signed.key"))
    };
    let (before, clock) = (files(&app), app.clock.clone());
    let served = served_certificate(&app).await;
    let app = Appliance::start_in(app.stop().await, clock, &[]).await;
    assert_eq!(files(&app), before);
    assert_eq!(served_certificate(&app).await, served);
}

async fn served_certificate(app: &Appliance) -> Vec<u8> {
    let wire = Wire::open(app).await.unwrap();
    let (_, session) = wire.stream.get_ref();
    session.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn the_certificate_names_the_public_url_and_the_configured_names() {
    let settings = [
        ("server.public_url", "https://presenze.example.org"),
        ("tls.names", "['localhost', '192.0.2.7']"),
    ];
    let app = Appliance::start_with(&settings).await;
    let mut accepted = BTreeMap::new();
    for name in ["presenze.example.org", "localhost", "192.0.2.7", "example.org", "127.0.0.1"] {
        let config = tls_config(app.data.path(), rustls::ALL_VERSIONS, &[]);
        let tcp = TcpStream::connect(app.address).await.unwrap();
        let server = rustls::pki_types::ServerName::try_from(name).unwrap();
        let connecting = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(server, tcp);
        accepted.insert(name, connecting.await.is_ok());
    }
    let expected = [
        ("presenze.example.org", true),
        ("localhost", true),
        ("192.0.2.7", true),
        ("example.org", false),
        ("127.0.0.1", false),
    ];
    assert_eq!(accepted, BTreeMap::from(expected));
}

#[tokio::test]
async fn an_address_that_is_taken_is_said_to_be_when_starting() {
    use appliance::{
        clock::Clock,
        config::{Config, ConfigSources},
        server::Server,
    };
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let flags = [
        ("server.listen", address.clone()),
        ("data.directory", directory.path().to_string_lossy().into_owned()),
    ];
    let flags = flags.map(|(key, value)| (key.to_owned(), value)).to_vec();
    let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
    let error = Server::bind(config, Clock::system()).await.err().unwrap().to_string();
    assert!(error.contains(&address) && error.contains("is in use"), "{error}");
}
