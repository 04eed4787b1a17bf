//! The load driver: HTTP/1.1 over TLS on connections that stay open, with as little work of its own
//! as possible, because it shares the processors with what it measures.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration, time::Instant};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::SendRequest,
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::process::Appliance;

/// Good for every account.
pub(crate) const PASSWORD: &str = "corretto cavallo batteria";

/// Connects to one server.
#[derive(Clone)]
pub(crate) struct Driver {
    address: SocketAddr,
    tls: TlsConnector,
}

/// One open connection.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Driver {
    pub(crate) fn new(appliance: &Appliance, data: &Path) -> Self {
        Self::trusting(appliance.address, &data.join("tls/self-signed.pem"))
    }

    pub(crate) fn trusting(address: SocketAddr, certificate: &Path) -> Self {
        Self { address, tls: TlsConnector::from(Arc::new(tls(certificate))) }
    }

    /// A driver whose every handshake is a whole one.
    pub(crate) fn without_resumption(address: SocketAddr, certificate: &Path) -> Self {
        let mut config = tls(certificate);
        config.resumption = rustls::client::Resumption::disabled();
        Self { address, tls: TlsConnector::from(Arc::new(config)) }
    }

    /// Handshakes a second, so many at once, each on a connection of its own.
    pub(crate) async fn handshakes_per_second(&self, at_once: usize, time: Duration) -> f64 {
        let started = Instant::now();
        let clients = (0..at_once).map(|_| {
            let driver = self.clone();
            tokio::spawn(async move {
                let mut handshakes = 0_u32;
                while started.elapsed() < time {
                    let stream = TcpStream::connect(driver.address).await.unwrap();
                    let name = ServerName::try_from("localhost").unwrap();
                    drop(driver.tls.connect(name, stream).await.unwrap());
                    handshakes += 1;
                }
                handshakes
            })
        });
        let mut handshakes = 0;
        for client in clients.collect::<Vec<_>>() {
            handshakes += client.await.unwrap();
        }
        f64::from(handshakes) / started.elapsed().as_secs_f64()
    }

    pub(crate) async fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = self.tls.connect(name, stream).await.unwrap();
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Connection(sender)
    }

    /// Makes the first administrator; gives their token.
    pub(crate) async fn set_up(&self, token: &str) -> String {
        let person = json!({ "token": token, "email": "admin@example.org", "password": PASSWORD,
            "name": "Ada", "surname": "Admin" });
        let mut connection = self.connect().await;
        connection.json("POST", "/api/v1/setup", "", Some(person)).await;
        connection.login("admin@example.org").await
    }

    /// Registers people; gives their tokens.
    pub(crate) async fn people(&self, count: usize) -> Vec<String> {
        let mut connection = self.connect().await;
        let mut tokens = Vec::new();
        for number in 0..count {
            let email = email(number);
            let person = json!({ "email": email, "password": PASSWORD, "name": "Mario",
                "surname": "Rossi" });
            connection.json("POST", "/api/v1/auth/register", "", Some(person)).await;
            tokens.push(connection.login(&email).await);
        }
        tokens
    }

    /// Makes events for today; gives their codes.
    pub(crate) async fn codes(&self, staff: &str, count: usize) -> Vec<String> {
        let mut connection = self.connect().await;
        let instance = connection.json("GET", "/health", staff, None).await;
        let today = instance["timestamp"].as_str().unwrap()[..10].to_owned();
        let mut codes = Vec::new();
        for number in 0..count {
            let event = json!({ "name": format!("Event {number}"), "date": today,
                "timezone": "UTC", "mode": "static" });
            let event = connection.json("POST", "/api/v1/events", staff, Some(event)).await;
            let path = format!("/api/v1/events/{}/code", event["event_id"].as_str().unwrap());
            let code = connection.json("GET", &path, staff, None).await;
            codes.push(code["code"].as_str().unwrap().to_owned());
        }
        codes
    }

    /// Commits of the user file so far.
    pub(crate) async fn commits(&self, admin: &str) -> f64 {
        let metrics = self.connect().await.text("/metrics", admin).await;
        let name = "appliance_commit_batch_size_count{database=\"user\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.parse().unwrap()
    }

    /// Answers a second to the same GET, one connection for each token.
    pub(crate) async fn reads_per_second(
        &self,
        path: &'static str,
        tokens: &[String],
        time: Duration,
    ) -> f64 {
        let mut connections = Vec::new();
        for _ in tokens {
            connections.push(self.connect().await);
        }
        let started = Instant::now();
        let clients = connections.into_iter().zip(tokens).map(|(mut connection, token)| {
            let token = token.clone();
            tokio::spawn(async move {
                let mut answers = 0_u32;
                while started.elapsed() < time {
                    assert_eq!(connection.get(path, &token).await, 200);
                    answers += 1;
                }
                answers
            })
        });
        let mut answers = 0;
        for client in clients.collect::<Vec<_>>() {
            answers += client.await.unwrap();
        }
        f64::from(answers) / started.elapsed().as_secs_f64()
    }
}

