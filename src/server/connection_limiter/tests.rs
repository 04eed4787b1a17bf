//! Who gets in, and who goes for it, without a socket.

use std::net::IpAddr;

use super::*;
use crate::{
    config::{Config, ConfigSources, LimitsConfig},
    telemetry::Metrics,
};

fn limiter(total: u32, share: u32) -> ConnectionLimiter {
    ConnectionLimiter::new(total, share, Metrics::new().unwrap().shares)
}

fn limits() -> LimitsConfig {
    Config::load(&ConfigSources::default()).unwrap().limits
}

/// A connection that nobody serves: whoever displaces it, it ends when the test lets it.
struct Client {
    timers: Arc<ConnectionTimers>,
    place: ConnectionSlot,
}

impl Client {
    async fn is_displaced(&self) -> bool {
        futures_util::poll!(std::pin::pin!(self.timers.was_displaced())).is_ready()
    }

    fn asks(&self) {
        self.timers.request_started();
    }

    fn is_answered(&self) {
        self.timers.add_pending(-1);
    }
}

fn network(address: &str) -> ClientNetwork {
    ClientNetwork::of(address.parse::<IpAddr>().unwrap())
}

async fn come(limiter: &ConnectionLimiter, address: &str) -> Result<Client, ConnectionRefused> {
    let timers = Arc::new(ConnectionTimers::new(limits()));
    let place = limiter.admit(&timers, Some(network(address))).await?;
    Ok(Client { timers, place })
}

/// One more than there is place for, for which `leaves` has to go.
async fn come_instead_of(limiter: &ConnectionLimiter, address: &str, leaves: Client) -> Client {
    let coming = come(limiter, address);
    let mut coming = std::pin::pin!(coming);
    assert!(futures_util::poll!(coming.as_mut()).is_pending());
    assert!(leaves.is_displaced().await, "it has to go for {address}");
    drop(leaves.place);
    coming.await.unwrap()
}

#[tokio::test]
async fn beyond_the_total_the_connection_goes_that_has_rested_longest() {
    let limiter = limiter(3, 3);
    let first = come(&limiter, "192.0.2.1").await.unwrap();
    let second = come(&limiter, "192.0.2.1").await.unwrap();
    let third = come(&limiter, "192.0.2.2").await.unwrap();
    first.asks();
    first.is_answered();
    third.asks();
    let fourth = come_instead_of(&limiter, "192.0.2.3", second).await;
    let fifth = come_instead_of(&limiter, "192.0.2.4", first).await;
    third.is_answered();
    let _sixth = come_instead_of(&limiter, "192.0.2.5", fourth).await;
    assert!(!third.is_displaced().await && !fifth.is_displaced().await);
}

#[tokio::test]
async fn while_everything_is_being_answered_a_newcomer_waits_for_an_end() {
    let limiter = limiter(1, 1);
    let busy = come(&limiter, "192.0.2.1").await.unwrap();
    busy.asks();
    let coming = come(&limiter, "192.0.2.2");
    let mut coming = std::pin::pin!(coming);
    let waited = tokio::time::timeout(2 * FOR_AN_END, coming.as_mut()).await;
    assert!(waited.is_err());
    assert!(!busy.is_displaced().await);
    busy.is_answered();
    let mut displaced = std::pin::pin!(busy.timers.was_displaced());
    tokio::select! {
        () = displaced.as_mut() => {}
        _ = coming.as_mut() => panic!("there is no place"),
    }
    drop(busy.place);
    coming.await.unwrap();
}

#[tokio::test]
async fn a_client_that_is_waited_for_goes_when_nobody_rests() {
    let limiter = limiter(2, 2);
    let stalled = come(&limiter, "192.0.2.1").await.unwrap();
    stalled.asks();
    stalled.timers.add_uploads(1);
    let busy = come(&limiter, "192.0.2.2").await.unwrap();
    busy.asks();
    let coming = come(&limiter, "192.0.2.3");
    let mut coming = std::pin::pin!(coming);
    let mut displaced = std::pin::pin!(stalled.timers.was_displaced());
    tokio::select! {
        () = displaced.as_mut() => {}
        _ = coming.as_mut() => panic!("there is no place"),
    }
    assert!(!busy.is_displaced().await);
    drop(stalled.place);
    coming.await.unwrap();
}

