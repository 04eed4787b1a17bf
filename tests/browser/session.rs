//! Staying signed in, leaving, and the two languages.

use serde_json::json;

use crate::{
    browser::{Browser, Setting},
    people::{appliance, sign_in, sign_out, write_account},
    support::PASSWORD,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_the_session_and_scripts_can_read_no_token() {
    let appliance = appliance().await;
    let student = appliance.person("eva").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/profile").await;
    sign_in(&browser, &student.email, PASSWORD).await;
    browser.see("profile-name").await;
    browser.page.refresh().await.unwrap();
    assert_eq!(browser.see("profile-name").await.prop("value").await.unwrap().unwrap(), "eva");
    let kept = browser.script("return { ...localStorage, ...sessionStorage }").await;
    assert_eq!(kept, json!({ "language": "en", "signed_in": "1" }));
    let cookies = browser.page.execute("return document.cookie", Vec::new()).await.unwrap();
    assert_eq!(cookies, "");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reloading_in_a_hurry_does_not_sign_out() {
    let appliance = appliance().await;
    let student = appliance.person("eva").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/profile").await;
    sign_in(&browser, &student.email, PASSWORD).await;
    browser.see("profile-name").await;
    // A page that is left may be waiting for the next refresh token: it must not be lost.
    for _ in 0..30 {
        browser.page.execute("location.reload()", Vec::new()).await.unwrap();
    }
    browser.see("profile-name").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_for_the_page_its_history_and_the_server() {
    let appliance = appliance().await;
    let student = appliance.person("eva").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/").await;
    sign_in(&browser, &student.email, PASSWORD).await;
    browser.click("nav-profile").await;
    browser.see("profile-name").await;
    sign_out(&browser).await;
    browser.page.back().await.unwrap();
    browser.see("login-submit").await;
    browser.open("/app/profile").await;
    browser.see("login-submit").await;
    assert_eq!(browser.path().await, "/app/sign-in");
    // Even a page that believes to be signed in has no cookie left to renew the session with.
    browser.page.execute("localStorage.setItem('signed_in', '1')", Vec::new()).await.unwrap();
    browser.open("/app/profile").await;
    browser.see("login-submit").await;
    browser.close_after_refusals(&[401]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_explained_in_the_readers_language() {
    let appliance = appliance().await;
    let student = appliance.person("eva").await;
    let setting = Setting { language: "it-IT", ..Setting::default() };
    let browser = Browser::start_with(&appliance.url(""), &setting).await;
    browser.open("/").await;
    sign_in(&browser, &student.email, "un’altra password").await;
    let italian = browser.text("login-problem").await;
    browser.click_css("[data-language=en]").await;
    browser.see_css("html[lang=en]").await;
    sign_in(&browser, &student.email, "another password").await;
    let different = |text: &str| {
        let script = "return document.querySelector('[data-test=login-problem]')?.innerText !==";
        format!("{script} {}", json!(text))
    };
    browser.script(&different(&italian)).await;
    assert!(italian.contains("password"), "{italian}");
    browser.close_after_refusals(&[401]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_follows_the_browser_then_the_choice_then_the_profile() {
    let appliance = appliance().await;
    let setting = Setting { language: "it-IT", ..Setting::default() };
    let browser = Browser::start_with(&appliance.url(""), &setting).await;
    browser.open("/app/register").await;
    browser.see_css("html[lang=it]").await;
    assert_eq!(browser.text("register-submit").await, "Crea account");
    browser.click_css("[data-language=en]").await;
    browser.see_css("html[lang=en]").await;
    assert_eq!(browser.text("register-submit").await, "Create account");
    browser.page.refresh().await.unwrap();
    assert_eq!(browser.text("register-submit").await, "Create account");
    write_account(&browser, "Ada", "Bianchi", "ada@example.org").await;
    browser.click("nav-profile").await;
    browser.click_css("[data-test=profile-language] option[value=it]").await;
    browser.click("profile-submit").await;
    browser.see("profile-saved").await;
    assert_eq!(browser.text("profile-submit").await, "Salva le modifiche");
    browser.close().await;

    // Another browser, in English, until the profile is known.
    let other = Browser::start(&appliance.url("")).await;
    other.open("/app/profile").await;
    assert_eq!(other.text("login-submit").await, "Sign in");
    sign_in(&other, "ada@example.org", PASSWORD).await;
    assert_eq!(other.text("profile-submit").await, "Salva le modifiche");
    other.close().await;
}
