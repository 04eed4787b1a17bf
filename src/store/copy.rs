//! A snapshot, copied into a fresh file without holes: row by row in the order of keys, values as they
//! are, never decoded.
//!
//! The memory it takes does not depend on the size of the file: rows go over in batches, each a commit
//! that waits for no disk, and one commit at the end makes all of them durable.

use std::{collections::BTreeMap, ops::ControlFlow, path::Path};

use redb::{Database, Durability, Key, ReadableTable, WriteTransaction, backends::FileBackend};

use super::{
    Record, Snapshot, StoreError, Table, create::open_private, migrate::META, open::begin_write,
    record::decode, table::SEQUENCES, view::sealed::Sealed,
};

/// How many bytes of rows share one commit.
const BATCH_BYTES: usize = 4 << 20;
/// Pages of the copy that are kept in memory.
const CACHE_BYTES: usize = 16 << 20;

/// The tables that the store makes in every file.
const OWN: [&dyn AnyTable; 2] = [&META, &SEQUENCES];

/// A table whose types are forgotten: what it takes to copy and to check it. Every domain lists its own
/// (`TABLES`), and a test compares the lists with the files.
pub trait AnyTable: Send + Sync + private::Copied {
    /// Its name in the file.
    fn name(&self) -> &'static str;

    /// Reads every record of it; answers with their number.
    ///
    /// # Errors
    /// When the file cannot be read or a record is corrupt.
    fn check(&self, snapshot: &Snapshot) -> Result<u64, StoreError>;
}

mod private {
    use super::{Draft, Snapshot, StoreError};

    pub trait Copied {
        /// Copies every row; answers with their number.
        fn copy(&self, from: &Snapshot, into: &mut Draft<'_>) -> Result<u64, StoreError>;
    }
}

/// A file in the making.
pub struct Draft<'p> {
    database: Database,
    /// Told how many bytes went over since it was told last.
    progress: &'p mut dyn FnMut(u64) -> ControlFlow<()>,
}

/// Copies a snapshot to `path`, where nothing is yet; answers with the number of rows by table.
/// `progress` is told of bytes as they are copied, and may stop it.
///
/// # Errors
/// [`StoreError::Stopped`] when it was stopped. When a file cannot be read or written, and when the snapshot has a table that `tables` does not
/// name: a copy that leaves something out is none. What was written so far stays at `path`.
pub fn copy(
    snapshot: &Snapshot,
    tables: &[&dyn AnyTable],
    path: &Path,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<BTreeMap<String, u64>, StoreError> {
    if let Some(unknown) = missing_tables(snapshot, tables)?.first() {
        return Err(StoreError::Refused(format!("nobody knows the table '{unknown}'")));
    }
    let file = open_private(path).map_err(redb::Error::Io)?;
    let database = FileBackend::new(file).and_then(|backend| {
        Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(backend)
    });
    let mut draft = Draft { database: database.map_err(redb::Error::from)?, progress };
    let mut rows = BTreeMap::new();
    for table in OWN.iter().chain(tables) {
        rows.insert(table.name().to_owned(), table.copy(snapshot, &mut draft)?);
    }
    begin_write(&draft.database)?.commit()?;
    draft.database.close().map_err(redb::Error::from)?;
    Ok(rows)
}

/// The tables of a file that neither the store nor `tables` names.
///
/// # Errors
/// When the file cannot be read.
pub fn missing_tables(
    snapshot: &Snapshot,
    tables: &[&dyn AnyTable],
) -> Result<Vec<String>, StoreError> {
    let known = |name: &String| OWN.iter().chain(tables).any(|table| table.name() == name);
    Ok(snapshot.rows()?.into_keys().filter(|name| !known(name)).collect())
}

/// Reads every record of a file; answers with the number of rows by table.
pub(super) fn check_records(
    snapshot: &Snapshot,
    tables: &[&dyn AnyTable],
) -> Result<BTreeMap<String, u64>, StoreError> {
    let count = |table: &&dyn AnyTable| Ok((table.name().to_owned(), table.check(snapshot)?));
    OWN.iter().chain(tables).map(count).collect()
}

impl Draft<'_> {
    fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        Ok(transaction)
    }
}

impl<K: Key + 'static, R: Record> AnyTable for Table<K, R> {
    fn name(&self) -> &'static str {
        Self::name(self)
    }

    fn check(&self, snapshot: &Snapshot) -> Result<u64, StoreError> {
        let mut count = 0;
        for row in snapshot.open(self.definition())?.iter()? {
            let (key, bytes) = row?;
            key.value();
            decode::<R>(Self::name(self), bytes.value())?;
            count += 1;
        }
        Ok(count)
    }
}

impl<K: Key + 'static, R: Record> private::Copied for Table<K, R> {
    fn copy(&self, from: &Snapshot, into: &mut Draft<'_>) -> Result<u64, StoreError> {
        let source = from.open(self.definition())?;
        let mut rows = source.iter()?;
        let mut count = 0;
        loop {
            let transaction = into.begin()?;
            let mut bytes = 0;
            {
                let mut copy = transaction.open_table(self.definition())?;
                while bytes < BATCH_BYTES
                    && let Some(row) = rows.next()
                {
                    let (key, value) = row?;
                    let (key, value) = (key.value(), value.value());
                    bytes += K::as_bytes(&key).as_ref().len() + value.len();
                    copy.insert(key, value)?;
                    count += 1;
                }
            }
            transaction.commit()?;
            if (into.progress)(u64::try_from(bytes).unwrap_or(u64::MAX)).is_break() {
                return Err(StoreError::Stopped);
            }
            if bytes < BATCH_BYTES {
                return Ok(count);
            }
        }
    }
}
