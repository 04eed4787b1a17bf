//! Mail to a real server: a forgotten password from the question to the login, and what goes wrong.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    mail_server::{MailServer, Message, Place, Wanted},
    program::{Finished, Home},
    running::Running,
    site::Site,
    support::{Answer, PASSWORD, Person},
};

const ANOTHER: &str = "giraffa sul termosifone";

/// An appliance that knows a mail server, and Ada, who forgets her password.
fn appliance(place: &Place, more: &[&str]) -> (Home, Running, Site) {
    let home = Home::default();
    home.create_user("ada", "user").expect(0);
    let settings = place.settings(more);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let running = Running::start_with(&home, &settings);
    let site = Site::of(&home, &running);
    (home, running, site)
}

async fn forgot(site: &Site, email: &str) -> Answer {
    site.post("/auth/password/forgot", None, json!({ "email": email })).await
}

async fn reset(site: &Site, token: &str, new: &str) -> Answer {
    site.post("/auth/password/reset", None, json!({ "token": token, "new": new })).await
}

async fn try_login(site: &Site, identifier: &str, password: &str) -> Answer {
    let body = json!({ "identifier": identifier, "password": password });
    site.post("/auth/login", None, body).await
}

/// `appliance mail test`, and the server's settings with some changed.
fn mail_test(place: &Place, address: &str, changed: &[&str]) -> Finished {
    let home = Home::default();
    let mut arguments = vec!["mail", "test", address];
    let settings = place.settings(changed);
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    home.run(&arguments)
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_link_in_a_mail() {
    let (place, server) = MailServer::start(&Wanted::default());
    let (_home, _running, site) = appliance(&place, &["server.name=Liceo Volta"]);
    assert_eq!(instance(&site).await["password_mail"], true);
    let before = site.login("ada").await;
    let answer = forgot(&site, " ADA@example.org").await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len()), (202, 0));
    let message = server.message();
    assert_eq!(message.0["tls"], true);
    assert_eq!(message.0["from"], "presenze@example.org");
    assert_eq!(message.0["to"], json!(["ada@example.org"]));
    assert_eq!(message.header("From"), "Presenze <presenze@example.org>");
    assert_eq!(message.header("To"), "ada@example.org");
    assert_eq!(message.header("Subject"), "A new password - Liceo Volta");
    assert_eq!(message.header("Auto-Submitted"), "auto-generated");
    assert!(message.text().contains("valid for one hour"), "{}", message.text());
    reset(&site, message.token(), ANOTHER).await.expect(204);
    try_login(&site, "ada", ANOTHER).await.expect(200);
    try_login(&site, "ada", PASSWORD).await.expect_problem(401, "INVALID_CREDENTIALS");
    me(&site, &before).await.expect_problem(401, "SESSION_ENDED");
    reset(&site, message.token(), PASSWORD).await.expect_problem(410, "RESET_INVALID");
    server.expect_nothing();
}

async fn instance(site: &Site) -> Value {
    site.try_api(Method::GET, "/instance", None, None).await.unwrap().expect(200)
}

async fn me(site: &Site, person: &Person) -> Answer {
    site.try_api(Method::GET, "/me", Some(person), None).await.unwrap()
}

#[tokio::test]
async fn the_mail_is_in_the_language_of_the_profile() {
    let (place, server) = MailServer::start(&Wanted::default());
    let (_home, _running, site) = appliance(&place, &[]);
    let ada = site.login("ada").await;
    let italian = json!({ "language": "it" });
    site.try_api(Method::PATCH, "/me", Some(&ada), Some(&italian)).await.unwrap().expect(200);
    forgot(&site, "ada@example.org").await.expect(202);
    let message = server.message();
    assert_eq!(message.header("Subject"), "Una nuova password - Appliance");
    assert!(message.text().contains("È valido per un'ora"), "{}", message.text());
    reset(&site, message.token(), ANOTHER).await.expect(204);
}

