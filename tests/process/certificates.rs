//! Certificates from files: which of several a client gets, and that they are exchanged under open
//! connections, or not at all when they are no good.

use std::{fs, time::Instant};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use rustls::version::{TLS12, TLS13};
use serde_json::Value;

use crate::{
    handshake::{ECDSA, RSA, certificate, knowing, page, shown},
    program::{BOUND, Home},
    running::Running,
};

/// Makes a certificate for `names` in `file.pem`, with its key in `file.key`; gives it in DER.
fn make(home: &Home, file: &str, names: &[&str], rsa: bool) -> Vec<u8> {
    let key = if rsa {
        KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap()
    } else {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
    };
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    // The key first: between the two, what is there is a certificate with another's key.
    fs::write(home.path().join(format!("{file}.key")), key.serialize_pem()).unwrap();
    fs::write(home.path().join(format!("{file}.pem")), made.pem()).unwrap();
    made.der().to_vec()
}

const ONE: [&str; 3] = ["tls.mode=files", "tls.certificates=['one.pem']", "tls.keys=['one.key']"];

/// Waits until handshakes show this certificate.
async fn until_shown(running: &Running, wanted: &[u8]) {
    let start = Instant::now();
    while shown(running.address, "localhost", ECDSA).await != wanted {
        assert!(start.elapsed() < BOUND, "it never was shown");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn cert_show(home: &Home) -> Value {
    let show = [&["cert", "show", "--json"][..], &["--set", ONE[0]], &["--set", ONE[1]]].concat();
    home.run(&[&show[..], &["--set", ONE[2]]].concat()).expect(0).json()
}

fn renew(home: &Home) -> crate::program::Finished {
    home.run(&["cert", "renew"])
}

#[tokio::test]
async fn each_client_gets_the_kind_that_it_can_check_and_the_certificate_of_the_name() {
    let home = Home::default();
    let ecdsa = make(&home, "ecdsa", &["localhost"], false);
    let rsa = make(&home, "rsa", &["localhost"], true);
    let other = make(&home, "other", &["*.example.org"], false);
    let running = Running::start_with(
        &home,
        &[
            "tls.mode=files",
            "tls.certificates=['rsa.pem', 'ecdsa.pem', 'other.pem']",
            "tls.keys=['rsa.key', 'ecdsa.key', 'other.key']",
        ],
    );
    let at = running.address;
    for version in [&TLS12, &TLS13] {
        let stream = knowing(at, "localhost", ECDSA, &[version]).await.unwrap();
        assert!(certificate(&stream) == ecdsa, "{version:?}");
        let stream = knowing(at, "localhost", RSA, &[version]).await.unwrap();
        assert!(certificate(&stream) == rsa, "{version:?}");
    }
    assert!(shown(at, "presenze.example.org", ECDSA).await == other);
    assert!(shown(at, "presenze.example.org", RSA).await == rsa, "the only one that it can check");
    assert!(shown(at, "unknown.example.com", RSA).await == rsa, "a stranger is told who this is");
    let show = home.run(&["cert", "show", "--json"]).expect(0).json();
    let kinds: Vec<_> = show["certificates"].as_array().unwrap().iter().collect();
    let keys = ["RSA 2048", "ECDSA P-256", "ECDSA P-256"];
    assert!(kinds.iter().zip(keys).all(|(it, key)| it["key"] == key), "{show}");
}

#[tokio::test]
async fn files_that_change_are_served_while_a_connection_stays_open() {
    let home = Home::default();
    let first = make(&home, "one", &["localhost"], false);
    let running = Running::start_with(&home, &ONE);
    let mut open =
        knowing(running.address, "localhost", ECDSA, rustls::ALL_VERSIONS).await.unwrap();
    assert!(certificate(&open) == first);
    assert!(page(&mut open, "/livez").await.starts_with("HTTP/1.1 200"));
    let second = make(&home, "one", &["localhost"], false);
    until_shown(&running, &second).await;
    assert!(page(&mut open, "/livez").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_hangup_reads_the_files_at_once_and_ends_nothing() {
    let home = Home::default();
    make(&home, "one", &["localhost"], false);
    let running = Running::start_with(&home, &ONE);
    let mut open =
        knowing(running.address, "localhost", ECDSA, rustls::ALL_VERSIONS).await.unwrap();
    assert!(page(&mut open, "/livez").await.starts_with("HTTP/1.1 200"));
    // Nothing has changed, so it is the signal alone that has them read.
    running.signal("HUP");
    running.wait_for(|line| line.contains("serving a certificate").then_some(()));
    assert!(page(&mut open, "/livez").await.starts_with("HTTP/1.1 200"));
    running.stop();
}

#[tokio::test]
async fn a_file_that_is_no_good_leaves_the_old_certificate_and_is_told_everywhere() {
    let home = Home::default();
    let first = make(&home, "one", &["localhost"], false);
    let running = Running::start_with(&home, &ONE);
    let mut open =
        knowing(running.address, "localhost", ECDSA, rustls::ALL_VERSIONS).await.unwrap();
    assert!(page(&mut open, "/readyz").await.contains(r#""state":"current""#));
    fs::write(home.path().join("one.pem"), "no certificate").unwrap();
    running.wait_for(|line| {
        (line.contains("the old one stays") && line.contains("one.pem")).then_some(())
    });
    assert!(shown(running.address, "localhost", ECDSA).await == first);
    let ready = page(&mut open, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200") && ready.contains(r#""state":"kept""#), "{ready}");
    assert!(!ready.contains("one.pem"), "why is nobody's affair but the owner's: {ready}");
    let metrics = page(&mut open, "/metrics").await;
    assert!(metrics.contains("appliance_certificate_current{listener=\"https\"} 0"), "{metrics}");
    assert!(metrics.contains("appliance_certificate_renewals_total{outcome=\"failure\"} 1"));
    let show = cert_show(&home);
    assert!(show["trouble"].as_str().unwrap().contains("one.pem"), "{show}");
    assert_eq!(show["certificates"][0]["names"][0], "localhost");
    renew(&home).expect_error(1, &["one.pem", "cannot be used"]);
    let doctor = home.run(&["doctor", "--json", "--set", ONE[0], "--set", ONE[1], "--set", ONE[2]]);
    assert!(doctor.stdout.contains("could not get or read another one"), "{doctor:?}");

    // Another's key is no good either.
    let second = make(&home, "one", &["localhost"], false);
    let stranger = KeyPair::generate().unwrap().serialize_pem();
    let key = fs::read(home.path().join("one.key")).unwrap();
    fs::write(home.path().join("one.key"), stranger).unwrap();
    renew(&home).expect_error(1, &["is not the key of"]);
    assert!(shown(running.address, "localhost", ECDSA).await == first);

    fs::write(home.path().join("one.key"), key).unwrap();
    renew(&home).expect(0);
    assert!(shown(running.address, "localhost", ECDSA).await == second);
    assert!(page(&mut open, "/readyz").await.contains(r#""state":"current""#));
    assert_eq!(cert_show(&home)["trouble"], Value::Null);
}

#[test]
fn a_start_with_files_that_are_no_good_is_refused() {
    let home = Home::default();
    make(&home, "one", &["localhost"], false);
    fs::write(home.path().join("one.key"), "no key").unwrap();
    let mut serve = vec!["serve", "--listen", "127.0.0.1:0"];
    serve.extend(ONE.iter().flat_map(|setting| ["--set", setting]));
    home.run(&serve).expect_error(1, &["one.key cannot be used for TLS"]);
}

#[tokio::test]
async fn a_self_signed_certificate_is_made_anew_when_asked_for_and_not_before() {
    let home = Home::default();
    let running = Running::start(&home);
    let first = shown(running.address, "localhost", ECDSA).await;
    let show = home.run(&["cert", "show"]).expect(0);
    for words in ["self-signed", "localhost", "ECDSA P-256", "self-signed.pem"] {
        assert!(show.stdout.contains(words), "{words}: {}", show.stdout);
    }
    renew(&home).expect(0);
    let second = shown(running.address, "localhost", ECDSA).await;
    assert!(first != second);
    running.stop();
    renew(&home).expect(0);
    let running = Running::start(&home);
    let third = shown(running.address, "localhost", ECDSA).await;
    assert!(second != third);
}

#[test]
fn what_needs_a_running_appliance_says_so() {
    let home = Home::default();
    let report = home.run(&["cert", "show", "--json"]).expect(0).json();
    assert_eq!(report["certificates"].as_array().unwrap().len(), 0);
    make(&home, "one", &["localhost"], false);
    assert_eq!(cert_show(&home)["certificates"][0]["key"], "ECDSA P-256");
    home.run(&["cert", "renew", "--set", "tls.mode=acme"]).expect_error(3, &["start it"]);
}
