//! The accept loop: how many connections, from whom, and how they end.
//!
//! Ours and not poem's, which gives hyper no timer and no bounds (see `connection` for those). A
//! connection needs a permit before it is accepted, so that a flood waits in the kernel's queue; an
//! accept that fails for want of descriptors pauses instead of spinning.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use poem::endpoint::BoxEndpoint;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::connection::{self, Wiring};
use crate::{config::LimitsConfig, telemetry::Metrics};

const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// The listening socket, and what a connection is served with.
pub(super) struct Listener {
    tcp: TcpListener,
    wiring: Arc<Wiring>,
    permits: Arc<Semaphore>,
    addresses: Arc<Addresses>,
    draining: watch::Receiver<bool>,
    metrics: Metrics,
}

impl Listener {
    pub(super) fn new(
        tcp: TcpListener,
        tls: TlsAcceptor,
        limits: LimitsConfig,
        endpoint: BoxEndpoint<'static, poem::Response>,
        draining: watch::Receiver<bool>,
        metrics: Metrics,
    ) -> Self {
        let permits = usize::try_from(limits.connections).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            tcp,
            wiring: Arc::new(Wiring { tls, limits, endpoint }),
            permits: Arc::new(Semaphore::new(permits)),
            addresses: Arc::new(Addresses::new(limits.connections_per_address)),
            draining,
            metrics,
        }
    }

    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Accepts until it drains, then waits for open connections, at most for `drain_time`.
    pub(super) async fn serve(self, drain_time: Duration) {
        let mut connections = JoinSet::new();
        let mut draining = self.draining.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = draining.wait_for(|draining| *draining) => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    if let Some(place) = Addresses::take(&self.addresses, peer.ip()) {
                        let gauge = self.metrics.connections.clone();
                        let serving = connection::serve(
                            stream,
                            peer,
                            Arc::clone(&self.wiring),
                            self.draining.clone(),
                        );
                        connections.spawn(async move {
                            gauge.inc();
                            serving.await;
                            gauge.dec();
                            drop((place, permit));
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
        drop(self.tcp);
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(drain_time, drained).await.is_err() {
            tracing::warn!(open = connections.len(), "closing connections that did not finish");
            connections.shutdown().await;
        }
    }

    async fn accept(&self) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(std::io::Error::other)?;
        let (stream, peer) = self.tcp.accept().await?;
        Ok((stream, peer, permit))
    }
}

/// How many connections each address has open.
struct Addresses {
    limit: u32,
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// One address's place; given back when dropped.
struct Place {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Addresses {
    fn new(limit: u32) -> Self {
        Self { limit, open: Mutex::new(HashMap::new()) }
    }

    /// A place for one more connection, or nothing when the address has as many as it may.
    fn take(this: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let mut open = this.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_insert(0);
        if *count >= this.limit {
            return None;
        }
        *count += 1;
        Some(Place { addresses: Arc::clone(this), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_places_back_and_no_more_than_its_share() {
        let addresses = Arc::new(Addresses::new(2));
        let (ada, bob) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let first = Addresses::take(&addresses, ada);
        let second = Addresses::take(&addresses, ada);
        assert!(first.is_some() && second.is_some());
        assert!(Addresses::take(&addresses, ada).is_none());
        assert!(Addresses::take(&addresses, bob).is_some());
        drop(first);
        assert!(Addresses::take(&addresses, ada).is_some());
        drop(second);
        assert!(addresses.open.lock().unwrap().is_empty());
    }
}
