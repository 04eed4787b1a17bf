//! Who is let in: so many connections in all, a share of them for each network, and whose place a newcomer
//! gets when there is none left.
//!
//! Of connections that rest the one goes that has rested longest, whether TLS is still being agreed on, the
//! first request is yet to come or the last was answered. When none rests, the one goes that has waited
//! longest, and for a second at least, for its client to send a body or to read an answer. What is being
//! answered goes on. When all connections are taken this is so among all; when a network has its share, among
//! the connections of that network, so that one client takes nothing from the others behind its address.
//!
//! Connections are ordered by when they last moved, as far as that was looked at: a connection that moved
//! since gets its new place when it is looked at again. So what moves costs nothing here, and a look is paid
//! by the movement that made it necessary.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::connection::{ConnectionTimers, WaitingFor};
use crate::{
    http::{ClientNetwork, NetworkGroup},
    limit::{Claimant, Exhausted, Share, Shares},
    telemetry::{ScarceResource, ShareMetrics},
};

/// How long a client may be waited for in the middle of a request before its connection can be displaced.
const STALLED: Duration = Duration::from_secs(1);
/// How long nobody looks again after all connections were looked at.
const BETWEEN_FULL_LOOKS: Duration = Duration::from_millis(20);
/// How long a displaced connection has for its end before another is asked.
const FOR_AN_END: Duration = Duration::from_millis(50);
/// How long a newcomer waits for a place in the share of its network.
const FOR_A_SHARE: Duration = Duration::from_millis(200);

/// How many connections each network has, on this listener and on others.
pub(super) type Networks = Shares<NetworkGroup>;

/// The places of all connections. Clones are the same.
#[derive(Clone)]
pub(super) struct ConnectionLimiter(Arc<Inner>);

struct Inner {
    total: usize,
    share: u64,
    networks: Networks,
    open: Mutex<Open>,
    ended: Notify,
    metrics: ShareMetrics,
}

/// The connections that are open.
#[derive(Default)]
struct Open {
    next_id: u64,
    connections: HashMap<u64, Connection>,
    /// Those of each group of networks, and under `None` all of them.
    orders: HashMap<Option<NetworkGroup>, Order>,
}

struct Connection {
    timers: Arc<ConnectionTimers>,
    /// Nothing has moved before, as far as is known here.
    moved: Instant,
    groups: Vec<NetworkGroup>,
}

#[derive(Default)]
struct Order {
    by_movement: BTreeSet<(Instant, u64)>,
    not_before: Option<Instant>,
}

/// A place, given back when dropped.
pub(super) struct ConnectionSlot {
    admission: ConnectionLimiter,
    id: u64,
    share: Option<Share<NetworkGroup>>,
}

/// The network of a client has as many connections as it may, and none of them can be displaced.
#[derive(Debug)]
pub(super) struct ConnectionRefused;

/// What there is no place in: a group of networks, or all together.
struct Full(Option<NetworkGroup>);

impl ConnectionLimiter {
    /// So many places, of which one network may take its share.
    pub(super) fn new(total: u32, share: u32, metrics: ShareMetrics) -> Self {
        let inner = Inner {
            total: usize::try_from(total).unwrap_or(usize::MAX),
            share: share.into(),
            // The total is counted here, since other listeners have places of their own.
            networks: Shares::new(u64::MAX, share.into()),
            open: Mutex::default(),
            ended: Notify::new(),
            metrics,
        };
        Self(Arc::new(inner))
    }

    /// Who has how many connections, for whoever else accepts some.
    pub(super) fn networks(&self) -> Networks {
        self.0.networks.clone()
    }

    /// A place for a newcomer, in the share of its network if that is known. Waits while all are taken and
    /// none of them can be displaced.
    ///
    /// # Errors
    /// When the network has its share, and none of its connections can be displaced.
    pub(super) async fn admit(
        &self,
        timers: &Arc<ConnectionTimers>,
        network: Option<ClientNetwork>,
    ) -> Result<ConnectionSlot, ConnectionRefused> {
        self.insist(|| self.take(timers, network)).await
    }

    /// Tries until it succeeds, displacing others meanwhile.
    async fn insist<T>(
        &self,
        mut take: impl FnMut() -> Result<T, Full>,
    ) -> Result<T, ConnectionRefused> {
        let began = Instant::now();
        let mut displaced: Option<Instant> = None;
        loop {
            let mut ended = std::pin::pin!(self.0.ended.notified());
            ended.as_mut().enable();
            let full = match take() {
                Ok(taken) => return Ok(taken),
                Err(Full(full)) => full,
            };
            let may_displace = displaced.is_none_or(|at| at.elapsed() >= FOR_AN_END);
            if may_displace && self.displace(full) {
                displaced = Some(Instant::now());
            }
            if full.is_some() && (displaced.is_none() || began.elapsed() >= FOR_A_SHARE) {
                self.0.metrics.refused_group(ScarceResource::Connections);
                return Err(ConnectionRefused);
            }
            let _ = tokio::time::timeout(FOR_AN_END, ended).await;
        }
    }

