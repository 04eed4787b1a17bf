//! A whole appliance in this process, over real HTTPS on a free port, with its clock in our hand.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::{net::SocketAddr, path::Path, sync::Once, time::Duration};

use appliance::{
    clock::{Clock, Time},
    config::{Config, ConfigSources},
    server::{ServeError, Server},
};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

pub mod authenticator;
pub mod wire;

/// A Monday morning in Rome, in winter time: 2026-11-23T08:00:00+01:00.
pub const START: Time = Time::from_millis(1_795_417_200_000);
/// Good for every account of the tests.
pub const PASSWORD: &str = "corretto cavallo batteria";

/// A running appliance.
pub struct Appliance {
    pub address: SocketAddr,
    pub redirect: Option<SocketAddr>,
    pub clock: Clock,
    pub data: DataHome,
    pub client: reqwest::Client,
    setup_link: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<Result<(), ServeError>>>,
}

/// A data directory that outlives the appliance in it, so that another can open it.
pub struct DataHome(pub TempDir);

impl Default for DataHome {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl DataHome {
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// What a caller is known by.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: u64,
    pub email: String,
    pub access_token: String,
    pub refresh_token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON; shows it when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body, after checking the status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks that this is a problem with this status and code, in its full form.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json; charset=utf-8");
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status);
        assert_eq!(body["error"], body["detail"]);
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        assert_eq!(body["request_id"], self.header("x-request-id"));
        body
    }
}

