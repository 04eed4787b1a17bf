//! The accept loop: how many connections, from whom, and how they end.
//!
//! Ours and not poem's, which gives hyper no timer and no bounds (see `connection` for those). A
//! connection needs a permit before it is accepted, so that a flood waits in the kernel's queue; an
//! accept that fails for want of descriptors pauses instead of spinning.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use poem::endpoint::BoxEndpoint;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{
    connection::{self, Ends, Transport, Wiring},
    pulse::Turns,
    socket::{Socket, room_for},
};
use crate::{
    config::{LimitsConfig, Listen},
    http::ClientNetwork,
    telemetry::Metrics,
};

const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// The listening socket, and what a connection is served with.
pub(super) struct Listener {
    socket: Socket,
    wiring: Arc<Wiring>,
    permits: Arc<Semaphore>,
    networks: Arc<Networks>,
    draining: watch::Receiver<bool>,
    metrics: Metrics,
}

impl Listener {
    pub(super) fn new(
        socket: Socket,
        tls: Option<TlsAcceptor>,
        limits: LimitsConfig,
        endpoint: BoxEndpoint<'static, poem::Response>,
        draining: watch::Receiver<bool>,
        metrics: Metrics,
        redirects: bool,
    ) -> Self {
        let permits = room_for(limits.connections, redirects);
        let permits = usize::try_from(permits).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            socket,
            wiring: Arc::new(Wiring { tls, limits, endpoint }),
            permits: Arc::new(Semaphore::new(permits)),
            networks: Arc::new(Networks::new(limits.connections_per_address)),
            draining,
            metrics,
        }
    }

    pub(super) fn listens_at(&self) -> std::io::Result<Listen> {
        self.socket.listens_at()
    }

    /// Who has how many connections, for whoever else accepts some.
    pub(super) fn networks(&self) -> Arc<Networks> {
        Arc::clone(&self.networks)
    }

    /// Accepts until it drains, then waits for open connections, at most for `drain_time`. Between two
    /// connections it answers whoever asks for its pulse.
    pub(super) async fn serve(self, drain_time: Duration, mut turns: Turns) {
        let mut connections = JoinSet::new();
        let mut draining = self.draining.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = draining.wait_for(|draining| *draining) => break,
                () = turns.answer() => continue,
                Some(_) = connections.join_next() => continue,
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((transport, ends, permit)) => {
                    let Ok(place) = self.place_for(ends) else { continue };
                    let gauge = self.metrics.connections.clone();
                    let wiring = Arc::clone(&self.wiring);
                    let serving = connection::serve(transport, ends, wiring, self.draining.clone());
                    connections.spawn(async move {
                        gauge.inc();
                        serving.await;
                        gauge.dec();
                        drop((place, permit));
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
        drop((self.socket, turns));
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(drain_time, drained).await.is_err() {
            tracing::warn!(open = connections.len(), "closing connections that did not finish");
            connections.shutdown().await;
        }
    }

    async fn accept(&self) -> std::io::Result<(Transport, Ends, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(std::io::Error::other)?;
        let (transport, ends) = self.socket.accept().await?;
        Ok((transport, ends, permit))
    }

    /// A place in the share of the client's network. A proxy needs none: all clients come from there.
    fn place_for(&self, ends: Ends) -> Result<Option<Place>, NoPlace> {
        match ends.peer {
            Some(peer) if self.wiring.tls.is_some() => {
                let place = Networks::take(&self.networks, ClientNetwork::of(peer.ip()));
                place.map(Some).ok_or(NoPlace)
            }
            _ => Ok(None),
        }
    }
}

/// The network of a client has as many connections as it may.
struct NoPlace;

/// How many connections each network has open: an IPv6 subscriber has more addresses than a server has
/// connections, so theirs count together.
pub(super) struct Networks {
    limit: u32,
    open: Mutex<HashMap<ClientNetwork, u32>>,
}

/// One connection's place in its network's share; given back when dropped.
pub(super) struct Place {
    networks: Arc<Networks>,
    network: ClientNetwork,
}

impl Networks {
    fn new(limit: u32) -> Self {
        Self { limit, open: Mutex::new(HashMap::new()) }
    }

    /// A place for one more connection, or nothing when the network has as many as it may.
    pub(super) fn take(this: &Arc<Self>, network: ClientNetwork) -> Option<Place> {
        let mut open = this.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_insert(0);
        if *count >= this.limit {
            return None;
        }
        *count += 1;
        Some(Place { networks: Arc::clone(this), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.networks.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> ClientNetwork {
        ClientNetwork::of(address.parse().unwrap())
    }

    #[test]
    fn a_network_gets_its_places_back_and_no_more_than_its_share() {
        let networks = Arc::new(Networks::new(2));
        let (ada, bob) = (network("192.0.2.1"), network("192.0.2.2"));
        let first = Networks::take(&networks, ada);
        let second = Networks::take(&networks, ada);
        assert!(first.is_some() && second.is_some());
        assert!(Networks::take(&networks, ada).is_none());
        assert!(Networks::take(&networks, bob).is_some());
        drop(first);
        assert!(Networks::take(&networks, ada).is_some());
        drop(second);
        assert!(networks.open.lock().unwrap().is_empty());
    }

    #[test]
    fn the_addresses_of_one_ipv6_subscriber_share_their_places() {
        let networks = Arc::new(Networks::new(1));
        let place = Networks::take(&networks, network("2001:db8:0:1::1"));
        assert!(place.is_some());
        assert!(Networks::take(&networks, network("2001:db8:0:1::2")).is_none());
        assert!(Networks::take(&networks, network("2001:db8:0:2::1")).is_some());
    }
}
