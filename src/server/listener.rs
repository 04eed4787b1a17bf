//! The accept loop: how many connections, from whom, and how they end.
//!
//! Ours and not poem's, which gives hyper no timer and no bounds (see `connection` for those). One
//! newcomer at a time asks for a place (`limiter`), so that a flood waits in the kernel's queue; an
//! accept that fails for want of descriptors pauses instead of spinning.

use std::{pin::pin, sync::Arc, time::Duration};

use poem::endpoint::BoxEndpoint;
use tokio::{sync::watch, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use super::{
    connection::{self, ConnectionConfig, ConnectionTimers, Ends, Transport},
    connection_limiter::{ConnectionLimiter, Networks},
    pulse::PulseReceiver,
    socket::{Socket, room_for},
};
use crate::{
    config::{LimitsConfig, Listen, Network},
    http::ClientNetwork,
    telemetry::Metrics,
};

const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// The listening socket, and what a connection is served with.
pub(super) struct Listener {
    socket: Socket,
    config: Arc<ConnectionConfig>,
    limiter: ConnectionLimiter,
    draining: watch::Receiver<bool>,
    metrics: Metrics,
}

impl Listener {
    #[allow(clippy::too_many_arguments, reason = "one for each part that a connection needs")]
    pub(super) fn new(
        socket: Socket,
        tls: Option<TlsAcceptor>,
        limits: LimitsConfig,
        balancers: Vec<Network>,
        endpoint: BoxEndpoint<'static, poem::Response>,
        draining: watch::Receiver<bool>,
        metrics: Metrics,
        redirects: bool,
    ) -> Self {
        let places = room_for(limits.connections, redirects);
        let share = limits.connections_per_address;
        Self {
            socket,
            config: Arc::new(ConnectionConfig { tls, limits, balancers, endpoint }),
            limiter: ConnectionLimiter::new(places, share, metrics.shares.clone()),
            draining,
            metrics,
        }
    }

    pub(super) fn listens_at(&self) -> std::io::Result<Listen> {
        self.socket.listens_at()
    }

    /// Who has how many connections, for whoever else accepts some.
    pub(super) fn networks(&self) -> Networks {
        self.limiter.networks()
    }

    /// Where balancers are that begin each connection with a header, for whoever else accepts some.
    pub(super) fn balancers(&self) -> Vec<Network> {
        self.config.balancers.clone()
    }

    /// Accepts until it drains, then waits for open connections, at most for `drain_time`. Between two
    /// connections it answers whoever asks for its pulse.
    pub(super) async fn serve(self, drain_time: Duration, mut turns: PulseReceiver) {
        let mut connections = JoinSet::new();
        let mut draining = self.draining.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = draining.wait_for(|draining| *draining) => break,
                () = turns.answer() => continue,
                Some(_) = connections.join_next() => continue,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((transport, ends)) => {
                    self.let_in(&mut connections, &mut turns, transport, ends).await;
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

    /// Serves a newcomer as soon as there is a place, unless its network has its share.
    async fn let_in(
        &self,
        connections: &mut JoinSet<()>,
        turns: &mut PulseReceiver,
        transport: Transport,
        ends: Ends,
    ) {
        let timers = Arc::new(ConnectionTimers::new(self.config.limits));
        let mut draining = self.draining.clone();
        let mut admitted = pin!(self.limiter.admit(&timers, self.network_of(ends)));
        let place = loop {
            tokio::select! {
                biased;
                place = admitted.as_mut() => match place {
                    Ok(place) => break Some(place),
                    Err(_) => return,
                },
                () = turns.answer() => {}
                // Whoever was accepted before a stop is answered: places are becoming free.
                _ = draining.wait_for(|draining| *draining) => break None,
            }
        };
        let gauge = self.metrics.connections.clone();
        let config = Arc::clone(&self.config);
        let serving = connection::serve(
            transport,
            ends,
            place,
            Arc::clone(&timers),
            config,
            self.draining.clone(),
        );
        connections.spawn(async move {
            gauge.inc();
            serving.await;
            gauge.dec();
        });
    }

    /// The network that a connection counts for. That of a reverse proxy counts for none, since all clients
    /// come from there, and that of a balancer for one that its header will name.
    fn network_of(&self, ends: Ends) -> Option<ClientNetwork> {
        let is_client = self.config.tls.is_some() && !self.config.sends_header(ends);
        ends.peer.filter(|_| is_client).map(|peer| ClientNetwork::of(peer.ip()))
    }
}