#[tokio::test]
async fn whoever_asks_does_not_learn_whether_there_is_such_an_account() {
    let (place, server) = MailServer::start(&Wanted::default());
    let (_home, _running, site) = appliance(&place, &[]);
    let mut answers = Vec::new();
    for email in ["nobody@example.org", "ada@example.org"] {
        let answer = forgot(&site, email).await;
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        answers.push((answer.status, headers, answer.bytes));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(server.message().0["to"], json!(["ada@example.org"]));
    server.expect_nothing();
    forgot(&site, "no address").await.expect_problem(422, "VALIDATION_FAILED");
}

#[tokio::test]
async fn nobody_can_fill_the_mailbox_of_another_or_ask_without_end() {
    let (place, server) = MailServer::start(&Wanted::default());
    let more = ["rate_limit.enabled=true", "rate_limit.password_resets_per_network_per_hour=8"];
    let (home, running, site) = appliance(&place, &more);
    for _ in 0..7 {
        forgot(&site, "ada@example.org").await.expect(202);
    }
    let messages: Vec<Message> = (0..3).map(|_| server.message()).collect();
    running.wait_for(|line| line.contains("than are mailed in an hour").then_some(()));
    // Somebody else is still written to, so nothing of Ada's is behind it.
    home.create_user("bob", "user").expect(0);
    forgot(&site, "bob@example.org").await.expect(202);
    assert_eq!(server.message().0["to"], json!(["bob@example.org"]));
    server.expect_nothing();
    let refused = forgot(&site, "bob@example.org").await;
    refused.expect_problem(429, "TOO_MANY_RESETS");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 60);
    let good = messages.iter().filter(|message| !message.token().is_empty()).count();
    assert_eq!(good, 3);
}

#[tokio::test]
async fn a_server_that_is_down_is_tried_again_until_it_is_back() {
    let place = Place::new("localhost");
    let (_home, running, site) = appliance(&place, &[]);
    forgot(&site, "ada@example.org").await.expect(202);
    running.wait_for(|line| line.contains("a mail was not sent").then_some(()));
    let server = place.start(&Wanted::default());
    assert_eq!(server.message().0["to"], json!(["ada@example.org"]));
    let sent = running.wait_for(|line| line.contains("a mail was sent").then(|| line.to_owned()));
    assert!(sent.contains("password reset of user:1") && !sent.contains('@'), "{sent}");
    let metrics = site.page("/metrics").await.text();
    assert!(metrics.contains("appliance_mails_total{outcome=\"sent\"} 1"), "{metrics}");
    assert!(metrics.contains("appliance_mails_total{outcome=\"dropped\"} 0"), "{metrics}");
}

#[tokio::test]
async fn a_message_that_is_turned_down_for_now_is_sent_again() {
    let (place, server) = MailServer::start(&Wanted { later: 1, ..Wanted::default() });
    let (_home, running, site) = appliance(&place, &[]);
    forgot(&site, "ada@example.org").await.expect(202);
    running.wait_for(|line| line.contains("come back later").then_some(()));
    server.message();
    server.expect_nothing();
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_does_not_encrypt() {
    let (place, server) = MailServer::start(&Wanted { mode: "clear", ..Wanted::default() });
    mail_test(&place, "ada@example.org", &[]).expect_error(1, &["does not offer STARTTLS"]);
    let (_home, running, site) = appliance(&place, &[]);
    forgot(&site, "ada@example.org").await.expect(202);
    running.wait_for(|line| line.contains("a mail was dropped").then_some(()));
    let metrics = site.page("/metrics").await.text();
    assert!(metrics.contains("appliance_mails_total{outcome=\"dropped\"} 1"), "{metrics}");
    server.expect_nothing();
    mail_test(&place, "ada@example.org", &["mail.encryption=off"]).expect(0);
    assert_eq!(server.message().0["tls"], false);
}

#[test]
fn nothing_is_sent_to_a_server_whose_certificate_is_not_trusted() {
    let (place, server) = MailServer::start(&Wanted::default());
    let unknown = mail_test(&place, "ada@example.org", &["mail.ca_file="]);
    unknown.expect_error(1, &["no safe connection", "UnknownIssuer", "mail.ca_file"]);
    let (elsewhere, other) =
        MailServer::start(&Wanted { name: "mail.example.org", ..Wanted::default() });
    let wrong = mail_test(&elsewhere, "ada@example.org", &[]);
    wrong.expect_error(1, &["no safe connection", "not valid for name", "mail.host"]);
    server.expect_nothing();
    other.expect_nothing();
}

#[test]
fn a_server_that_encrypts_from_the_start_takes_mail() {
    let (place, server) = MailServer::start(&Wanted { mode: "tls", ..Wanted::default() });
    let sent = mail_test(&place, "ada@example.org", &["mail.encryption=tls"]).expect(0);
    assert!(sent.stderr.contains("took the message"), "{}", sent.stderr);
    let message = server.message();
    assert_eq!(message.0["tls"], true);
    assert!(message.text().contains("This is a test.") && message.text().contains("è una prova"));
}

#[test]
fn a_server_that_asks_for_a_password_gets_the_one_of_the_file() {
    let wanted = Wanted { user: "presenze", password: "corretto cavallo", ..Wanted::default() };
    let (place, server) = MailServer::start(&wanted);
    let password = format!("mail.password_file={}", place.file("password").display());
    let login = ["mail.username=presenze", &password];
    mail_test(&place, "ada@example.org", &login).expect(0);
    assert_eq!(server.message().0["user"], "presenze");
    std::fs::write(place.file("password"), "another secret\n").unwrap();
    let refused = mail_test(&place, "ada@example.org", &login);
    let refused = refused.expect_error(1, &["does not accept mail.username"]);
    assert!(!format!("{refused:?}").contains("another secret"));
    std::fs::remove_file(place.file("password")).unwrap();
    mail_test(&place, "ada@example.org", &login).expect_error(2, &["mail.password_file"]);
    mail_test(&place, "ada@example.org", &[]).expect_error(1, &["the mail server"]);
    server.expect_nothing();
}

#[test]
fn what_went_wrong_is_said_in_words() {
    let place = Place::new("localhost");
    mail_test(&place, "ada@example.org", &[]).expect_error(1, &["cannot be reached", "mail.port"]);
    let server = place.start(&Wanted::default());
    mail_test(&place, "ada", &[]).expect_error(2, &["'ada' is no address"]);
    mail_test(&place, "ada@example.org\r\nBcc: bob@example.org", &[]).expect_error(2, &["address"]);
    mail_test(&place, "ada@example.org", &["mail.from=@"]).expect_error(2, &["mail.from"]);
    server.expect_nothing();
    Home::default()
        .run(&["mail", "test", "ada@example.org"])
        .expect_error(2, &["no mail server is configured", "mail.host"]);
    let home = Home::default();
    let broken = home.run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--set",
        "mail.host=localhost",
        "--set",
        "mail.from=presenze@example.org",
        "--set",
        "mail.ca_file=nowhere.pem",
    ]);
    assert_eq!(broken.code, Some(2), "{broken:?}");
    assert!(broken.error().contains("mail.ca_file"), "{broken:?}");
}