    fn take(
        &self,
        timers: &Arc<ConnectionTimers>,
        network: Option<ClientNetwork>,
    ) -> Result<ConnectionSlot, Full> {
        let share = network.map(|network| self.share_of(network)).transpose()?;
        let mut open = self.open();
        if open.connections.len() >= self.0.total {
            return Err(Full(None));
        }
        open.next_id += 1;
        let (id, moved) = (open.next_id, Instant::now());
        let timers = Arc::clone(timers);
        open.connections.insert(id, Connection { timers, moved, groups: Vec::new() });
        open.join(id, None);
        for group in network.iter().flat_map(groups_of) {
            open.join(id, Some(group));
        }
        drop(open);
        Ok(ConnectionSlot { admission: self.clone(), id, share })
    }

    fn share_of(&self, network: ClientNetwork) -> Result<Share<NetworkGroup>, Full> {
        self.0.networks.take(&network, 1).map_err(|exhausted| match exhausted {
            Exhausted::Total => Full(None),
            Exhausted::Group => {
                let full = network.groups().find(|(group, times)| {
                    self.0.networks.held_by(group) >= self.0.share.saturating_mul((*times).into())
                });
                // None when one has just ended, which the next try will find.
                Full(full.map(|(group, _)| group).or_else(|| groups_of(&network).next()))
            }
        })
    }

    /// Asks the connection of a group to end that has rested longest; says whether there was one.
    fn displace(&self, group: Option<NetworkGroup>) -> bool {
        let now = Instant::now();
        let mut open = self.open();
        let Some(order) = open.orders.get_mut(&group) else { return false };
        if order.not_before.is_some_and(|not_before| now < not_before) {
            return false;
        }
        let mut stalled: Option<(Instant, u64)> = None;
        while let Some((moved, id, turn)) = open.first(group).filter(|(moved, ..)| *moved < now) {
            match turn {
                WaitingFor::Nobody(since) if since <= moved => return self.end(&mut open, id, now),
                WaitingFor::Nobody(since) => open.moved(id, since.min(now)),
                WaitingFor::Client(since) => {
                    stalled = stalled.min(Some((since, id))).or(Some((since, id)));
                    open.moved(id, now);
                }
                WaitingFor::Server => open.moved(id, now),
            }
        }
        if let Some(order) = open.orders.get_mut(&group) {
            order.not_before = Some(now + BETWEEN_FULL_LOOKS);
        }
        match stalled {
            Some((since, id)) if since + STALLED <= now => self.end(&mut open, id, now),
            _ => false,
        }
    }

    fn end(&self, open: &mut Open, id: u64, now: Instant) -> bool {
        open.moved(id, now);
        let Some(connection) = open.connections.get(&id) else { return false };
        connection.timers.displace();
        self.0.metrics.displaced();
        true
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The connection of a group that has moved last longest ago, as far as is known.
    fn first(&self, group: Option<NetworkGroup>) -> Option<(Instant, u64, WaitingFor)> {
        let (moved, id) = *self.orders.get(&group)?.by_movement.first()?;
        let connection = self.connections.get(&id)?;
        Some((moved, id, connection.timers.waiting_for()))
    }

    fn join(&mut self, id: u64, group: Option<NetworkGroup>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.groups.extend(group);
        self.orders.entry(group).or_default().by_movement.insert((connection.moved, id));
    }

    /// A connection moved at `moved`.
    fn moved(&mut self, id: u64, moved: Instant) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let before = std::mem::replace(&mut connection.moved, moved);
        let groups = connection.groups.iter().copied().map(Some).chain([None]);
        for group in groups {
            if let Some(order) = self.orders.get_mut(&group) {
                order.by_movement.remove(&(before, id));
                order.by_movement.insert((moved, id));
            }
        }
    }

    fn leave(&mut self, id: u64) {
        let Some(Connection { moved, groups, .. }) = self.connections.remove(&id) else { return };
        for group in groups.into_iter().map(Some).chain([None]) {
            if let Some(order) = self.orders.get_mut(&group) {
                order.by_movement.remove(&(moved, id));
                if order.by_movement.is_empty() {
                    self.orders.remove(&group);
                }
            }
        }
    }
}

impl ConnectionSlot {
    /// Counts the connection for the network of a client that became known later.
    ///
    /// # Errors
    /// As [`ConnectionLimiter::admit`].
    pub(super) async fn belongs_to(
        &mut self,
        network: ClientNetwork,
    ) -> Result<(), ConnectionRefused> {
        let admission = self.admission.clone();
        self.share = Some(admission.insist(|| admission.share_of(network)).await?);
        let mut open = admission.open();
        for group in groups_of(&network) {
            open.join(self.id, Some(group));
        }
        Ok(())
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.admission.open().leave(self.id);
        drop(self.share.take());
        self.admission.0.ended.notify_waiters();
    }
}

fn groups_of(network: &ClientNetwork) -> impl Iterator<Item = NetworkGroup> + '_ {
    network.groups().map(|(group, _)| group)
}

#[cfg(test)]
mod tests;
