//! Somebody's requests one after another, while everybody else's go on.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OwnedMutexGuard;

/// Lets one holder of each key go on; the others of that key wait in the order in which they came.
pub struct OneAtATime<K: Hash + Eq + Copy>(Arc<Mutex<HashMap<K, Line>>>);

type Line = Arc<tokio::sync::Mutex<()>>;

/// Leave to go on; the next of the same key has it when this is dropped.
pub struct Leave<K: Hash + Eq + Copy> {
    // Dropped in this order: the line can be forgotten once nobody is in it.
    _first: OwnedMutexGuard<()>,
    _in_line: InLine<K>,
}

/// Somebody who waits or goes on. The last one out forgets the line.
struct InLine<K: Hash + Eq + Copy> {
    lines: Arc<Mutex<HashMap<K, Line>>>,
    key: K,
    line: Option<Line>,
}

impl<K: Hash + Eq + Copy> OneAtATime<K> {
    /// Nobody waits.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Waits until nobody of the same key who came before goes on.
    pub async fn enter(&self, key: K) -> Leave<K> {
        let line = Arc::clone(lock(&self.0).entry(key).or_default());
        let in_line = InLine { lines: Arc::clone(&self.0), key, line: Some(Arc::clone(&line)) };
        Leave { _first: line.lock_owned().await, _in_line: in_line }
    }
}

impl<K: Hash + Eq + Copy> Default for OneAtATime<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Hash + Eq + Copy> Drop for InLine<K> {
    fn drop(&mut self) {
        let mut lines = lock(&self.lines);
        drop(self.line.take());
        if lines.get(&self.key).is_some_and(|line| Arc::strong_count(line) == 1) {
            lines.remove(&self.key);
        }
    }
}

fn lock<K>(lines: &Mutex<HashMap<K, Line>>) -> MutexGuard<'_, HashMap<K, Line>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn one_of_a_key_goes_on_and_nobody_waits_for_another_key() {
        let lines = OneAtATime::new();
        let first = lines.enter(1).await;
        let mut second = Box::pin(lines.enter(1));
        assert!(poll!(&mut second).is_pending());
        let other = lines.enter(2).await;
        drop(first);
        let second = second.await;
        drop((second, other));
        assert!(lock(&lines.0).is_empty());
    }

    #[tokio::test]
    async fn whoever_gives_up_is_forgotten() {
        let lines = OneAtATime::new();
        let first = lines.enter(1).await;
        let mut second = Box::pin(lines.enter(1));
        assert!(poll!(&mut second).is_pending());
        drop(second);
        drop(first);
        assert!(lock(&lines.0).is_empty());
    }
}