impl Appliance {
    /// A fresh one with the default configuration.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A fresh one with some settings changed.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(DataHome::default(), Clock::manual(START), settings).await
    }

    /// One in a data directory that may have been used before.
    pub async fn start_in(data: DataHome, clock: Clock, settings: &[(&str, &str)]) -> Self {
        install_crypto();
        let mut flags: Vec<(String, String)> = [
            ("server.listen", "127.0.0.1:0"),
            ("server.drain_seconds", "5"),
            ("auth.argon2_memory_kib", "64"),
            ("auth.argon2_passes", "1"),
            ("log.filter", "off"),
        ]
        .iter()
        .chain(settings)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
        let directory = data.path().to_string_lossy().into_owned();
        flags.push(("data.directory".to_owned(), directory));
        let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
        let server = Server::bind(config, clock.clone()).await.unwrap();
        let address = server.listens_at().unwrap().address().unwrap();
        let redirect = server.redirect_address();
        let setup_link = server.setup_link().map(str::to_owned);
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let client = trusting_client(data.path(), address);
        Self {
            address,
            redirect,
            clock,
            data,
            client,
            setup_link,
            stop: Some(stop),
            running: Some(running),
        }
    }

    /// Stops it in good order and gives the data directory back.
    pub async fn stop(mut self) -> DataHome {
        drop(self.stop.take());
        self.running.take().unwrap().await.unwrap().unwrap();
        std::mem::take(&mut self.data)
    }

    /// Asks it to stop without waiting.
    pub fn begin_stop(&mut self) -> JoinHandle<Result<(), ServeError>> {
        drop(self.stop.take());
        self.running.take().unwrap()
    }

    /// Waits until nobody listens any more.
    pub async fn refuses_connections(&self) {
        for _ in 0..1_000 {
            if tokio::net::TcpStream::connect(self.address).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it listens for ever");
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: i64) {
        self.clock.set(self.clock.now().plus_seconds(seconds));
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    /// Asks the API, as `person` when there is one, with a JSON body when there is one.
    pub async fn api(
        &self,
        method: Method,
        path: &str,
        person: Option<&Person>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.client.request(method, self.url(&format!("/api/v1{path}")));
        if let Some(person) = person {
            request = request.bearer_auth(&person.access_token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(request).await
    }

    /// Sends bytes as a body, whatever they are.
    pub async fn post_bytes(
        &self,
        path: &str,
        person: Option<&Person>,
        content_type: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> Answer {
        let url = self.url(&format!("/api/v1{path}"));
        let mut request = self.client.post(url).header("content-type", content_type);
        if let Some(person) = person {
            request = request.bearer_auth(&person.access_token);
        }
        self.send(request.body(bytes.into())).await
    }

    /// Asks for a path outside of the API.
    pub async fn page(&self, path: &str) -> Answer {
        self.send(self.client.get(self.url(path))).await
    }

    pub async fn get(&self, path: &str, person: Option<&Person>) -> Answer {
        self.api(Method::GET, path, person, None).await
    }

    pub async fn post(&self, path: &str, person: Option<&Person>, body: Value) -> Answer {
        self.api(Method::POST, path, person, Some(body)).await
    }

    pub async fn patch(&self, path: &str, person: &Person, body: Value) -> Answer {
        self.api(Method::PATCH, path, Some(person), Some(body)).await
    }

    pub async fn delete(&self, path: &str, person: &Person) -> Answer {
        self.api(Method::DELETE, path, Some(person), None).await
    }

    pub async fn delete_with(&self, path: &str, person: &Person, body: Value) -> Answer {
        self.api(Method::DELETE, path, Some(person), Some(body)).await
    }

    /// Registers `name@example.org` and logs them in.
    pub async fn person(&self, name: &str) -> Person {
        let email = format!("{name}@example.org");
        let body = json!({
            "email": email, "password": PASSWORD, "name": name, "surname": "Prova",
        });
        self.post("/auth/register", None, body).await.expect(201);
        self.login(&email).await
    }

    /// Logs somebody in.
    pub async fn login(&self, identifier: &str) -> Person {
        let body = json!({ "identifier": identifier, "password": PASSWORD });
        let session = self.post("/auth/login", None, body).await.expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Person {
            id: session["user"]["id"].as_u64().unwrap(),
            email: text(&session["user"]["email"]),
            access_token: text(&session["access_token"]),
            refresh_token: text(&session["refresh_token"]),
        }
    }

    /// The token of the set-up link.
    pub fn setup_token(&self) -> String {
        let link = self.setup_link.as_ref().expect("no administrator yet");
        link.split_once('#').unwrap().1.to_owned()
    }

    pub fn has_setup_link(&self) -> bool {
        self.setup_link.is_some()
    }

    /// Makes the first administrator through the set-up link and logs them in.
    pub async fn admin(&self) -> Person {
        let body = json!({
            "token": self.setup_token(), "email": "capo@example.org", "password": PASSWORD,
            "name": "Clara", "surname": "Neri",
        });
        self.post("/setup", None, body).await.expect(201);
        self.login("capo@example.org").await
    }

    /// Registers somebody, gives them a role, and logs them in.
    pub async fn person_as(&self, admin: &Person, name: &str, role: &str) -> Person {
        let person = self.person(name).await;
        self.set_role(admin, person.id, role).await.expect(200);
        person
    }

    pub async fn set_role(&self, admin: &Person, id: u64, role: &str) -> Answer {
        let path = format!("/users/{id}/role");
        self.api(Method::PUT, &path, Some(admin), Some(json!({ "role": role }))).await
    }

    /// Makes an event for today and gives its id.
    pub async fn event(&self, staff: &Person, name: &str, mode: &str) -> String {
        let body = json!({ "name": name, "date": "2026-11-23", "mode": mode });
        let event = self.post("/events", Some(staff), body).await.expect(201);
        event["event_id"].as_str().unwrap().to_owned()
    }

    /// The code that an event shows now.
    pub async fn code(&self, staff: &Person, event: &str) -> Value {
        self.get(&format!("/events/{event}/code"), Some(staff)).await.expect(200)
    }

    /// Scans a code.
    pub async fn scan(&self, person: &Person, code: &str, nonce: &str) -> Answer {
        self.post("/scans", Some(person), json!({ "code": code, "nonce": nonce })).await
    }

    /// Waits until the audit chain says what `found` looks for, and gives the newest entries.
    pub async fn audit_until(
        &self,
        admin: &Person,
        found: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        for _ in 0..500 {
            let page = self.get("/audit?limit=200", Some(admin)).await.expect(200);
            let items = page["items"].as_array().unwrap().clone();
            if found(&items) {
                return items;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the audit chain never said it");
    }
}

/// A client that trusts the self-signed certificate of a data directory, and nothing else.
pub fn trusting_client(data: &Path, address: SocketAddr) -> reqwest::Client {
    client_speaking(data, address, &[b"h2", b"http/1.1"])
}

/// The same, speaking only these protocols.
pub fn client_speaking(data: &Path, address: SocketAddr, protocols: &[&[u8]]) -> reqwest::Client {
    install_crypto();
    reqwest::Client::builder()
        .tls_backend_preconfigured(wire::tls_config(data, rustls::ALL_VERSIONS, protocols))
        .resolve("localhost", address)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_mins(1))
        .build()
        .unwrap()
}

/// Names aws-lc as the provider of the test client, once in a process.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}
