//! Fair shares of what is scarce: connections, memory for bodies, places in the hasher's queue, exports.
//!
//! A limiter counts how often somebody asks; here is counted what they hold at this moment, in whatever
//! unit it is scarce. Nobody waits for a share: whoever asks for more than there is, or than their groups
//! may hold, is told so at once and takes nothing. What is held comes back when the [`Share`] is dropped.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Who takes a share: it counts for each of the claimant's groups.
pub trait Claimant {
    /// What units are counted by, such as a network of some prefix or a person.
    type Group: Clone + Eq + Hash;

    /// The groups that the claimant is in, the narrowest first, each with how many times a narrowest
    /// group's share it may hold.
    fn groups(&self) -> impl Iterator<Item = (Self::Group, u32)>;
}

/// A number of units, of which no group may hold more than its share. Clones are the same.
pub struct Shares<G: Clone + Eq + Hash>(Arc<Pool<G>>);

struct Pool<G> {
    total: u64,
    share: u64,
    held: Mutex<Held<G>>,
}

struct Held<G> {
    units: u64,
    by_group: HashMap<G, u64>,
}

/// Units that somebody holds; given back when dropped.
pub struct Share<G: Clone + Eq + Hash> {
    pool: Arc<Pool<G>>,
    groups: Vec<(G, u32)>,
    units: u64,
}

/// Why there is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// All units are held by somebody.
    Total,
    /// A group of the claimant holds as much as it may, while others could have more.
    Group,
}

impl<G: Clone + Eq + Hash> Shares<G> {
    /// So many units, of which one narrowest group may hold `share`.
    pub fn new(total: u64, share: u64) -> Self {
        let held = Held { units: 0, by_group: HashMap::new() };
        Self(Arc::new(Pool { total, share, held: Mutex::new(held) }))
    }

    /// Takes so many units; with 0 a share that can grow.
    ///
    /// # Errors
    /// When there are too few left for the claimant, which takes none.
    pub fn take(
        &self,
        claimant: &impl Claimant<Group = G>,
        units: u64,
    ) -> Result<Share<G>, Exhausted> {
        let groups = claimant.groups().collect();
        let mut share = Share { pool: Arc::clone(&self.0), groups, units: 0 };
        share.grow_to(units)?;
        Ok(share)
    }

    /// How many units are held by anybody.
    pub fn held(&self) -> u64 {
        self.0.lock().units
    }

    /// How many units are held by one group.
    pub fn held_by(&self, group: &G) -> u64 {
        self.0.lock().by_group.get(group).copied().unwrap_or(0)
    }
}

impl<G: Clone + Eq + Hash> Share<G> {
    /// Takes what is lacking to so many units; what is held already stays.
    ///
    /// # Errors
    /// When there are too few left, which takes none.
    pub fn grow_to(&mut self, units: u64) -> Result<(), Exhausted> {
        let lacking = units.saturating_sub(self.units);
        if lacking == 0 {
            return Ok(());
        }
        let Pool { total, share, .. } = *self.pool;
        let mut held = self.pool.lock();
        let after = held.units.saturating_add(lacking);
        if after > total {
            return Err(Exhausted::Total);
        }
        for (group, times) in &self.groups {
            let holds = held.by_group.get(group).copied().unwrap_or(0);
            if holds.saturating_add(lacking) > share.saturating_mul(u64::from(*times)) {
                return Err(Exhausted::Group);
            }
        }
        held.units = after;
        for (group, _) in &self.groups {
            *held.by_group.entry(group.clone()).or_insert(0) += lacking;
        }
        self.units += lacking;
        Ok(())
    }

    /// How many units are held by this share.
    pub const fn units(&self) -> u64 {
        self.units
    }
}

impl<G: Clone + Eq + Hash> Drop for Share<G> {
    fn drop(&mut self) {
        if self.units == 0 {
            return;
        }
        let mut held = self.pool.lock();
        held.units -= self.units;
        for (group, _) in &self.groups {
            if let Some(units) = held.by_group.get_mut(group) {
                *units -= self.units;
                if *units == 0 {
                    held.by_group.remove(group);
                }
            }
        }
    }
}

impl<G> Pool<G> {
    fn lock(&self) -> MutexGuard<'_, Held<G>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G: Clone + Eq + Hash> Clone for Shares<G> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<G: Clone + Eq + Hash> fmt::Debug for Shares<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pool { total, share, .. } = *self.0;
        f.debug_struct("Shares")
            .field("total", &total)
            .field("share", &share)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A house in a street: a street may hold twice what a house may.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    struct House(u8);

    impl Claimant for House {
        type Group = (bool, u8);

        fn groups(&self) -> impl Iterator<Item = (Self::Group, u32)> {
            [((false, self.0), 1), ((true, self.0 / 10), 2)].into_iter()
        }
    }

    #[test]
    fn a_group_gets_its_units_back_and_no_more_than_its_share() {
        let shares = Shares::new(10, 2);
        let first = shares.take(&House(1), 2).unwrap();
        assert_eq!(shares.take(&House(1), 1).err(), Some(Exhausted::Group));
        assert!(shares.take(&House(11), 2).is_ok());
        drop(first);
        assert!(shares.take(&House(1), 2).is_ok());
        assert_eq!(shares.held(), 0);
    }

    #[test]
    fn neighbours_together_have_a_larger_share_than_one_and_no_more() {
        let shares = Shares::new(100, 2);
        let street: Vec<_> = (1..3).map(|house| shares.take(&House(house), 2).unwrap()).collect();
        assert_eq!(shares.take(&House(3), 1).err(), Some(Exhausted::Group));
        assert!(shares.take(&House(11), 1).is_ok());
        drop(street);
        assert!(shares.take(&House(3), 1).is_ok());
    }

    #[test]
    fn what_is_all_taken_is_told_from_what_is_ones_own() {
        let shares = Shares::new(3, 2);
        let _first = shares.take(&House(1), 2).unwrap();
        let _second = shares.take(&House(11), 1).unwrap();
        assert_eq!(shares.take(&House(21), 1).err(), Some(Exhausted::Total));
    }

    #[test]
    fn a_share_that_cannot_grow_keeps_what_it_has() {
        let shares = Shares::new(4, 3);
        let mut share = shares.take(&House(1), 0).unwrap();
        assert_eq!((share.grow_to(3), share.grow_to(4)), (Ok(()), Err(Exhausted::Group)));
        assert_eq!((share.units(), shares.held()), (3, 3));
        assert_eq!((shares.held_by(&(false, 1)), shares.held_by(&(false, 2))), (3, 0));
        assert_eq!(share.grow_to(1), Ok(()));
        assert_eq!(share.units(), 3);
    }

    proptest! {
        #[test]
        fn nobody_ever_holds_more_than_their_share_and_everything_comes_back(
            steps in vec((0_u8..40, 0_u64..6, any::<bool>()), 0..200),
        ) {
            let shares = Shares::new(20, 5);
            let mut held = Vec::new();
            for (house, units, gives_back) in steps {
                if gives_back && !held.is_empty() {
                    held.swap_remove(usize::from(house) % held.len());
                } else if let Ok(share) = shares.take(&House(house), units) {
                    held.push(share);
                }
                let pool = shares.0.lock();
                prop_assert!(pool.units <= 20);
                for ((is_street, _), units) in &pool.by_group {
                    let most = if *is_street { 10 } else { 5 };
                    prop_assert!(*units <= most);
                }
            }
            drop(held);
            prop_assert_eq!(shares.held(), 0);
            prop_assert!(shares.0.lock().by_group.is_empty());
        }
    }
}