#[tokio::test]
async fn beyond_the_share_of_a_network_one_of_its_own_goes_or_the_newcomer_is_refused() {
    let limiter = limiter(100, 2);
    let other = come(&limiter, "192.0.2.9").await.unwrap();
    let first = come(&limiter, "192.0.2.1").await.unwrap();
    let second = come(&limiter, "192.0.2.1").await.unwrap();
    let third = come_instead_of(&limiter, "192.0.2.1", first).await;
    second.asks();
    third.asks();
    assert!(come(&limiter, "192.0.2.1").await.is_err());
    assert!(!other.is_displaced().await, "others lose nothing by it");
    drop(second.place);
    assert!(come(&limiter, "192.0.2.1").await.is_ok());
}

#[tokio::test]
async fn the_networks_of_one_ipv6_subscriber_displace_each_other() {
    let limiter = limiter(100, 1);
    let elsewhere = come(&limiter, "2001:db8:1:1::1").await.unwrap();
    let first = come(&limiter, "2001:db8:0:1::1").await.unwrap();
    let second = come(&limiter, "2001:db8:0:2::1").await.unwrap();
    let third = come_instead_of(&limiter, "2001:db8:0:3::1", first).await;
    assert!(!second.is_displaced().await && !elsewhere.is_displaced().await);
    let site = [come(&limiter, "2001:db8:0:101::1").await.unwrap()];
    let fourth = come(&limiter, "2001:db8:0:102::1").await.unwrap();
    let _fifth = come_instead_of(&limiter, "2001:db8:0:201::1", second).await;
    drop((third, fourth, site));
}

#[tokio::test]
async fn a_client_whom_a_balancer_names_takes_from_the_share_of_its_network() {
    let limiter = limiter(100, 1);
    let first = come(&limiter, "192.0.2.1").await.unwrap();
    first.asks();
    let timers = Arc::new(ConnectionTimers::new(limits()));
    let mut place = limiter.admit(&timers, None).await.unwrap();
    assert!(place.belongs_to(network("192.0.2.1")).await.is_err());
    assert!(place.belongs_to(network("192.0.2.2")).await.is_ok());
    timers.request_started();
    assert!(come(&limiter, "192.0.2.2").await.is_err());
    drop(place);
    assert!(come(&limiter, "192.0.2.2").await.is_ok());
}

#[tokio::test]
async fn nothing_is_left_of_connections_that_ended() {
    let limiter = limiter(100, 10);
    let mut clients = Vec::new();
    for number in 0..50 {
        clients.push(come(&limiter, &format!("2001:db8:0:{number:x}::1")).await);
    }
    assert!(clients.iter().filter(|client| client.is_ok()).count() >= 20);
    clients.clear();
    let open = limiter.open();
    assert!(open.connections.is_empty() && open.orders.is_empty());
    assert_eq!(limiter.0.networks.held(), 0);
}

#[tokio::test]
async fn what_moves_is_looked_at_once_however_many_come() {
    let limiter = limiter(1_000, 1_000);
    let mut clients = Vec::new();
    for _ in 0..1_000 {
        clients.push(come(&limiter, "192.0.2.1").await.unwrap());
    }
    for client in &clients {
        client.asks();
    }
    assert!(!limiter.displace(None));
    clients[500].is_answered();
    assert!(!limiter.displace(None), "nobody looks again at once");
    let order = limiter.open().orders[&None].not_before.unwrap();
    tokio::time::sleep_until(order.into()).await;
    assert!(limiter.displace(None));
    assert!(clients[500].is_displaced().await);
}
