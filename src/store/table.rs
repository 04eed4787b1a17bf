//! A typed table: a name, a key and the record that it holds.

use std::{borrow::Borrow, marker::PhantomData, ops::ControlFlow, ops::RangeBounds};

use redb::{Key, ReadableTable, ReadableTableMetadata};

use super::{
    Record, StoreError,
    record::{decode, encode},
    view::{Definition, Reader, WriteTxn},
};

/// Which end of a range comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// A table of records `R` under keys `K`, declared once in a domain's `tables`.
///
/// A migration creates it ([`Table::create`]); reading one that no migration made is an error.
pub struct Table<K, R> {
    name: &'static str,
    marker: PhantomData<fn() -> (K, R)>,
}

impl<K, R> Table<K, R> {
    /// Its name in the file.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<K: Key + 'static, R: Record> Table<K, R> {
    /// Names a table. The name is part of the file: renaming is a migration.
    pub const fn new(name: &'static str) -> Self {
        Self { name, marker: PhantomData }
    }

    pub(super) const fn definition(&self) -> Definition<K> {
        Definition::new(self.name)
    }

    /// Makes the table, empty; does nothing when it is there. For migrations.
    ///
    /// # Errors
    /// When the file cannot be written, or holds a table of that name with another key.
    pub fn create(&self, txn: &WriteTxn<'_>) -> Result<(), StoreError> {
        txn.open_mut(self.definition()).map(|_| ())
    }

    /// The record under `key`.
    ///
    /// # Errors
    /// When the file cannot be read or the record is corrupt.
    pub fn get<'k>(
        &self,
        reader: &impl Reader,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<Option<R>, StoreError> {
        let table = reader.open(self.definition())?;
        let found = table.get(key)?;
        found.map(|bytes| decode(self.name, bytes.value())).transpose()
    }

    /// Whether there is a record under `key`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn contains<'k>(
        &self,
        reader: &impl Reader,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<bool, StoreError> {
        let table = reader.open(self.definition())?;
        let found = table.get(key)?;
        Ok(found.is_some())
    }

    /// The number of records; read from the table's root, whatever its size.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn len(&self, reader: &impl Reader) -> Result<u64, StoreError> {
        Ok(reader.open(self.definition())?.len()?)
    }

    /// Visits the records of a key range until the visitor breaks.
    ///
    /// # Errors
    /// When the file cannot be read or a record is corrupt.
    pub fn visit<'k, Q: Borrow<K::SelfType<'k>> + 'k>(
        &self,
        reader: &impl Reader,
        range: impl RangeBounds<Q> + 'k,
        direction: Direction,
        mut visitor: impl FnMut(K::SelfType<'_>, R) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let table = reader.open(self.definition())?;
        let mut rows = table.range(range)?;
        loop {
            let row = match direction {
                Direction::Ascending => rows.next(),
                Direction::Descending => rows.next_back(),
            };
            let Some(row) = row else { return Ok(()) };
            let (key, bytes) = row?;
            let record = decode(self.name, bytes.value())?;
            if visitor(key.value(), record).is_break() {
                return Ok(());
            }
        }
    }

    /// At most `limit` records of a key range, each turned into what the caller keeps.
    ///
    /// # Errors
    /// When the file cannot be read or a record is corrupt.
    pub fn collect<'k, T, Q: Borrow<K::SelfType<'k>> + 'k>(
        &self,
        reader: &impl Reader,
        range: impl RangeBounds<Q> + 'k,
        direction: Direction,
        limit: usize,
        mut keep: impl FnMut(K::SelfType<'_>, R) -> T,
    ) -> Result<Vec<T>, StoreError> {
        let mut kept = Vec::new();
        if limit == 0 {
            return Ok(kept);
        }
        self.visit(reader, range, direction, |key, record| {
            kept.push(keep(key, record));
            if kept.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(kept)
    }

    /// Stores `record` under `key`, over what was there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put<'k>(
        &self,
        txn: &WriteTxn<'_>,
        key: impl Borrow<K::SelfType<'k>>,
        record: &R,
    ) -> Result<(), StoreError> {
        let bytes = encode(record)?;
        txn.open_mut(self.definition())?.insert(key, bytes.as_slice())?;
        Ok(())
    }

    /// Removes what is under `key`; says whether there was something.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove<'k>(
        &self,
        txn: &WriteTxn<'_>,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<bool, StoreError> {
        let mut table = txn.open_mut(self.definition())?;
        let removed = table.remove(key)?;
        Ok(removed.is_some())
    }

    /// Removes a whole key range.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove_range<'k, Q: Borrow<K::SelfType<'k>> + 'k>(
        &self,
        txn: &WriteTxn<'_>,
        range: impl RangeBounds<Q> + 'k,
    ) -> Result<(), StoreError> {
        let mut table = txn.open_mut(self.definition())?;
        table.retain_in(range, |_, _| false)?;
        Ok(())
    }
}

/// Where a file keeps the last number it gave out, by the name of the sequence.
pub(super) const SEQUENCES: Table<&'static str, u64> = Table::new("sequences");

/// Creates the table behind [`WriteTxn::next_number`]; called for every file before its own migrations.
pub(super) fn create_sequences(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    SEQUENCES.create(txn)
}

impl WriteTxn<'_> {
    /// The next number of a sequence: 1, 2, 3 … in the order of commits, and never the same twice,
    /// not even after what carried it was deleted.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn next_number(&self, sequence: &'static str) -> Result<u64, StoreError> {
        self.next_numbers(sequence, 1)
    }

    /// The next `count` numbers of a sequence, taken at once: the first of them.
    ///
    /// # Errors
    /// As [`WriteTxn::next_number`].
    pub fn next_numbers(&self, sequence: &'static str, count: u64) -> Result<u64, StoreError> {
        let last = SEQUENCES.get(self, sequence)?.unwrap_or(0);
        SEQUENCES.put(self, sequence, &(last + count))?;
        Ok(last + 1)
    }
}
