//! Values that were read from a store and hold until its next commit.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{PoisonError, RwLock},
};

use super::{Store, StoreError};

/// A small memory in front of a store, for point reads that are asked again and again while nothing is
/// written. Whatever is committed, it forgets everything, so it never needs to know what a write
/// touched: the number of commits is read before a value is, and changes before anyone is answered.
pub struct CommitCache<K, V> {
    most: usize,
    known: RwLock<Known<K, V>>,
}

struct Known<K, V> {
    commits: u64,
    values: HashMap<K, V>,
}

impl<K: Hash + Eq, V: Clone> CommitCache<K, V> {
    /// A memory of at most `most` values; beyond, it starts anew.
    pub fn new(most: usize) -> Self {
        Self { most, known: RwLock::new(Known { commits: 0, values: HashMap::new() }) }
    }

    /// The value under `key`: remembered, or read by `read` now.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn get_or_read(
        &self,
        store: &Store,
        key: K,
        read: impl FnOnce(&K) -> Result<Option<V>, StoreError>,
    ) -> Result<Option<V>, StoreError> {
        let commits = store.commit_count();
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.commits == commits
                && let Some(value) = known.values.get(&key)
            {
                return Ok(Some(value.clone()));
            }
        }
        let value = read(&key)?;
        if let Some(value) = &value {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if known.commits < commits || known.values.len() >= self.most {
                known.values.clear();
                known.commits = commits;
            }
            if known.commits == commits {
                known.values.insert(key, value.clone());
            }
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{
        super::{Migration, Outcome, ReadView, Table, WriteTxn},
        *,
    };
    use crate::telemetry::Metrics;

    const NUMBERS: Table<u64, u64> = Table::new("numbers");
    const STEPS: &[Migration] = &[Migration { name: "create", apply: create }];

    fn create(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
        NUMBERS.create(txn)
    }

    async fn put(store: &Store, number: u64) {
        let command = move |_: &ReadView<'_>| -> Result<Outcome<(), ()>, StoreError> {
            Ok(Outcome::commit(move |txn| NUMBERS.put(txn, 1, &number)))
        };
        store.submit(command).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_value_is_read_once_and_anew_after_every_commit() {
        let store = Store::in_memory(STEPS, Metrics::new().unwrap().store("test")).unwrap();
        let memory = CommitCache::new(2);
        let reads = Cell::new(0);
        let get = |key: u64| {
            let read = |key: &u64| {
                reads.set(reads.get() + 1);
                NUMBERS.get(&store.read()?, *key)
            };
            memory.get_or_read(&store, key, read).unwrap()
        };
        for number in [10, 20, 30] {
            put(&store, number).await;
            assert_eq!((get(1), get(1), get(1)), (Some(number), Some(number), Some(number)));
        }
        assert_eq!(reads.get(), 3);
        assert_eq!((get(2), get(2)), (None, None), "what is not there is asked for again");
        assert_eq!(reads.get(), 5);
    }
}
