//! Turns at what only a few can use at once, dealt fairly to whoever waits.
//!
//! A plain queue is first come, first served: whoever puts in most gets most. Here each waiter says which
//! branches it is on (a network, a connection within it), and at each fork the branches take turns. So a
//! network that fills its queue delays itself alone, and within it a connection that asks a hundred times
//! delays itself alone.
//!
//! The number of waiters has a bound. Beyond it the newest one of the longest branch leaves, which is not
//! always the one that came last (RFC 7567 §4.2 has this for packets). Whoever gives up leaves no trace.

mod queue;

use std::{
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use queue::Queue;

/// Deals turns, a number of them at once. Clones are the same.
pub struct Turns<K: Clone + Eq + Hash>(Arc<Dealer<K>>);

struct Dealer<K> {
    at_once: usize,
    most_waiting: usize,
    state: Mutex<State<K>>,
}

struct State<K> {
    running: usize,
    entered: u64,
    waiting: Queue<K, oneshot::Sender<Call>>,
}

/// What a waiter is told.
enum Call {
    Go,
    Leave,
}

/// A turn; it ends when dropped, and the next waiter has it.
pub struct Turn<K: Clone + Eq + Hash>(Arc<Dealer<K>>);

/// Too many wait, and whoever asked is among those who had to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

/// A place in the queue, which is left when this is dropped.
struct Waiter<K: Clone + Eq + Hash> {
    dealer: Arc<Dealer<K>>,
    path: Vec<K>,
    number: u64,
    call: oneshot::Receiver<Call>,
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// So many turns at once, for which so many may wait.
    pub fn new(at_once: usize, most_waiting: usize) -> Self {
        let state = State { running: 0, entered: 0, waiting: Queue::new() };
        Self(Arc::new(Dealer { at_once, most_waiting, state: Mutex::new(state) }))
    }

    /// Waits for a turn. `path` names the branches, the widest first.
    ///
    /// # Errors
    /// [`TooMany`], at once or later: somebody on a shorter branch needed the place.
    pub async fn take(&self, path: Vec<K>) -> Result<Turn<K>, TooMany> {
        let Some(mut waiter) = self.enter(path) else { return Ok(Turn(Arc::clone(&self.0))) };
        match (&mut waiter.call).await {
            // From here on the turn is given back by its own drop: the call is spent.
            Ok(Call::Go) => Ok(Turn(Arc::clone(&self.0))),
            Ok(Call::Leave) | Err(_) => Err(TooMany),
        }
    }

    /// Whether somebody waits for a turn.
    pub fn is_awaited(&self) -> bool {
        self.waiting() > 0
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// Takes a turn that is free, or a place in the queue.
    fn enter(&self, path: Vec<K>) -> Option<Waiter<K>> {
        let mut state = self.0.lock();
        if state.running < self.0.at_once && state.waiting.len() == 0 {
            state.running += 1;
            return None;
        }
        let (sender, call) = oneshot::channel();
        let number = state.entered;
        state.entered += 1;
        state.waiting.push(&path, number, sender);
        if state.waiting.len() > self.0.most_waiting
            && let Some(sender) = state.waiting.pop_newest_of_longest()
        {
            let _ = sender.send(Call::Leave);
        }
        let dealer = Arc::clone(&self.0);
        drop(state);
        Some(Waiter { dealer, path, number, call })
    }
}

impl<K: Clone + Eq + Hash> Dealer<K> {
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a turn that has ended to the next waiter.
    fn pass_on(&self) {
        let mut state = self.lock();
        while let Some(sender) = state.waiting.pop() {
            if sender.send(Call::Go).is_ok() {
                return;
            }
        }
        state.running = state.running.saturating_sub(1);
    }
}

impl<K: Clone + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

impl<K: Clone + Eq + Hash> Drop for Waiter<K> {
    fn drop(&mut self) {
        let left = self.dealer.lock().waiting.remove(&self.path, self.number);
        // Calls are made under the lock: whoever is not in the queue any more was called, and may have
        // given up before hearing it.
        if left.is_none() && matches!(self.call.try_recv(), Ok(Call::Go)) {
            self.dealer.pass_on();
        }
    }
}

impl<K: Clone + Eq + Hash> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> fmt::Debug for Turns<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("at_once", &self.0.at_once).finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash> fmt::Debug for Turn<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    const ONE: [&str; 2] = ["here", "one"];

    #[tokio::test]
    async fn whoever_waits_has_the_turn_that_ends_and_nobody_waits_for_one_that_is_free() {
        let turns = Turns::new(1, 8);
        let first = turns.take(ONE.to_vec()).await.unwrap();
        let mut second = Box::pin(turns.take(ONE.to_vec()));
        assert!(poll!(&mut second).is_pending());
        assert!(turns.is_awaited());
        drop(first);
        let second = second.await.unwrap();
        assert!(!turns.is_awaited());
        drop(second);
        assert!(turns.take(ONE.to_vec()).await.is_ok());
    }

    #[tokio::test]
    async fn whoever_gives_up_leaves_the_queue_and_loses_no_turn_that_was_dealt_to_them() {
        let turns = Turns::new(1, 8);
        let first = turns.take(ONE.to_vec()).await.unwrap();
        let mut waiting = Box::pin(turns.take(ONE.to_vec()));
        let mut called = Box::pin(turns.take(vec!["there", "one"]));
        assert!(poll!(&mut waiting).is_pending());
        assert!(poll!(&mut called).is_pending());
        drop(waiting);
        assert_eq!(turns.waiting(), 1);
        drop(first);
        // It was called and never asks again.
        drop(called);
        assert!(turns.take(ONE.to_vec()).await.is_ok());
        assert_eq!(turns.0.lock().running, 0);
    }

    #[tokio::test]
    async fn a_full_queue_sends_away_whoever_fills_it_and_not_whoever_comes() {
        let turns = Turns::new(1, 3);
        let _running = turns.take(ONE.to_vec()).await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..3 {
            let mut waiting = Box::pin(turns.take(ONE.to_vec()));
            assert!(poll!(&mut waiting).is_pending());
            flood.push(waiting);
        }
        let mut other = Box::pin(turns.take(vec!["here", "two"]));
        assert!(poll!(&mut other).is_pending(), "there is a place after all");
        assert_eq!(flood.pop().unwrap().await.unwrap_err(), TooMany);
        assert_eq!(turns.take(ONE.to_vec()).await.unwrap_err(), TooMany, "and none for the flood");
        assert_eq!(turns.waiting(), 3);
    }
}
