//! One's own account: the second factor, the password, the devices, and the ways in by a link.

use appliance::clock::{Clock, Time};
use reqwest::Method;

use crate::{
    browser::Browser,
    people::{appliance, appliance_with, sign_in, sign_out, write_account},
    support::authenticator::Authenticator,
    support::{Appliance, PASSWORD, Person},
};

const ANOTHER: &str = "quattro pecore sul tetto";
/// Every list of the passwords that people use begins with it.
const WEAK: &str = "password";

/// The time on a telephone.
fn now() -> Time {
    Clock::system().now()
}

/// Goes through setting up a second factor, from the password to the recovery codes, which stay on the page.
async fn enrol(browser: &Browser) -> (Authenticator, Vec<String>) {
    browser.write("enrol-password", PASSWORD).await;
    browser.click("enrol-start").await;
    let picture = "const picture = document.querySelector('[data-test=enrol-qr]'); \
                   return picture?.complete && picture.naturalWidth > 0";
    browser.script(picture).await;
    // Whoever can't scan types the secret.
    browser.click_css(".enrol details summary").await;
    let authenticator = Authenticator::of(&browser.attribute("enrol-secret", "data-secret").await);
    browser.write("enrol-code", &authenticator.code(now(), 0)).await;
    browser.click("enrol-confirm").await;
    let codes = browser.text("recovery-codes").await;
    let codes: Vec<_> = codes.split_whitespace().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    (authenticator, codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_set_up_asked_for_and_removed() {
    let appliance = appliance().await;
    let eva = appliance.person("eva").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/account").await;
    sign_in(&browser, &eva.email, PASSWORD).await;
    browser.click("totp-enrol").await;
    let (authenticator, codes) = enrol(&browser).await;
    browser.click("recovery-done").await;
    browser.see_with("second-factor", "data-enrolled", "true").await;
    sign_out(&browser).await;

    sign_in(&browser, &eva.email, PASSWORD).await;
    browser.see_css("[data-test=login-code][inputmode=numeric][autocomplete=one-time-code]").await;
    browser.write("login-code", "000000").await;
    browser.click("login-code-submit").await;
    browser.see_css("[data-test=login-code][aria-invalid=true]").await;
    // As apps show it, with a gap.
    let code = authenticator.code(now(), 1);
    browser.write("login-code", &format!("{} {}", &code[..3], &code[3..])).await;
    browser.click("login-code-submit").await;
    browser.see("home-scan").await;
    sign_out(&browser).await;

    sign_in(&browser, &eva.email, PASSWORD).await;
    browser.click("totp-other").await;
    browser.write("login-code", &codes[0]).await;
    browser.click("login-code-submit").await;
    browser.click("nav-profile").await;
    assert!(browser.text("second-factor").await.contains("9 recovery codes left"));

    browser.click("totp-remove").await;
    browser.write("prove-password", PASSWORD).await;
    browser.write("prove-code", &codes[1]).await;
    browser.click("prove-submit").await;
    browser.see_with("second-factor", "data-enrolled", "false").await;
    sign_out(&browser).await;
    sign_in(&browser, &eva.email, PASSWORD).await;
    browser.see("home-scan").await;
    browser.close_after_refusals(&[401]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_have_a_second_factor_is_led_to_it_and_then_to_where_they_were_going() {
    let settings = [("auth.require_second_factor_for", "[\"staff\"]")];
    let appliance = appliance_with(&settings).await;
    let admin = appliance.admin().await;
    let sara = appliance.person_as(&admin, "sara", "staff").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/events").await;
    sign_in(&browser, &sara.email, PASSWORD).await;
    browser.see_with("enrol-steps", "data-step", "1").await;
    assert_eq!(browser.path().await, "/app/second-factor");
    // Nothing else is to be had meanwhile.
    browser.open("/app/people").await;
    browser.see("enrol-steps").await;
    browser.open("/app/events").await;
    enrol(&browser).await;
    browser.see_with("enrol-steps", "data-step", "3").await;
    browser.click("recovery-done").await;
    browser.see("new-event").await;
    browser.close_after_refusals(&[403]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_is_the_one_that_lets_in() {
    let appliance = appliance().await;
    let eva = appliance.person("eva").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/account").await;
    sign_in(&browser, &eva.email, PASSWORD).await;
    let change = async |current: &str, new: &str| {
        browser.write("password-current", current).await;
        browser.write("password-new", new).await;
        browser.click("password-submit").await;
    };
    change("not my password", ANOTHER).await;
    browser.see_css("[data-test=password-current][aria-invalid=true]").await;
    change(PASSWORD, WEAK).await;
    browser.see_css("[data-test=password-new][aria-invalid=true]").await;
    change(PASSWORD, ANOTHER).await;
    browser.see("password-saved").await;
    sign_out(&browser).await;
    sign_in(&browser, &eva.email, PASSWORD).await;
    browser.see("login-problem").await;
    sign_in(&browser, &eva.email, ANOTHER).await;
    browser.see("logout").await;
    browser.close_after_refusals(&[401, 422]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_devices_are_named_and_signed_out() {
    let appliance = appliance().await;
    let eva = appliance.person("eva").await;
    let here = Browser::start(&appliance.url("")).await;
    let there = Browser::start(&appliance.url("")).await;
    for browser in [&here, &there] {
        browser.open("/app/account").await;
        sign_in(browser, &eva.email, PASSWORD).await;
        browser.see("session-row").await;
    }
    here.open("/app/account").await;
    // The third is that of the test itself, which is no browser.
    here.script("return document.querySelectorAll('[data-test=session-row]').length === 3").await;
    let mine = here.see_with("session-row", "data-current", "true").await.text().await.unwrap();
    assert!(mine.contains("Chrome on Linux"), "{mine}");
    here.click("sessions-end-all").await;
    here.click("sessions-end-all-confirm").await;
    here.script("return document.querySelectorAll('[data-test=session-row]').length === 1").await;
    there.open("/app/account").await;
    there.see("login-submit").await;
    here.close().await;
    there.close_after_refusals(&[401]).await;
}

/// A link with which somebody chooses a new password.
async fn reset_link(appliance: &Appliance, admin: &Person, person: &Person) -> String {
    let path = format!("/users/{}/password-reset", person.id);
    let answer = appliance.api(Method::POST, &path, Some(admin), None).await;
    answer.expect(201)["url"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_link_is_good_once_and_leaves_the_address_bar_at_once() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let eva = appliance.person("eva").await;
    let link = reset_link(&appliance, &admin, &eva).await;
    let browser = Browser::start("").await;
    browser.open(&link).await;
    browser.write("reset-password", WEAK).await;
    assert_eq!(browser.page.current_url().await.unwrap().fragment(), None);
    browser.click("reset-submit").await;
    browser.see_css("[data-test=reset-password][aria-invalid=true]").await;
    browser.write("reset-password", ANOTHER).await;
    browser.click("reset-submit").await;
    browser.see("reset-done").await;
    browser.click("reset-sign-in").await;
    sign_in(&browser, &eva.email, ANOTHER).await;
    browser.see("home-scan").await;

    browser.open(&link).await;
    browser.write("reset-password", PASSWORD).await;
    browser.click("reset-submit").await;
    browser.see("reset-problem").await;
    browser.close_after_refusals(&[410, 422]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_mail_offers_no_mail() {
    let appliance = appliance().await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/sign-in").await;
    browser.see("go-register").await;
    assert_eq!(browser.count("[data-test=go-forgot]").await, 0);
    browser.open("/app/forgot").await;
    browser.see("forgot-off").await;
    browser.open("/app/reset").await;
    browser.see("reset-missing").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_lets_in_as_many_as_it_says() {
    let appliance = appliance_with(&[("auth.registration", "invite")]).await;
    let admin = appliance.admin().await;
    let site = appliance.url("");
    let office = Browser::start(&site).await;
    office.open("/app/invitations").await;
    sign_in(&office, &admin.email, PASSWORD).await;
    office.click("new-invitation").await;
    office.write("invitation-note", "Prima A").await;
    office.click("invitation-create").await;
    let link = office.text("invitation-link").await;
    assert!(office.text("invitation-row").await.contains("Prima A"));

    let guest = Browser::start(&site).await;
    guest.open("/app/register").await;
    guest.see("register-invite").await;
    guest.page.goto(&link).await.unwrap();
    guest.see("register-invited").await;
    write_account(&guest, "Ada", "Bianchi", "ada@example.org").await;
    guest.see("home-scan").await;
    sign_out(&guest).await;
    guest.page.goto(&link).await.unwrap();
    write_account(&guest, "Ugo", "Verdi", "ugo@example.org").await;
    guest.see_css("[data-test=register-invite][aria-invalid=true]").await;
    guest.close_after_refusals(&[403]).await;

    office.page.refresh().await.unwrap();
    office.see_with("invitation-row", "data-state", "used").await;
    office.click("invitation-revoke").await;
    office.click("invitation-revoke-confirm").await;
    office.script("return !document.querySelector('[data-test=invitation-row]')").await;
    office.close().await;
}
