//! Nobody takes every place, nor all the memory for bodies: one client, its network, or eight of them.

use std::time::Duration;

use serde_json::json;

use crate::{
    connections::{LIVEZ, login_head},
    support::{
        Appliance, PASSWORD,
        wire::{PATIENCE, Wire, connect_from, tls_config},
    },
};

/// Opens a connection from an address of this machine, and asks for something whose answer waits for the rest
/// of its body.
async fn in_progress_from(app: &Appliance, address: &str) -> Wire {
    let mut wire = Wire::open_from(app, address).await.unwrap();
    wire.send(login_head(10).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n")).await;
    assert_eq!(wire.answer().await.status, 100, "the request is in progress");
    wire
}

/// Asks over a connection, which must still be there.
async fn is_served(wire: &mut Wire) {
    wire.send(LIVEZ).await;
    assert_eq!(wire.answer().await.status, 200);
}

#[tokio::test]
async fn when_all_connections_are_taken_the_one_that_rested_longest_goes_for_a_newcomer() {
    let app = Appliance::start_with(&[("limits.connections", "3")]).await;
    let mut asks_often = Wire::open_from(&app, "127.0.0.2").await.unwrap();
    let rests = Wire::open_from(&app, "127.0.0.3").await.unwrap();
    let mut rests_less = Wire::open_from(&app, "127.0.0.4").await.unwrap();
    is_served(&mut asks_often).await;
    is_served(&mut rests_less).await;
    let mut newcomer = Wire::open_from(&app, "127.0.0.5").await.unwrap();
    rests.closed().await;
    for wire in [&mut newcomer, &mut asks_often, &mut rests_less] {
        is_served(wire).await;
    }
}

#[tokio::test]
async fn connections_of_eight_networks_that_ask_now_and_then_keep_no_ninth_out() {
    let settings = [("limits.connections", "32"), ("limits.connections_per_address", "4")];
    let app = Appliance::start_with(&settings).await;
    let mut held = Vec::new();
    for network in 2..10 {
        for number in 0..4 {
            let address = format!("127.0.0.{network}");
            // Some never begin TLS, some ask nothing, some ask over either protocol.
            let held_one: Box<dyn std::any::Any> = match number {
                0 => Box::new(connect_from(&app, &address).await),
                1 => Box::new(Wire::open_from(&app, &address).await.unwrap()),
                2 => {
                    let mut wire = Wire::open_from(&app, &address).await.unwrap();
                    is_served(&mut wire).await;
                    Box::new(wire)
                }
                _ => {
                    let tcp = connect_from(&app, &address).await;
                    let config = tls_config(app.data.path(), rustls::ALL_VERSIONS, &[b"h2"]);
                    let mut wire = Wire::over(tcp, config).await.unwrap();
                    wire.send(crate::frames::greeting(&[])).await;
                    Box::new(wire)
                }
            };
            held.push(held_one);
        }
    }
    let mut ninth = Vec::new();
    for _ in 0..4 {
        let opening = Wire::open_from(&app, "127.0.0.200");
        let opened = tokio::time::timeout(PATIENCE, opening).await.expect("it was kept out");
        ninth.push(opened.unwrap());
    }
    for wire in &mut ninth {
        is_served(wire).await;
    }
    drop(held);
}

#[tokio::test]
async fn connections_of_eight_networks_that_wait_for_their_bodies_keep_no_ninth_out() {
    let settings = [
        ("limits.connections", "8"),
        ("limits.connections_per_address", "1"),
        ("limits.body_seconds", "3600"),
    ];
    let app = Appliance::start_with(&settings).await;
    let mut held = Vec::new();
    for network in 2..10 {
        held.push(in_progress_from(&app, &format!("127.0.0.{network}")).await);
    }
    let opening = Wire::open_from(&app, "127.0.0.200");
    let opened = tokio::time::timeout(PATIENCE, opening).await.expect("it was kept out");
    is_served(&mut opened.unwrap()).await;
    drop(held);
}

#[tokio::test]
async fn one_address_has_as_many_connections_as_it_may_and_the_one_that_rested_longest_goes() {
    let settings = [("limits.connections_per_address", "2"), ("limits.body_seconds", "3600")];
    let app = Appliance::start_with(&settings).await;
    let mut other = Wire::open_from(&app, "127.0.0.9").await.unwrap();
    let rests = Wire::open(&app).await.unwrap();
    let mut busy = in_progress_from(&app, "127.0.0.1").await;
    let mut third = Wire::open(&app).await.unwrap();
    rests.closed().await;
    is_served(&mut third).await;
    is_served(&mut other).await;
    busy.send("{\"a\": 1} \n").await;
    assert_eq!(busy.answer().await.status, 422, "what is asked is answered");
}

#[tokio::test]
async fn beyond_all_connections_a_client_waits_while_others_are_answered() {
    let app = Appliance::start_with(&[("limits.connections", "1")]).await;
    let mut first = in_progress_from(&app, "127.0.0.1").await;
    let mut opening = std::pin::pin!(Wire::open(&app));
    let waiting = tokio::time::timeout(Duration::from_millis(300), opening.as_mut());
    assert!(waiting.await.is_err(), "a second one is not served beside it");
    first.send("{\"a\": 1} \n").await;
    assert_eq!(first.answer().await.status, 422, "what is asked is answered");
    let mut second = tokio::time::timeout(PATIENCE, opening).await.unwrap().unwrap();
    is_served(&mut second).await;
}

#[tokio::test]
async fn anonymous_bodies_that_are_held_back_keep_no_login_out_of_the_same_network_or_another() {
    // As on a small machine: eight such bodies are all that there is.
    let settings = [
        ("limits.bodies_in_flight_mib", "1"),
        ("limits.body_bytes", "65536"),
        ("limits.batch_body_bytes", "65536"),
        ("limits.body_seconds", "3600"),
        ("rate_limit.enabled", "false"),
    ];
    let app = Appliance::start_with(&settings).await;
    let mut held = Vec::new();
    for number in 0..64 {
        let mut wire = Wire::open_from(&app, &format!("127.0.0.{}", 2 + number % 4)).await.unwrap();
        let asked = login_head(16_000).replace("/auth/login", "/scans/holds");
        wire.send(asked + &" ".repeat(15_999)).await;
        held.push(wire);
    }
    let wrong = json!({ "identifier": "ada", "password": PASSWORD }).to_string();
    for address in ["127.0.0.2", "127.0.0.200"] {
        let mut wire = Wire::open_from(&app, address).await.unwrap();
        wire.send(login_head(wrong.len()) + &wrong).await;
        let answer = wire.answer().await;
        assert_eq!(answer.json()["code"], "INVALID_CREDENTIALS", "{address}: {answer:?}");
    }
    drop(held);
}

#[tokio::test]
async fn what_was_refused_or_closed_so_that_others_get_their_share_is_counted() {
    let settings = [("limits.connections_per_address", "1"), ("limits.body_seconds", "3600")];
    let app = Appliance::start_with(&settings).await;
    let rests = Wire::open_from(&app, "127.0.0.2").await.unwrap();
    let busy = in_progress_from(&app, "127.0.0.2").await;
    rests.closed().await;
    assert!(Wire::open_from(&app, "127.0.0.2").await.is_err(), "nobody of its network rests");
    let metrics = app.page("/metrics").await.text();
    for line in [
        "appliance_connections_displaced_total 1",
        "appliance_share_refusals_total{resource=\"connections\",share=\"group\"} 1",
        "appliance_share_refusals_total{resource=\"body_memory\",share=\"total\"} 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}");
    }
    drop(busy);
}
