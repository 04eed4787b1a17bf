//! Plain HTTP: one answer, whatever is asked.

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::support::{Appliance, wire::read_to_end};

const ORIGIN: &str = "https://presenze.example.org:8443";

async fn start() -> Appliance {
    let settings = [
        ("server.redirect_listen", "127.0.0.1:0"),
        ("server.public_url", "https://presenze.example.org:8443/"),
    ];
    Appliance::start_with(&settings).await
}

/// Everything that plain HTTP says to a head.
async fn said(app: &Appliance, head: &str) -> String {
    let mut tcp = TcpStream::connect(app.redirect.unwrap()).await.unwrap();
    tcp.write_all(head.as_bytes()).await.unwrap();
    String::from_utf8(read_to_end(&mut tcp).await).unwrap()
}

fn location(said: &str) -> Option<&str> {
    said.lines().find_map(|line| line.strip_prefix("location: "))
}

async fn assert_leads_to(app: &Appliance, head: &str, target: &str) {
    let said = said(app, head).await;
    assert_eq!(said.split(' ').nth(1), Some("308"), "{head}: {said}");
    assert_eq!(location(&said), Some(&*format!("{ORIGIN}{target}")), "{head}");
    assert!(said.ends_with("\r\n\r\n"), "no body: {said}");
}

#[tokio::test]
async fn every_path_leads_to_the_same_path_of_the_public_url() {
    let app = start().await;
    for target in ["/", "/S/ABC", "/app/events?x=1&y=%20", "/?", "/a//b", "/%0d%0aX:%20y"] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: presenze.example.org\r\n\r\n");
        assert_leads_to(&app, &head, target).await;
    }
}

#[tokio::test]
async fn the_method_does_not_matter() {
    let app = start().await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let head = format!("{method} /api HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        assert_leads_to(&app, &head, "/api").await;
    }
}

#[tokio::test]
async fn no_header_sends_anybody_elsewhere() {
    let app = start().await;
    let hosts = [
        "Host: evil.example",
        "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http",
        "Forwarded: host=evil.example",
        "Host:",
    ];
    for host in hosts {
        assert_leads_to(&app, &format!("GET /x HTTP/1.1\r\n{host}\r\n\r\n"), "/x").await;
    }
    assert_leads_to(&app, "GET /x HTTP/1.0\r\n\r\n", "/x").await;
}

#[tokio::test]
async fn no_target_sends_anybody_elsewhere() {
    let app = start().await;
    let targets = [
        ("GET http://evil.example/x?y", "/x?y"),
        ("GET http://evil.example", "/"),
        ("GET https://evil.example:1/x", "/x"),
        ("GET //evil.example/x", "//evil.example/x"),
        ("GET /\\evil.example", "/\\evil.example"),
        ("CONNECT evil.example:443", "/"),
        ("OPTIONS *", "/"),
    ];
    for (asked, target) in targets {
        let said = said(&app, &format!("{asked} HTTP/1.1\r\nHost: evil.example\r\n\r\n")).await;
        // What hyper cannot read as a target is refused; nothing leads away.
        match location(&said) {
            Some(location) => assert_eq!(location, format!("{ORIGIN}{target}"), "{asked}"),
            None => assert!(said.starts_with("HTTP/1.1 400"), "{asked}: {said}"),
        }
    }
}

#[tokio::test]
async fn garbage_is_refused_and_the_next_is_served() {
    let app = start().await;
    let garbage = [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\n\r\n",
    ];
    for garbage in garbage {
        let said = said(&app, garbage).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{garbage:?}: {said}");
        assert_eq!(location(&said), None);
    }
    assert_leads_to(&app, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "/").await;
}

#[tokio::test]
async fn what_is_too_long_is_refused_in_words() {
    let app = start().await;
    let long = |count: usize| "x".repeat(count);
    for (head, status) in [
        (format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", long(6_000)), "414"),
        (format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", long(9_000)), "431"),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100)), "431"),
    ] {
        let said = said(&app, &head).await;
        assert_eq!(said.split(' ').nth(1), Some(status), "{said}");
        assert_eq!(location(&said), None);
    }
}

#[tokio::test]
async fn it_is_off_unless_it_is_configured() {
    assert_eq!(Appliance::start().await.redirect, None);
}

#[tokio::test]
async fn it_stops_with_the_appliance() {
    let app = start().await;
    let redirect = app.redirect.unwrap();
    app.stop().await;
    assert!(TcpStream::connect(redirect).await.is_err());
}
