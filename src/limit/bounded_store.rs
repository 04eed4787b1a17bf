//! What a limiter remembers of its keys, within a bound: for governor, [`super::Backoff`] and
//! [`super::Budget`].
//!
//! governor's own store keeps every key until somebody sweeps, so a flood of addresses, of which an IPv6
//! customer has 65,536 networks, would grow it without end. Here [`MOST`] keys have a place of their own.
//! Beyond that there are two easy ways, and both help the flood: to forget the oldest lets it wipe out
//! what is counted against it, and to let newcomers pass uncounted takes the limit away. So newcomers
//! share [`SHARED`] places instead, by a hash that nobody can foresee: all stay limited, and one who
//! came during a flood shares their place with a thousandth of it.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use governor::{
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};

/// Keys with a place of their own: as many as a hash table of 65,536 slots holds before it doubles. With
/// networks for keys that is about two megabytes.
pub(super) const MOST: usize = 57_344;
const SHARED: usize = 1_024;

/// What is remembered of each key: for governor when it will be at rest (GCRA's theoretical arrival
/// time). The default value is what a key at rest has.
pub(super) struct BoundedStore<K, V = Nanos> {
    taken: Mutex<Entries<K, V>>,
    hasher: RandomState,
}

struct Entries<K, V> {
    own: HashMap<K, V>,
    /// Empty until they are needed.
    shared: Vec<V>,
}

impl<K, V> Default for BoundedStore<K, V> {
    fn default() -> Self {
        let taken = Entries { own: HashMap::new(), shared: Vec::new() };
        Self { taken: Mutex::new(taken), hasher: RandomState::new() }
    }
}

impl<K, V> BoundedStore<K, V> {
    fn lock(&self) -> MutexGuard<'_, Entries<K, V>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, V: Copy + Default> BoundedStore<K, V> {
    /// Decides by what is remembered of a key, nothing of one that is new; remembers what comes of it
    /// when it `counts`.
    pub(super) fn decide<T, E>(
        &self,
        key: &K,
        counts: bool,
        decide: impl Fn(Option<V>) -> Result<(T, V), E>,
    ) -> Result<T, E> {
        let mut taken = self.lock();
        let Entries { own, shared } = &mut *taken;
        if let Some(place) = own.get_mut(key) {
            let (outcome, next) = decide(Some(*place))?;
            if counts {
                *place = next;
            }
            return Ok(outcome);
        }
        if own.len() < MOST {
            let (outcome, next) = decide(None)?;
            if counts {
                own.insert(key.clone(), next);
            }
            return Ok(outcome);
        }
        shared.resize(SHARED, V::default());
        let slot = self.hasher.hash_one(key) % (SHARED as u64);
        let place = usize::try_from(slot).ok().and_then(|slot| shared.get_mut(slot));
        let (outcome, next) = decide(place.as_deref().copied())?;
        if let (Some(place), true) = (place, counts) {
            *place = next;
        }
        Ok(outcome)
    }

    /// Forgets a key with a place of its own.
    pub(super) fn forget(&self, key: &K) {
        self.lock().own.remove(key);
    }

    /// Keeps what is not at rest.
    pub(super) fn retain(&self, is_busy: impl Fn(V) -> bool) {
        let mut taken = self.lock();
        taken.own.retain(|_, value| is_busy(*value));
        if !taken.shared.iter().any(|value| is_busy(*value)) {
            taken.shared = Vec::new();
        }
    }

    /// How many keys have a place of their own.
    pub(super) fn count(&self) -> usize {
        self.lock().own.len()
    }

    /// Gives back the memory of places that nobody has.
    pub(super) fn shrink(&self) {
        self.lock().own.shrink_to_fit();
    }
}

impl<K: Hash + Eq + Clone> StateStore for BoundedStore<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.decide(key, true, decide)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for BoundedStore<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.retain(|at_rest| at_rest > drop_below);
    }

    fn shrink_to_fit(&self) {
        self.shrink();
    }

    fn len(&self) -> usize {
        self.count()
    }

    fn is_empty(&self) -> bool {
        self.count() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ClientNetwork;

    #[test]
    fn a_million_networks_take_about_two_megabytes() {
        let places = BoundedStore::<_, Nanos>::default();
        for number in 0..1_000_000_u32 {
            let key = ClientNetwork::of(std::net::Ipv4Addr::from(number).into());
            let _ = places.measure_and_replace(&key, |_| Ok::<_, ()>(((), Nanos::new(1))));
        }
        let taken = places.lock();
        // hashbrown keeps a slot and a byte for each place, and fills seven of eight.
        let slot = size_of::<(ClientNetwork, Nanos)>() + 1;
        let bytes = taken.own.capacity() * 8 / 7 * slot + taken.shared.capacity() * 8;
        assert!(bytes < 2_500_000, "{bytes} bytes");
        assert_eq!((taken.own.len(), taken.shared.len()), (MOST, SHARED));
    }
}
