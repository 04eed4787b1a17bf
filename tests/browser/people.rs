//! The appliance of these tests, and the walks through it that many of them begin with.

use std::net::TcpListener;

use appliance::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    support::{Appliance, DataHome, PASSWORD, Person},
};

/// An appliance on the machine's own clock, whose codes and links lead to where it listens.
pub async fn appliance() -> Appliance {
    appliance_with(&[]).await
}

/// The same with some settings changed.
pub async fn appliance_with(changed: &[(&str, &str)]) -> Appliance {
    // The links hold the port, so it must be known before the appliance starts.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let public_url = format!("https://localhost:{port}");
    let own = [("server.listen", listen.as_str()), ("server.public_url", public_url.as_str())];
    let settings = [&own[..], changed].concat();
    Appliance::start_in(DataHome::default(), Clock::system(), &settings).await
}

/// An event that is open now, made through the API.
pub async fn event(
    appliance: &Appliance,
    staff: &Person,
    name: &str,
    rotation: Option<u32>,
) -> String {
    let today = appliance.clock.now().date_in(&jiff::tz::TimeZone::UTC).to_string();
    let mode = if rotation.is_some() { "rotating" } else { "static" };
    let body = json!({
        "name": name, "date": today, "timezone": "UTC", "mode": mode, "rotation_seconds": rotation,
    });
    let answer = appliance.api(Method::POST, "/events", Some(staff), Some(body)).await;
    answer.expect(201)["event_id"].as_str().unwrap().to_owned()
}

/// The rows of an event's attendance list.
pub async fn attendance(appliance: &Appliance, staff: &Person, event: &str) -> Vec<Value> {
    let path = format!("/events/{event}/attendance");
    appliance.get(&path, Some(staff)).await.expect(200)["items"].as_array().unwrap().clone()
}

/// Fills in the form of a new account, whether it is the first one's or anybody's, and sends it.
pub async fn write_account(browser: &Browser, name: &str, surname: &str, email: &str) {
    browser.write("register-name", name).await;
    browser.write("register-surname", surname).await;
    browser.write("register-email", email).await;
    browser.write("register-password", PASSWORD).await;
    browser.click("register-submit").await;
}

/// Signs in on the page that is open.
pub async fn sign_in(browser: &Browser, identifier: &str, password: &str) {
    browser.write("login-identifier", identifier).await;
    browser.write("login-password", password).await;
    browser.click("login-submit").await;
}

/// Signs out by the button in the bar.
pub async fn sign_out(browser: &Browser) {
    browser.click("logout").await;
    browser.see("login-submit").await;
}
