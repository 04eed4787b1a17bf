//! Every page, for what its console says and for whether it fits a phone.

use crate::{
    browser::Browser,
    people::{appliance, event, sign_in},
    support::PASSWORD,
};

const FOR_GUESTS: &[(&str, &str)] = &[
    ("/app/sign-in", "login-submit"),
    ("/app/register", "register-submit"),
    ("/app/setup", "setup-done"),
    ("/app/forgot", "forgot-back"),
    ("/app/reset", "reset-missing"),
    ("/app/reset#A-TOKEN", "reset-submit"),
    ("/app/display", "display-message"),
];
const FOR_STAFF: &[(&str, &str)] = &[
    ("/", "home-scan"),
    ("/app/scan", "scan-open-camera"),
    ("/app/account", "data-export"),
    ("/app/people", "person-row"),
    ("/app/people/1", "person-save"),
    ("/app/people/new", "person-create"),
    ("/app/people/import", "import-example"),
    ("/app/invitations", "new-invitation"),
    ("/app/keys", "new-key"),
    ("/app/second-factor", "enrol-steps"),
    ("/app/system", "log-lines"),
    ("/app/events", "event-row"),
    ("/app/events/new", "event-submit"),
    ("/app/events/EVENT", "event-title"),
    ("/app/events/EVENT/display", "display-qr"),
    ("/app/nowhere", "not-found"),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_page_complains_in_the_console_or_is_wider_than_a_phone_in_either_language() {
    let appliance = appliance().await;
    let staff = appliance.admin().await;
    let name = "Laboratorio di sperimentazione elettrotecnica e automazione industriale avanzata";
    let event = event(&appliance, &staff, name, Some(300)).await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.page.set_window_size(390, 844).await.unwrap();
    for language in ["it", "en"] {
        for (path, landmark) in FOR_GUESTS {
            look_at(&browser, path, landmark, language).await;
        }
    }
    browser.open("/").await;
    sign_in(&browser, &staff.email, PASSWORD).await;
    browser.see("home-scan").await;
    for language in ["it", "en"] {
        for (path, landmark) in FOR_STAFF {
            look_at(&browser, &path.replace("EVENT", &event), landmark, language).await;
        }
    }
    browser.close().await;
}

async fn look_at(browser: &Browser, path: &str, landmark: &str, language: &str) {
    browser.open(path).await;
    browser.see(landmark).await;
    if browser.count(&format!("[data-language={language}]")).await > 0 {
        browser.click_css(&format!("[data-language={language}]")).await;
    }
    browser.see_css(&format!("html[lang={language}]")).await;
    browser.see(landmark).await;
    let overhang = "return document.documentElement.scrollWidth - innerWidth";
    let overhang = browser.page.execute(overhang, Vec::new()).await.unwrap();
    assert!(overhang.as_i64().unwrap() <= 0, "{path} in {language} is {overhang} too wide");
    assert_eq!(browser.complaints().await, [""; 0], "{path} in {language}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_shows_every_operation_and_can_call_one_under_its_policy() {
    let appliance = appliance().await;
    let document = appliance.send(appliance.client.get(appliance.url("/openapi.json"))).await;
    let document = document.expect(200);
    let paths = document["paths"].as_object().unwrap();
    let operations: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert!(operations > 20);

    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/docs").await;
    let count = format!("return document.querySelectorAll('.opblock').length === {operations}");
    browser.script(&count).await;
    // Its style sheet is in force: the method stands white on a colour of its own.
    let method = browser.see_css(".opblock-get .opblock-summary-method").await;
    assert_eq!(method.css_value("color").await.unwrap(), "rgba(255, 255, 255, 1)");
    browser.click_css("[id$=getInstance] .opblock-summary-control").await;
    browser.click_css("[id$=getInstance] .try-out__btn").await;
    browser.click_css("[id$=getInstance] .execute").await;
    let answer = "[id$=getInstance] .live-responses-table tbody .response-col_status";
    assert_eq!(browser.see_css(answer).await.text().await.unwrap(), "200");
    browser.close().await;
}