/// The address of one of [`Driver::people`].
pub(crate) fn email(number: usize) -> String {
    format!("person{number}@example.org")
}

/// TLS that trusts one certificate.
fn tls(certificate: &Path) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

impl Connection {
    /// Posts a body; gives the status.
    pub(crate) async fn post(&mut self, path: &str, token: &str, body: String) -> u16 {
        self.send("POST", path, token, body.into()).await.0
    }

    /// Posts lines of JSON; gives the status.
    pub(crate) async fn post_lines(&mut self, path: &str, token: &str, lines: String) -> u16 {
        self.send_as("application/x-ndjson", "POST", path, token, lines.into()).await.0
    }

    /// Gets a path; gives the status.
    pub(crate) async fn get(&mut self, path: &str, token: &str) -> u16 {
        self.send("GET", path, token, Bytes::new()).await.0
    }

    async fn text(&mut self, path: &str, token: &str) -> String {
        String::from_utf8(self.send("GET", path, token, Bytes::new()).await.1.to_vec()).unwrap()
    }

    async fn json(&mut self, method: &str, path: &str, token: &str, body: Option<Value>) -> Value {
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let (status, answer) = self.send(method, path, token, body).await;
        assert!(status < 300, "{method} {path}: {status} {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap()
    }

    /// Makes an API key with these scopes.
    pub(crate) async fn api_key(&mut self, admin: &str, scopes: &[&str]) -> String {
        let key = json!({ "name": "Bench", "scopes": scopes });
        let made = self.json("POST", "/api/v1/auth/api-keys", admin, Some(key)).await;
        made["secret"].as_str().unwrap().to_owned()
    }

    /// Tries to log in; gives the status, and whether the answer says when to come back.
    pub(crate) async fn try_login(&mut self, email: &str) -> (u16, bool) {
        let login = json!({ "identifier": email, "password": PASSWORD }).to_string();
        let path = "/api/v1/auth/login";
        let response = self.ask("application/json", "POST", path, "", login.into()).await;
        let answer = (response.status().as_u16(), response.headers().contains_key("retry-after"));
        response.into_body().collect().await.unwrap();
        answer
    }

    async fn login(&mut self, email: &str) -> String {
        let login = json!({ "identifier": email, "password": PASSWORD });
        let session = self.json("POST", "/api/v1/auth/login", "", Some(login)).await;
        session["access_token"].as_str().unwrap().to_owned()
    }

    async fn send(&mut self, method: &str, path: &str, token: &str, body: Bytes) -> (u16, Bytes) {
        self.send_as("application/json", method, path, token, body).await
    }

    async fn send_as(
        &mut self,
        content_type: &str,
        method: &str,
        path: &str,
        token: &str,
        body: Bytes,
    ) -> (u16, Bytes) {
        let response = self.ask(content_type, method, path, token, body).await;
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    }

    async fn ask(
        &mut self,
        content_type: &str,
        method: &str,
        path: &str,
        token: &str,
        body: Bytes,
    ) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Full::new(body)).unwrap();
        self.0.ready().await.unwrap();
        self.0.send_request(request).await.unwrap()
    }
}
