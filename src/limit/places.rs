//! What a limiter remembers of its keys, within a bound.
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

/// A key, and whether this time counts or only looks.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked<K> {
    pub(super) key: K,
    pub(super) counts: bool,
}

/// When each key will be at rest (GCRA's theoretical arrival time).
pub(super) struct Places<K> {
    taken: Mutex<Taken<K>>,
    hasher: RandomState,
}

struct Taken<K> {
    own: HashMap<K, Nanos>,
    /// Empty until they are needed; a zero is a key at rest.
    shared: Vec<Nanos>,
}

impl<K> Default for Places<K> {
    fn default() -> Self {
        let taken = Taken { own: HashMap::new(), shared: Vec::new() };
        Self { taken: Mutex::new(taken), hasher: RandomState::new() }
    }
}

impl<K> Places<K> {
    fn lock(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> StateStore for Places<K> {
    type Key = Asked<K>;

    fn measure_and_replace<T, F, E>(&self, asked: &Asked<K>, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut taken = self.lock();
        let Taken { own, shared } = &mut *taken;
        if let Some(place) = own.get_mut(&asked.key) {
            let (outcome, next) = decide(Some(*place))?;
            if asked.counts {
                *place = next;
            }
            return Ok(outcome);
        }
        if own.len() < MOST {
            let (outcome, next) = decide(None)?;
            if asked.counts {
                own.insert(asked.key.clone(), next);
            }
            return Ok(outcome);
        }
        shared.resize(SHARED, Nanos::default());
        let slot = self.hasher.hash_one(&asked.key) % (SHARED as u64);
        let place = usize::try_from(slot).ok().and_then(|slot| shared.get_mut(slot));
        let (outcome, next) = decide(place.as_deref().copied())?;
        if let (Some(place), true) = (place, asked.counts) {
            *place = next;
        }
        Ok(outcome)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<Asked<K>> for Places<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut taken = self.lock();
        taken.own.retain(|_, at_rest| *at_rest > drop_below);
        if taken.shared.iter().all(|at_rest| *at_rest <= drop_below) {
            taken.shared = Vec::new();
        }
    }

    fn shrink_to_fit(&self) {
        self.lock().own.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.lock().own.len()
    }

    fn is_empty(&self) -> bool {
        self.lock().own.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ClientNetwork;

    #[test]
    fn a_million_networks_take_about_two_megabytes() {
        let places = Places::default();
        for number in 0..1_000_000_u32 {
            let key = ClientNetwork::of(std::net::Ipv4Addr::from(number).into());
            let asked = Asked { key, counts: true };
            let _ = places.measure_and_replace(&asked, |_| Ok::<_, ()>(((), Nanos::new(1))));
        }
        let taken = places.lock();
        // hashbrown keeps a slot and a byte for each place, and fills seven of eight.
        let slot = size_of::<(ClientNetwork, Nanos)>() + 1;
        let bytes = taken.own.capacity() * 8 / 7 * slot + taken.shared.capacity() * 8;
        assert!(bytes < 2_500_000, "{bytes} bytes");
        assert_eq!((taken.own.len(), taken.shared.len()), (MOST, SHARED));
    }
}