#[test]
fn the_doctor_says_how_the_mail_server_is() {
    let home = Home::default();
    let mail = |settings: &[String]| {
        let mut arguments = vec!["doctor", "--json", "--data-dir", "data"];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let findings = home.run(&arguments).json()["findings"].take();
        findings.as_array().unwrap().iter().find(|finding| finding["check"] == "mail").cloned()
    };
    assert_eq!(mail(&[]), None, "none is configured");
    let place = Place::new("localhost");
    let down = mail(&place.settings(&[])).unwrap();
    assert_eq!(down["health"], "failed");
    assert!(down["message"].as_str().unwrap().contains("cannot be reached"), "{down}");
    let server = place.start(&Wanted::default());
    let up = mail(&place.settings(&[])).unwrap();
    assert_eq!(up["health"], "ok", "{up}");
    server.expect_nothing();
}

#[tokio::test]
async fn no_name_or_address_becomes_a_header_or_a_recipient() {
    let (place, server) = MailServer::start(&Wanted::default());
    let more = ["server.name=Liceo\r\nBcc: eve@example.org\r\n\r\nCiao"];
    let (_home, _running, site) = appliance(&place, &more);
    for email in [
        "eva@example.org\r\nBcc: eve@example.org",
        "eva@example.org\nRCPT TO:<eve@example.org>",
        "eva@example.org,eve@example.org",
        "eva@example.org> <eve@example.org",
    ] {
        let body = json!({ "email": email, "password": PASSWORD, "name": "E", "surname": "V" });
        let refused = site.post("/auth/register", None, body).await;
        refused.expect_problem(422, "VALIDATION_FAILED");
        forgot(&site, email).await.expect_problem(422, "VALIDATION_FAILED");
    }
    let name = "Compra su https://eve.example.org";
    let body = json!({
        "email": "eva@example.org", "password": PASSWORD, "name": name, "surname": name,
    });
    site.post("/auth/register", None, body).await.expect(201);
    forgot(&site, "eva@example.org").await.expect(202);
    let message = server.message();
    assert_eq!(message.0["to"], json!(["eva@example.org"]));
    let headers = message.0["headers"].as_array().unwrap();
    assert!(!headers.iter().any(|header| header[0] == "Bcc"), "{message:?}");
    assert!(message.header("Subject").contains("Liceo"), "{message:?}");
    assert!(!message.text().contains("Compra"), "{message:?}");
    server.expect_nothing();
}
