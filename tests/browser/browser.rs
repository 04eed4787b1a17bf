//! One Chromium with a profile of its own, and what a person can do with it.
//!
//! Nothing here waits for a time: every step looks for what it needs until it is there, and gives up
//! with the page's text once `PATIENCE` is over. Elements go by their `data-test` names, which
//! `static/README.md` lists.

use std::{
    future::Future,
    path::Path,
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    error::{CmdError, ErrorStatus},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{driver::Driver, support};

/// Enough for a busy machine with two slow processors.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What every Chromium is started with: quiet, and able to run as root in a container.
const ARGUMENTS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1366,850",
];

/// How a browser differs from the usual one.
#[derive(Default)]
pub struct Setting<'a> {
    /// The language that the person prefers; English when empty.
    pub language: &'a str,
    /// What its camera sees, as a Y4M file; without one there is no camera.
    pub camera: Option<&'a Path>,
    /// Whether its person has refused the camera.
    pub camera_refused: bool,
}

/// A running browser at one site; ended when dropped.
pub struct Browser {
    pub page: Client,
    site: String,
    driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// An English one without a camera. `site` is an origin.
    pub async fn start(site: &str) -> Self {
        Self::start_with(site, &Setting::default()).await
    }

    pub async fn start_with(site: &str, setting: &Setting<'_>) -> Self {
        support::install_crypto();
        let driver = Driver::start(&noon_zone());
        let profile = tempfile::tempdir().unwrap();
        let language = if setting.language.is_empty() { "en-GB" } else { setting.language };
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|&text| text.to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--accept-lang={language}"));
        if let Some(file) = setting.camera {
            arguments.push("--use-fake-device-for-media-stream".to_owned());
            arguments.push("--use-fake-ui-for-media-stream".to_owned());
            arguments.push(format!("--use-file-for-fake-video-capture={}", file.display()));
        }
        let mut options = json!({ "args": arguments });
        if setting.camera_refused {
            let key = "profile.default_content_setting_values.media_stream_camera";
            options["prefs"] = json!({ key: 2 });
            options["args"]
                .as_array_mut()
                .unwrap()
                .push("--use-fake-device-for-media-stream".into());
        }
        let capabilities = json!({
            "acceptInsecureCerts": true,
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&driver.url())
            .await
            .expect("Chromium starts");
        Self { page, site: site.to_owned(), driver, _profile: profile }
    }

    /// Goes to a path of the site, as if it were typed into the address bar.
    pub async fn open(&self, path: &str) {
        self.page.goto(&format!("{}{path}", self.site)).await.unwrap();
    }

    /// The path that the address bar shows.
    pub async fn path(&self) -> String {
        self.page.current_url().await.unwrap().path().to_owned()
    }

    pub async fn see(&self, name: &str) -> Element {
        self.see_css(&named(name)).await
    }

    /// The element of this name whose `attribute` has this value, once there is one.
    pub async fn see_with(&self, name: &str, attribute: &str, value: &str) -> Element {
        self.see_css(&format!("{}[{attribute}='{value}']", named(name))).await
    }

    /// The first element that fits, once it is visible.
    pub async fn see_css(&self, selector: &str) -> Element {
        self.keep_trying(&format!("see {selector}"), || async {
            let element = self.page.find(Locator::Css(selector)).await?;
            Ok(element.is_displayed().await?.then_some(element))
        })
        .await
    }

    pub async fn click(&self, name: &str) {
        self.click_css(&named(name)).await;
    }

    pub async fn click_css(&self, selector: &str) {
        self.keep_trying(&format!("click {selector}"), || async {
            self.page.find(Locator::Css(selector)).await?.click().await?;
            Ok(Some(()))
        })
        .await;
    }

    /// Puts `text` into a field in place of what is there.
    pub async fn write(&self, name: &str, text: &str) {
        self.see(name).await;
        let selector = named(name);
        self.keep_trying(&format!("write into {name}"), || async {
            let field = self.page.find(Locator::Css(&selector)).await?;
            field.clear().await?;
            field.send_keys(text).await?;
            Ok(Some(()))
        })
        .await;
    }

    pub async fn text(&self, name: &str) -> String {
        self.see(name).await.text().await.unwrap()
    }

    /// An attribute, once the element has it.
    pub async fn attribute(&self, name: &str, attribute: &str) -> String {
        let selector = named(name);
        self.keep_trying(&format!("read {attribute} of {name}"), || async {
            self.page.find(Locator::Css(&selector)).await?.attr(attribute).await
        })
        .await
    }

    pub async fn count(&self, selector: &str) -> usize {
        self.page.find_all(Locator::Css(selector)).await.unwrap().len()
    }

    /// What a script gives, once it is neither null nor false.
    pub async fn script(&self, script: &str) -> Value {
        self.keep_trying(&format!("run {script}"), || async {
            let value = self.page.execute(script, Vec::new()).await?;
            Ok((!value.is_null() && value != Value::Bool(false)).then_some(value))
        })
        .await
    }

    /// What pages complained of since this was last asked: warnings and errors, refused content
    /// among them.
    pub async fn complaints(&self) -> Vec<String> {
        let session = self.page.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/se/log", self.driver.url());
        let request = reqwest::Client::new().post(url).json(&json!({ "type": "browser" }));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let entries = answer["value"].as_array().expect("chromedriver keeps the log").iter();
        entries
            .filter(|entry| matches!(entry["level"].as_str(), Some("WARNING" | "SEVERE")))
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Ends a browser whose pages had nothing to complain of.
    pub async fn close(self) {
        self.close_after_refusals(&[]).await;
    }

    /// Ends a browser whose pages complained of nothing but answers with these statuses.
    pub async fn close_after_refusals(self, statuses: &[u16]) {
        let mut complaints = self.complaints().await;
        for status in statuses {
            let expected = format!("the server responded with a status of {status} ");
            let before = complaints.len();
            complaints.retain(|complaint| !complaint.contains(&expected));
            assert!(complaints.len() < before, "no answer had the status {status}");
        }
        assert!(complaints.is_empty(), "{complaints:#?}");
        self.page.close().await.unwrap();
    }

    /// Repeats `step` until it gives something. Elements come and go while pages draw themselves,
    /// so that one is missing, stale or covered means to look again.
    async fn keep_trying<T, F, S>(&self, what: &str, step: F) -> T
    where
        F: Fn() -> S,
        S: Future<Output = Result<Option<T>, CmdError>>,
    {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match step().await {
                Ok(Some(found)) => return found,
                Ok(None) => {}
                Err(CmdError::Standard(problem)) if is_passing(&problem.error) => {}
                Err(problem) => panic!("could not {what}: {problem}"),
            }
            if Instant::now() > deadline {
                let address = self.page.current_url().await.unwrap();
                let script = "return document.body.innerText";
                let text = self.page.execute(script, Vec::new()).await.unwrap_or_default();
                let complaints = self.complaints().await;
                panic!("could not {what} at {address}: {text}\n{complaints:#?}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

fn is_passing(problem: &ErrorStatus) -> bool {
    matches!(
        problem,
        ErrorStatus::NoSuchElement
            | ErrorStatus::StaleElementReference
            | ErrorStatus::ElementClickIntercepted
            | ErrorStatus::ElementNotInteractable
    )
}

fn named(name: &str) -> String {
    format!("[data-test='{name}']")
}

/// A time zone in which it is between twelve and one, so that no test meets midnight.
fn noon_zone() -> String {
    let hour = appliance::clock::Clock::system().now().as_seconds().rem_euclid(86_400) / 3600;
    // POSIX counts westwards: GMT-5 is five hours ahead.
    format!("Etc/GMT{:+}", hour - 12)
}
