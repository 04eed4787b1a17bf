//! Who may come in: people, a list of them, the keys of programs, and links for the projector.

use fantoccini::Locator;
use serde_json::json;

use crate::{
    browser::Browser,
    people::{appliance, event, sign_in},
    support::PASSWORD,
};

/// Whether so many elements of this name are there.
fn there_are(count: usize, name: &str) -> String {
    format!("return document.querySelectorAll('[data-test={name}]').length === {count}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_changed_disabled_and_deleted() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let eva = appliance.person("eva").await;
    appliance.person("ugo").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/").await;
    sign_in(&browser, &admin.email, PASSWORD).await;
    browser.click("nav-people").await;
    browser.script(&there_are(3, "person-row")).await;
    browser.write("people-search", "nobody of that name").await;
    browser.click("people-all").await;
    browser.write("people-search", "EVA").await;
    browser.script(&there_are(1, "person-row")).await;
    browser.click("person-row").await;

    browser.write("person-surname", "Rossi").await;
    browser.click("person-save").await;
    browser.see("person-saved").await;
    assert_eq!(browser.text("person-title").await, "eva Rossi");
    let post = json!({
        "social": "x", "timestamp": "2026-11-23T06:00:00Z", "content": "", "status": "sent",
    });
    appliance.post("/social/logs", Some(&eva), post).await.expect(201);
    browser.click("person-posts").await;
    browser.click("person-posts-confirm").await;
    browser.see("person-posts-removed").await;
    let left = appliance.get("/social/size", Some(&admin)).await.expect(200);
    assert_eq!(left["posts"], 0);
    browser.click_css("[data-test=person-role] option[value=staff]").await;
    browser.click("person-confirm").await;
    browser.see_css(".person-head [data-role=staff]").await;

    browser.click("person-disable").await;
    browser.click("person-disable-confirm").await;
    browser.see_css(".person-head [data-status=disabled]").await;
    let body = json!({ "identifier": eva.email, "password": PASSWORD });
    appliance.post("/auth/login", None, body.clone()).await.expect_problem(403, "ACCOUNT_DISABLED");
    browser.click("person-enable").await;
    browser.see("person-disable").await;
    appliance.post("/auth/login", None, body).await.expect(200);

    browser.click("person-delete").await;
    browser.write("confirm-typed", "ev").await;
    browser.see_css("[data-test=person-delete-confirm][aria-disabled=true]").await;
    browser.write("confirm-typed", "eva").await;
    browser.click("person-delete-confirm").await;
    browser.script(&there_are(2, "person-row")).await;
    let gone = appliance.get(&format!("/users/{}", eva.id), Some(&admin)).await;
    gone.expect_problem(404, "USER_NOT_FOUND");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_a_password_gets_a_link_to_choose_one() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let office = Browser::start(&appliance.url("")).await;
    office.open("/app/people/new").await;
    sign_in(&office, &admin.email, PASSWORD).await;
    for (field, text) in [("name", "Ada"), ("surname", "Bianchi"), ("email", &*admin.email)] {
        office.write(&format!("person-{field}"), text).await;
    }
    office.click("person-create").await;
    office.see_css("[data-test=person-email][aria-invalid=true]").await;
    office.write("person-email", "ada@example.org").await;
    office.click("person-create").await;
    let link = office.text("person-link").await;
    office.click("secret-done").await;
    assert_eq!(office.text("person-title").await, "Ada Bianchi");
    office.close_after_refusals(&[409]).await;

    let home = Browser::start("").await;
    home.open(&link).await;
    home.write("reset-password", PASSWORD).await;
    home.click("reset-submit").await;
    home.click("reset-sign-in").await;
    sign_in(&home, "ada@example.org", PASSWORD).await;
    home.see("home-scan").await;
    home.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_look_people_up_and_change_nothing() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let sara = appliance.person_as(&admin, "sara", "staff").await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/people").await;
    sign_in(&browser, &sara.email, PASSWORD).await;
    browser.script(&there_are(2, "person-row")).await;
    for name in ["new-person", "import-people", "tab-keys", "tab-invitations"] {
        assert_eq!(browser.count(&format!("[data-test={name}]")).await, 0, "{name}");
    }
    browser.click("person-row").await;
    browser.see("person-title").await;
    for name in ["person-save", "person-access", "person-delete"] {
        assert_eq!(browser.count(&format!("[data-test={name}]")).await, 0, "{name}");
    }
    for path in ["/app/keys", "/app/invitations", "/app/people/new", "/app/people/import"] {
        browser.open(path).await;
        browser.see("not-found").await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_people_is_tried_before_it_is_taken() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("people.csv");
    let rows = "email,name,surname\nada@example.org,Ada,Bianchi\nno address,Ugo,Verdi\n";
    std::fs::write(&file, rows).unwrap();
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/people/import").await;
    sign_in(&browser, &admin.email, PASSWORD).await;
    browser.see("import-example").await;
    // The field itself lies unseen over its frame.
    let field = browser.page.find(Locator::Css("[data-test=import-file]")).await.unwrap();
    field.send_keys(file.to_str().unwrap()).await.unwrap();

    browser.see_with("import-report", "data-dry", "true").await;
    browser.see_with("import-row", "data-outcome", "would_create").await;
    let refused = browser.see_with("import-row", "data-outcome", "refused").await;
    assert!(refused.text().await.unwrap().contains("email"));
    let people = async || {
        let page = appliance.get("/users", Some(&admin)).await.expect(200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(people().await, 1);
    browser.click("import-run").await;
    browser.see_with("import-report", "data-dry", "false").await;
    browser.see_with("import-row", "data-outcome", "created").await;
    assert_eq!(people().await, 2);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_works_and_is_revoked() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let browser = Browser::start(&appliance.url("")).await;
    browser.open("/app/people").await;
    sign_in(&browser, &admin.email, PASSWORD).await;
    browser.click("tab-keys").await;
    browser.click("new-key").await;
    browser.write("key-name", "Bacheca").await;
    browser.click("key-create").await;
    browser.see("key-problem-scopes").await;
    browser.click("key-scope-attendance:read").await;
    browser.click("key-create").await;
    let secret = browser.text("key-secret").await;
    assert!(secret.starts_with("ak_"), "not a key");
    let events = async || {
        let request = appliance.client.get(appliance.url("/api/v1/events")).bearer_auth(&secret);
        appliance.send(request).await
    };
    events().await.expect(200);
    browser.click("secret-done").await;
    assert_eq!(browser.count("[data-test=key-secret]").await, 0);
    browser.click("key-revoke").await;
    browser.click("key-revoke-confirm").await;
    browser.script(&there_are(0, "key-row")).await;
    assert_eq!(events().await.status, 401);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_the_code_on_a_machine_where_nobody_is_signed_in_until_it_is_revoked() {
    let appliance = appliance().await;
    let admin = appliance.admin().await;
    let event = event(&appliance, &admin, "Basi di dati", Some(300)).await;
    let site = appliance.url("");
    let office = Browser::start(&site).await;
    office.open(&format!("/app/events/{event}")).await;
    sign_in(&office, &admin.email, PASSWORD).await;
    office.click("display-links").await;
    office.write("display-link-note", "Aula 12").await;
    office.click("display-link-create").await;
    let link = office.text("display-link").await;

    let projector = Browser::start("").await;
    projector.open(&link).await;
    let picture = "const picture = document.querySelector('[data-test=display-qr]'); \
                   return picture?.complete && picture.naturalWidth > 0";
    projector.script(picture).await;
    projector.see_with("display-count", "data-count", "0").await;
    let student = appliance.person("eva").await;
    let code = appliance.code(&admin, &event).await["code"].as_str().unwrap().to_owned();
    appliance.scan(&student, &code, "a-nonce-of-mine").await.expect(201);
    projector.see_with("display-count", "data-count", "1").await;
    // A machine that starts anew goes on.
    projector.page.refresh().await.unwrap();
    projector.script(picture).await;

    office.click("display-link-revoke").await;
    office.script(&there_are(0, "display-link-row")).await;
    projector.see("display-message").await;
    projector.close_after_refusals(&[401]).await;
    office.close().await;
}
