//! The system page: real figures, the log as it is written, and only for administrators.

use std::sync::{Mutex, OnceLock};

use appliance::telemetry::{LogFormat, LogGuard, start_logging_to};

use crate::{
    browser::Browser,
    people::{appliance, event, sign_in},
    support::PASSWORD,
};

/// Lets this process log, into memory alone.
fn log() {
    static GUARD: OnceLock<Mutex<LogGuard>> = OnceLock::new();
    let start = || start_logging_to(std::io::sink(), LogFormat::Json, "info").unwrap();
    GUARD.get_or_init(|| Mutex::new(start()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_real_figures_and_reads_them_with_the_keyboard() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let event = event(&appliance, &admin, "Basi di dati", None).await;
    let code = appliance.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    for name in ["eva", "ugo"] {
        let student = appliance.person(name).await;
        appliance.scan(&student, &code, "a-nonce-of-mine").await.expect(201);
    }
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/").await;
    sign_in(&browser, &admin.email, PASSWORD).await;
    browser.click("nav-system").await;

    assert!(!browser.attribute("health-level", "data-level").await.is_empty());
    browser.see_with("security-level", "data-level", "ok").await;
    browser
        .script(
            "return /\\d/.test(document.querySelector('[data-test=tile-memory] strong').innerText)",
        )
        .await;
    assert_eq!(browser.text("scans-today").await, "2");
    browser.see_with("scans-by-hour", "data-total", "2").await;
    assert!(browser.text("stores").await.contains("social_log.redb"));
    assert_eq!(browser.count("[data-test=parts] tbody tr").await, 5);

    // The first sample is a second old at most when the page asks; later ones follow by themselves.
    browser
        .script(
            "return Number(document.querySelector('[data-test=chart-memory]')?.dataset.known) > 0",
        )
        .await;
    let plot = "document.querySelector('[data-test=chart-memory] [role=slider]')";
    browser.script(&format!("{plot}.focus(); return true")).await;
    let value = browser.script(&format!("return {plot}.getAttribute('aria-valuetext')")).await;
    assert!(value.as_str().unwrap().contains("MB"), "{value}");
    let press = format!(
        "const plot = {plot}; \
         plot.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Home', bubbles: true }})); return true"
    );
    browser.script(&press).await;
    browser.script(&format!("return {plot}.getAttribute('aria-valuenow') === '0'")).await;
    browser.script(&format!("return {plot}.getAttribute('aria-valuetext').includes('–')")).await;
    browser.click_css("[data-test=chart-memory] summary").await;
    browser.see_css("[data-test=chart-memory] table td").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_followed_filtered_and_paused() {
    log();
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/system").await;
    sign_in(&browser, &admin.email, PASSWORD).await;
    browser.see("log-line").await;

    let leave_a_line = async || appliance.page("/livez").await.header("x-request-id").to_owned();
    let shows = |id: &str| {
        format!("return document.querySelector('[data-test=log-lines]').innerText.includes('{id}')")
    };
    browser.script(&shows(&leave_a_line().await)).await;

    browser.write("log-text", "endpoint=/livez").await;
    let only_these = "const lines = [...document.querySelectorAll('[data-test=log-line]')]; \
                      return lines.length > 0 && lines.every((line) => line.innerText.includes('/livez'))";
    browser.script(only_these).await;
    browser.script(&shows(&leave_a_line().await)).await;

    browser.click("log-follow").await;
    browser.see_css("[data-test=log-follow][aria-pressed=false]").await;
    let missed_meanwhile = leave_a_line().await;
    browser.click("log-follow").await;
    browser.script(&shows(&missed_meanwhile)).await;
    let count = format!(
        "return document.querySelector('[data-test=log-lines]').innerText.split('{missed_meanwhile}').length === 2"
    );
    browser.script(&count).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_neither_see_the_page_nor_a_way_to_it() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let staff = appliance.person_as(&admin, "sara", "staff").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/system").await;
    sign_in(&browser, &staff.email, PASSWORD).await;
    browser.see("not-found").await;
    browser.see("nav-events").await;
    assert_eq!(browser.count("[data-test=nav-system]").await, 0);
    browser.close().await;
}
