//! A running server over HTTPS, as people and staff use it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use appliance::clock::Clock;
use jiff::tz::TimeZone;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{
    program::{BOUND, Home},
    running::Running,
    support::{Answer, PASSWORD, Person, trusting_client},
};

/// One client of one server: a connection of its own.
#[derive(Clone)]
pub struct Site {
    client: Client,
    address: SocketAddr,
}

impl Site {
    pub fn of(home: &Home, running: &Running) -> Self {
        let address = running.address;
        Self { client: trusting_client(&home.data(), address), address }
    }

    /// Asks, and gives nothing when the server went away before it had answered.
    pub async fn try_api(
        &self,
        method: Method,
        path: &str,
        person: Option<&Person>,
        body: Option<&Value>,
    ) -> Option<Answer> {
        let url = format!("https://localhost:{}/api/v1{path}", self.address.port());
        let mut request = self.client.request(method, url);
        if let Some(person) = person {
            request = request.bearer_auth(&person.access_token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.ok()?.to_vec();
        Some(Answer { status, headers, bytes })
    }

    /// Sends lines of JSON.
    pub async fn post_lines(&self, path: &str, person: &Person, lines: String) -> Answer {
        let url = format!("https://localhost:{}/api/v1{path}", self.address.port());
        let request = self.client.post(url).bearer_auth(&person.access_token);
        let request = request.header("content-type", "application/x-ndjson").body(lines);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// A page outside of the API.
    pub async fn page(&self, path: &str) -> Answer {
        let url = format!("https://localhost:{}{path}", self.address.port());
        Answer::of(self.client.get(url).send().await.expect("an answer")).await
    }

    pub async fn try_post(
        &self,
        path: &str,
        person: Option<&Person>,
        body: &Value,
    ) -> Option<Answer> {
        self.try_api(Method::POST, path, person, Some(body)).await
    }

    pub async fn post(&self, path: &str, person: Option<&Person>, body: Value) -> Answer {
        self.try_post(path, person, &body).await.expect("an answer")
    }

    pub async fn get(&self, path: &str, person: &Person) -> Value {
        let answer = self.try_api(Method::GET, path, Some(person), None).await;
        answer.expect("an answer").expect(200)
    }

    /// Logs in as `name@example.org`; the problem when that is refused.
    pub async fn try_login(&self, name: &str) -> Result<Person, Answer> {
        let identifier = format!("{name}@example.org");
        let body = json!({ "identifier": identifier, "password": PASSWORD });
        let answer = self.post("/auth/login", None, body).await;
        if answer.status != 200 {
            return Err(answer);
        }
        let session = answer.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Ok(Person {
            id: session["user"]["id"].as_u64().unwrap(),
            email: text(&session["user"]["email"]),
            access_token: text(&session["access_token"]),
            refresh_token: text(&session["refresh_token"]),
        })
    }

    pub async fn login(&self, name: &str) -> Person {
        self.try_login(name).await.unwrap_or_else(|answer| panic!("{name}: {}", answer.text()))
    }

    /// Everything of a list, page by page.
    pub async fn all(&self, path: &str, person: &Person) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{joint}limit=200{cursor}"), person).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// What the audit trail says of `action`, once that is `count` entries or more: the relay brings
    /// them there a moment after the answer.
    pub async fn audit(&self, admin: &Person, action: &str, count: usize) -> Vec<Value> {
        let start = Instant::now();
        while start.elapsed() < BOUND {
            let entries = self.all(&format!("/audit?action={action}"), admin).await;
            if entries.len() >= count {
                return entries;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the audit trail never told of {count} times {action}");
    }

    /// Waits until nothing is left in an outbox; what was handed over twice is cleared too.
    pub async fn outboxes_empty(&self) {
        let start = Instant::now();
        let empty = ["auth", "user"]
            .map(|database| format!("appliance_outbox_events{{database=\"{database}\"}} 0\n"));
        loop {
            let metrics = self.page("/metrics").await.text();
            if empty.iter().all(|line| metrics.contains(line)) {
                return;
            }
            assert!(start.elapsed() < BOUND, "events stay in an outbox: {metrics}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Makes a static event that is open now and gives its id and its code.
    pub async fn event(&self, staff: &Person, name: &str) -> (String, String) {
        let (timezone, date) = noon();
        let body = json!({ "name": name, "date": date, "timezone": timezone, "mode": "static" });
        let event = self.post("/events", Some(staff), body).await.expect(201);
        let id = event["event_id"].as_str().unwrap().to_owned();
        let code = self.get(&format!("/events/{id}/code"), staff).await;
        (id, code["code"].as_str().unwrap().to_owned())
    }
}

/// A time zone where it is about noon, and the date there: an event of that day is open for hours yet,
/// whenever the tests run.
fn noon() -> (String, String) {
    let now = Clock::system().now();
    let ahead = 12 - now.as_seconds().rem_euclid(86_400) / 3_600;
    // The names of these zones count westwards.
    let name = format!("Etc/GMT{:+}", -ahead);
    let zone = TimeZone::get(&name).unwrap();
    (name, now.date_in(&zone).to_string())
}
