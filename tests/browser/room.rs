//! A whole lesson: from the first start of an appliance to a name on the attendance list.

use crate::{
    browser::{Browser, Setting},
    camera,
    people::{appliance, sign_in, write_account},
    support::PASSWORD,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_student_who_scans_the_projected_code_is_on_the_attendance_list() {
    let appliance = appliance().await;
    let site = appliance.url("");

    // The first administrator follows the set-up link and makes an event.
    let staff = Browser::start(&site).await;
    staff.open(&format!("/app/setup#{}", appliance.setup_token())).await;
    write_account(&staff, "Clara", "Neri", "clara@example.org").await;
    staff.click("nav-events").await;
    staff.click("new-event").await;
    staff.write("event-name", "Basi di dati").await;
    staff.click("event-mode-rotating").await;
    staff.write("event-rotation", "300").await;
    staff.click("event-submit").await;
    assert_eq!(staff.text("event-title").await, "Basi di dati");
    let event = staff.path().await.rsplit('/').next().unwrap().to_owned();

    // The projector shows it.
    staff.click("show-code").await;
    staff.see("display-qr").await;
    staff.script("const picture = document.querySelector('[data-test=display-qr]'); return picture.complete && picture.naturalWidth > 0").await;
    let typed_code = staff.attribute("display-typed-code", "data-code").await;
    assert!(typed_code.len() == 8 && typed_code.bytes().all(|byte| byte.is_ascii_digit()));
    staff.see_with("display-count", "data-count", "0").await;
    let projected = staff.see("display-qr").await.screenshot().await.unwrap();

    // A student registers at home.
    let laptop = Browser::start(&site).await;
    laptop.open("/").await;
    laptop.click("go-register").await;
    write_account(&laptop, "Ada", "Bianchi", "ada@example.org").await;
    laptop.see("home-scan").await;
    laptop.close().await;

    // In the room, the camera of the student's phone sees the projector.
    let scene = tempfile::tempdir().unwrap();
    let film = camera::film(&projected, scene.path());
    let setting = Setting { camera: Some(&film), ..Setting::default() };
    let phone = Browser::start_with(&site, &setting).await;
    phone.open("/").await;
    sign_in(&phone, "ada@example.org", PASSWORD).await;
    phone.click("home-scan").await;
    phone.click("scan-open-camera").await;
    phone.see_with("scan-result", "data-outcome", "recorded").await;
    assert!(phone.text("scan-result").await.contains("Basi di dati"));
    phone.click("scan-done").await;
    phone.see_with("my-attendance-row", "data-event", &event).await;
    phone.see_css("[data-test=my-attendance-row] [data-status=present]").await;

    // The projector counts one, and the list names her.
    staff.see_with("display-count", "data-count", "1").await;
    staff.click("display-close").await;
    staff.see_with("statistics", "data-recorded", "1").await;
    assert!(staff.text("attendance-row").await.contains("Ada Bianchi"));
    staff.see_css("[data-test=attendance-row] [data-status=present]").await;
    assert_eq!(staff.count("[data-test=attendance-row]").await, 1);

    phone.close().await;
    staff.close().await;
}
