//! Certificates of a real ACME directory, which refuses half of all good nonces.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use appliance::clock::Time;
use rustls::RootCertStore;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    handshake::{ECDSA, certificate, page, shown, trusting},
    pebble::Pebble,
    program::{BOUND, Finished, Home, QUICK_HASHES},
    running::Running,
};

const NAME: &str = "presenze.example.org";
const DAYS_90: u32 = 90 * 86_400;

/// Starts an appliance that gets its certificates of this directory.
fn start(home: &Home, pebble: &Pebble, settings: &[&str]) -> Running {
    let settings = all_settings(pebble, settings);
    let listen = pebble.https().to_string();
    let mut arguments = vec!["serve", "--listen", &listen];
    arguments.extend(QUICK_HASHES);
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    Running::start_by(home.command(&arguments))
}

fn all_settings(pebble: &Pebble, settings: &[&str]) -> Vec<String> {
    let mut all = vec![
        "log.format=json".to_owned(),
        "tls.mode=acme".to_owned(),
        format!("server.public_url=https://{NAME}"),
        format!("tls.acme_directory={}", pebble.url()),
        format!("tls.acme_root={}", pebble.root().display()),
    ];
    all.extend(settings.iter().map(|setting| (*setting).to_owned()));
    all
}

/// Waits until a handshake as `name` shows a certificate of the directory other than `old`; gives it.
async fn issued(pebble: &Pebble, roots: &RootCertStore, name: &str, old: Option<&[u8]>) -> Vec<u8> {
    let start = Instant::now();
    loop {
        let stream = trusting(pebble.https(), name, roots).await;
        let shown = stream.map(|stream| certificate(&stream));
        match shown {
            Ok(shown) if old != Some(&shown[..]) => return shown,
            _ => assert!(start.elapsed() < BOUND, "no certificate ever came: {:?}", shown.err()),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn mode(home: &Home, file: &str) -> u32 {
    fs::metadata(home.data().join("tls").join(file)).unwrap().permissions().mode() & 0o777
}

fn cert(home: &Home, verb: &str) -> Finished {
    home.run(&["cert", verb, "--json"])
}

fn show(home: &Home) -> Value {
    cert(home, "show").expect(0).json()
}

#[tokio::test]
async fn names_are_proven_in_handshakes_and_renewed_when_asked_for() {
    let (home, pebble) = (Home::default(), Pebble::start(DAYS_90));
    let settings = ["tls.acme_names=['www.example.org']", "tls.acme_contact=capo@example.org"];
    let running = start(&home, &pebble, &settings);
    running.wait_for(|line| line.contains("a self-signed one is served until then").then_some(()));
    let roots = pebble.issues_under().await;
    let first = issued(&pebble, &roots, NAME, None).await;
    assert!(issued(&pebble, &roots, "www.example.org", None).await == first);
    for file in ["acme.pem", "acme-account.key"] {
        assert_eq!(mode(&home, file), 0o600, "{file}");
    }
    let report = show(&home);
    assert_eq!(report["provisional"], false);
    assert_eq!(report["trouble"], Value::Null);
    let served = &report["certificates"][0];
    assert!(served["issuer"].as_str().unwrap().starts_with("Pebble Intermediate CA"), "{report}");
    assert_eq!(served["names"].as_array().unwrap().len(), 2);
    let next = report["next_renewal"].as_str().unwrap();
    assert!(served["not_before"].as_str().unwrap() < next, "{report}");
    assert!(next < served["not_after"].as_str().unwrap(), "{report}");

    let mut open = trusting(pebble.https(), NAME, &roots).await.unwrap();
    let ready = page(&mut open, "/readyz").await;
    assert!(ready.contains(r#""state":"current""#), "{ready}");
    cert(&home, "renew").expect(0);
    let second = issued(&pebble, &roots, NAME, Some(&first)).await;
    assert!(second != first);
    assert!(page(&mut open, "/livez").await.starts_with("HTTP/1.1 200"), "it stayed open");
    running.stop();
}

#[tokio::test]
async fn names_are_proven_over_plain_http_which_otherwise_redirects() {
    let (home, pebble) = (Home::default(), Pebble::start(DAYS_90));
    let redirect = format!("server.redirect_listen={}", pebble.http());
    let running = start(&home, &pebble, &["tls.acme_challenge=http-01", &redirect]);
    issued(&pebble, &pebble.issues_under().await, NAME, None).await;
    for path in ["/", "/.well-known/acme-challenge/none-that-waits"] {
        let mut plain = TcpStream::connect(pebble.http()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        plain.write_all(request.as_bytes()).await.unwrap();
        let mut said = String::new();
        plain.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 308 "), "{said}");
        assert!(said.contains(&format!("\r\nlocation: https://{NAME}{path}\r\n")), "{said}");
    }
    running.stop();
}

#[tokio::test]
async fn it_starts_on_the_certificate_that_it_has_when_the_directory_is_down() {
    let (home, mut pebble) = (Home::default(), Pebble::start(DAYS_90));
    let roots = pebble.issues_under().await;
    let running = start(&home, &pebble, &[]);
    let first = issued(&pebble, &roots, NAME, None).await;
    running.stop();
    pebble.go_down();
    let running = start(&home, &pebble, &[]);
    assert!(issued(&pebble, &roots, NAME, None).await == first);
    assert_eq!(show(&home)["trouble"], Value::Null);
    // Nobody was reached, so it is no failure that a directory would count: it may be tried at once again.
    for _ in 0..4 {
        cert(&home, "renew").expect_error(1, &["localhost"]);
    }
    assert!(issued(&pebble, &roots, NAME, None).await == first);
    running.stop();
}

#[tokio::test]
async fn without_a_directory_and_a_certificate_it_serves_its_own_and_says_so() {
    let (home, mut pebble) = (Home::default(), Pebble::start(DAYS_90));
    pebble.go_down();
    let running = start(&home, &pebble, &[]);
    running.wait_for(|line| line.contains("the old one stays").then_some(()));
    let shown = shown(pebble.https(), NAME, ECDSA).await;
    let pem = fs::read(home.data().join("tls/self-signed.pem")).unwrap();
    let own = <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(&pem);
    assert!(shown == own.unwrap().to_vec());
    let report = show(&home);
    assert_eq!(report["provisional"], true);
    assert!(report["trouble"].as_str().unwrap().contains("localhost"), "{report}");
    running.stop();
}

#[tokio::test]
async fn a_certificate_is_renewed_by_itself_before_it_ends() {
    // Of nine seconds a third is left after six.
    let (home, pebble) = (Home::default(), Pebble::start(9));
    let running = start(&home, &pebble, &[]);
    let roots = pebble.issues_under().await;
    let first = issued(&pebble, &roots, NAME, None).await;
    issued(&pebble, &roots, NAME, Some(&first)).await;
    running.stop();
}

/// On threads, since what stands in front of the directory answers while commands are run to their end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_suggests_when_to_renew_is_followed() {
    let (home, pebble) = (Home::default(), Pebble::start(DAYS_90));
    let suggested = ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z");
    let front = crate::suggesting::in_front_of(&pebble, suggested.0, suggested.1).await;
    let running = start(&home, &pebble, &[&format!("tls.acme_directory={front}")]);
    let roots = pebble.issues_under().await;
    let first = issued(&pebble, &roots, NAME, None).await;
    // At once, as the window has passed, but no younger than a day.
    let start = Instant::now();
    loop {
        let report = show(&home);
        let moment = |value: &Value| Time::parse_rfc3339(value.as_str().unwrap()).unwrap();
        let begins = moment(&report["certificates"][0]["not_before"]);
        if moment(&report["next_renewal"]) == begins.plus_seconds(86_400) {
            break;
        }
        assert!(start.elapsed() < BOUND, "it is not followed: {report}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What is replaced is told to a directory that offers this, and one that forgets it gives one all the same.
    cert(&home, "renew").expect(0);
    assert!(issued(&pebble, &roots, NAME, Some(&first)).await != first);
    running.stop();
}

#[tokio::test]
async fn three_failures_are_all_that_an_hour_gets() {
    let (home, pebble) = (Home::default(), Pebble::start(DAYS_90));
    // The directory looks where nobody listens.
    let settings = all_settings(&pebble, &[]);
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
    arguments.extend(QUICK_HASHES);
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let running = Running::start_by(home.command(&arguments));
    running.wait_for(|line| line.contains("did not accept the proof").then_some(()));
    let report = show(&home);
    assert!(report["trouble"].as_str().unwrap().contains(NAME), "which name: {report}");
    while cert(&home, "renew").code == Some(1) {}
    cert(&home, "renew").expect_error(4, &["within the hour"]);
    running.kill();
    // A restart does not make the directory forget, and neither does it us.
    let running = Running::start_by(home.command(&arguments));
    cert(&home, "renew").expect_error(4, &["within the hour"]);
    running.stop();
}
