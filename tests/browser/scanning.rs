//! The other ways to be recorded, and what is said when there is none.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    browser::{Browser, Setting},
    camera,
    people::{appliance, attendance, event, sign_in, write_account},
    support::{Appliance, PASSWORD},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_opened_signed_out_still_counts_after_registering_when_it_has_long_changed() {
    let appliance = appliance().await;
    let staff = appliance.admin().await;
    let event = event(&appliance, &staff, "Analisi", Some(5)).await;

    // The phone's own camera opens the address in the QR code.
    let code = appliance.code(&staff, &event).await;
    let link = code["url"].as_str().unwrap();
    assert!(link.starts_with("HTTPS://LOCALHOST:"), "{link}");
    let phone = Browser::start("").await;
    phone.open(link).await;
    assert!(phone.text("arrival-note").await.contains("Analisi"));

    until_expired(&appliance, &code["code"]).await;
    phone.click("go-register").await;
    write_account(&phone, "Ugo", "Verdi", "ugo@example.org").await;
    phone.see_with("scan-result", "data-outcome", "recorded").await;
    assert!(phone.text("scan-result").await.contains("Analisi"));
    let rows = attendance(&appliance, &staff, &event).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["name"], "Ugo");
    phone.close().await;
}

/// Asks what a latecomer with a photo of the code would be told, until that is a refusal.
async fn until_expired(appliance: &Appliance, code: &Value) {
    for _ in 0..300 {
        let answer = appliance.post("/scans/holds", None, json!({ "code": code })).await;
        if !answer.status.is_success() {
            answer.expect_problem(410, "CODE_EXPIRED");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a code of five seconds never ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typed_code_records_once_and_a_wrong_one_says_so() {
    let appliance = appliance().await;
    let staff = appliance.admin().await;
    let event = event(&appliance, &staff, "Fisica", None).await;
    let student = appliance.person("eva").await;
    let code = appliance.code(&staff, &event).await;
    let typed_code = code["typed_code"].as_str().unwrap();
    let wrong = if typed_code == "00000000" { "00000001" } else { "00000000" };

    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/scan").await;
    sign_in(&browser, &student.email, PASSWORD).await;
    browser.write("scan-typed", "123").await;
    browser.click("scan-typed-submit").await;
    browser.see_css("[data-test=scan-typed][aria-invalid=true]").await;
    browser.write("scan-typed", wrong).await;
    browser.click("scan-typed-submit").await;
    browser.see_with("scan-result", "data-outcome", "code_invalid").await;
    for outcome in ["recorded", "already_recorded"] {
        browser.click("scan-again").await;
        browser.write("scan-typed", typed_code).await;
        browser.click("scan-typed-submit").await;
        browser.see_with("scan-result", "data-outcome", outcome).await;
    }
    assert_eq!(attendance(&appliance, &staff, &event).await.len(), 1);
    browser.close_after_refusals(&[404]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qr_code_of_something_else_is_named_as_such_and_the_camera_goes_on() {
    let appliance = appliance().await;
    let student = appliance.person("eva").await;
    let scene = tempfile::tempdir().unwrap();
    let film = camera::film(&camera::qr("WIFI:S:Biblioteca;T:WPA;P:silenzio;;"), scene.path());
    let setting = Setting { camera: Some(&film), ..Setting::default() };
    let browser = Browser::start_with(&appliance.url(""), &setting).await;
    browser.open("/app/scan").await;
    sign_in(&browser, &student.email, PASSWORD).await;
    browser.click("scan-open-camera").await;
    browser.script("return document.querySelector('[data-test=camera-hint]')?.textContent.includes('not an attendance code')").await;
    browser.see_with("scan-camera", "data-state", "running").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_camera_is_explained_and_the_digits_are_still_there() {
    let appliance = appliance().await;
    let student = appliance.person("eva").await;
    let setting = Setting { camera_refused: true, ..Setting::default() };
    let browser = Browser::start_with(&appliance.url(""), &setting).await;
    browser.open("/app/scan").await;
    sign_in(&browser, &student.email, PASSWORD).await;
    browser.click("scan-open-camera").await;
    let problem = browser.see_with("camera-problem", "data-reason", "denied").await;
    assert!(problem.text().await.unwrap().contains("Permissions"));
    browser.see("scan-typed").await;
    browser.close().await;
}
