//! Three handles on a transaction, by what they allow: [`Snapshot`] and [`ReadView`] read, [`WriteTxn`] writes.

use std::collections::BTreeMap;

use redb::{
    ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle,
    WriteTransaction,
};

use super::StoreError;

/// The form of every redb table here: records are bytes below [`super::Table`].
pub(super) type Definition<K> = TableDefinition<'static, K, &'static [u8]>;

/// A handle that can read tables. Sealed: the three handles of this module are all there are.
pub trait Reader: sealed::Sealed {}

pub(super) mod sealed {
    use super::{Definition, ReadableTable, StoreError};

    pub trait Sealed {
        /// Opens a table for reading.
        fn open<K: redb::Key + 'static>(
            &self,
            definition: Definition<K>,
        ) -> Result<impl ReadableTable<K, &'static [u8]>, StoreError>;
    }
}

/// One consistent state of the file, of the moment it was taken. Does not block the writer.
///
/// While it lives, the pages it sees cannot be reused, so it is dropped before anything slow: never
/// held across an await, nor while a response is serialized.
pub struct Snapshot {
    transaction: ReadTransaction,
}

impl Snapshot {
    pub(super) const fn new(transaction: ReadTransaction) -> Self {
        Self { transaction }
    }

    /// How many rows every table of the file has, by its name, whether this program knows it or not.
    /// Read from the tables' roots, whatever their size.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rows(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let tables = self.transaction.list_tables()?;
        let rows = tables.map(|table| {
            let name = table.name().to_owned();
            Ok((name, self.transaction.open_untyped_table(table)?.len()?))
        });
        rows.collect()
    }
}

impl Reader for Snapshot {}
impl sealed::Sealed for Snapshot {
    fn open<K: redb::Key + 'static>(
        &self,
        definition: Definition<K>,
    ) -> Result<impl ReadableTable<K, &'static [u8]>, StoreError> {
        Ok(self.transaction.open_table(definition)?)
    }
}

/// What a command sees while it decides: the file with everything that the commands before it in the
/// same group wrote. It cannot write.
pub struct ReadView<'t> {
    transaction: &'t WriteTransaction,
}

impl<'t> ReadView<'t> {
    pub(super) const fn new(transaction: &'t WriteTransaction) -> Self {
        Self { transaction }
    }
}

impl Reader for ReadView<'_> {}
impl sealed::Sealed for ReadView<'_> {
    fn open<K: redb::Key + 'static>(
        &self,
        definition: Definition<K>,
    ) -> Result<impl ReadableTable<K, &'static [u8]>, StoreError> {
        Ok(self.transaction.open_table(definition)?)
    }
}

/// What a command writes through, once it has decided. Reads see its own writes.
pub struct WriteTxn<'t> {
    transaction: &'t WriteTransaction,
    /// Who is told of the progress of a long change.
    told: Option<&'t dyn Fn(u64, u64)>,
}

impl<'t> WriteTxn<'t> {
    pub(super) const fn new(transaction: &'t WriteTransaction) -> Self {
        Self { transaction, told: None }
    }

    /// One whose [`WriteTxn::progress`] is told.
    pub(super) const fn told(
        transaction: &'t WriteTransaction,
        told: &'t dyn Fn(u64, u64),
    ) -> Self {
        Self { transaction, told: Some(told) }
    }

    /// Says how much of a long change is done, in units of its own: for steps of a migration that go
    /// through a whole table. May be called for every row.
    pub fn progress(&self, done: u64, whole: u64) {
        if let Some(told) = self.told {
            told(done, whole);
        }
    }

    pub(super) fn open_mut<K: redb::Key + 'static>(
        &self,
        definition: Definition<K>,
    ) -> Result<redb::Table<'_, K, &'static [u8]>, StoreError> {
        Ok(self.transaction.open_table(definition)?)
    }
}

impl Reader for WriteTxn<'_> {}
impl sealed::Sealed for WriteTxn<'_> {
    fn open<K: redb::Key + 'static>(
        &self,
        definition: Definition<K>,
    ) -> Result<impl ReadableTable<K, &'static [u8]>, StoreError> {
        self.open_mut(definition)
    }
}
