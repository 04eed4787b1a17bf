//! A snapshot, copied into a fresh file without holes: row by row in the order of keys, values as they
//! are, never decoded.
//!
//! One thread reads rows, one makes pages of them and one writes those, which takes half the time where nobody
//! else wants the processor.
//! The memory it takes does not depend on the size of the file: rows go over in batches, and what was
//! written of a batch is let go of. The copy is not synced, only written: it is on its way into an archive,
//! which is, and a disk that is kept busy with it would hold up the commits of everybody else.

use std::{
    collections::BTreeMap,
    ops::{Bound, ControlFlow},
    path::Path,
    sync::mpsc::{self, Receiver, SyncSender},
    thread,
};

use redb::{Database, Durability, Key, ReadableTable, WriteTransaction, backends::FileBackend};

use super::{
    Record, Snapshot, StoreError, Table,
    gathered::Gathered,
    migrate::META,
    record::decode,
    table::SEQUENCES,
    transaction::begin_write,
    view::{Definition, sealed::Sealed},
};
use crate::paths::open_or_create;

/// How many bytes of rows go over at once.
const BATCH_BYTES: usize = 256 << 10;
/// How many batches may have been read that are not written yet: as many as are read while the rows of one
/// commit become pages, and some.
const BATCHES_AHEAD: usize = 6;
/// How many batches share one commit: no page of it is written before it is full, since the cache has room
/// for as many again.
const BATCHES_IN_A_COMMIT: usize = 4;
/// How many records are checked between two looks at whether to go on.
const CHECKED_AT_ONCE: u64 = 4_096;
/// Pages of the copy that are kept in memory.
const CACHE_BYTES: usize = 4 << 20;

/// The tables that the store makes in every file.
const OWN: [&dyn AnyTable; 2] = [&META, &SEQUENCES];

/// A table whose types are forgotten: what it takes to copy and to check it. Every domain lists its own
/// (`TABLES`), and a test compares the lists with the files.
pub trait AnyTable: Send + Sync + private::Copied {
    /// Its name in the file.
    fn name(&self) -> &'static str;

    /// Reads every record of it; answers with their number. `go_on` is asked every few thousand records.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] when it was stopped. When the file cannot be read or a record is corrupt.
    fn check(
        &self,
        snapshot: &Snapshot,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<u64, StoreError>;
}

mod private {
    use super::{DatabaseCopy, Snapshot, StoreError};

    pub trait Copied {
        /// Copies every row; answers with their number.
        fn copy(&self, from: &Snapshot, into: &mut DatabaseCopy<'_>) -> Result<u64, StoreError>;
    }
}

/// A file in the making.
pub struct DatabaseCopy<'p> {
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
    let file = open_or_create(path).map_err(redb::Error::Io)?;
    let database = FileBackend::new(file).and_then(|backend| {
        let backend = Gathered::new(backend)?;
        Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(backend)
    });
    let mut draft = DatabaseCopy { database: database.map_err(redb::Error::from)?, progress };
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
    go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let count =
        |table: &&dyn AnyTable| Ok((table.name().to_owned(), table.check(snapshot, go_on)?));
    OWN.iter().chain(tables).map(count).collect()
}

impl DatabaseCopy<'_> {
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

    fn check(
        &self,
        snapshot: &Snapshot,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<u64, StoreError> {
        let mut count: u64 = 0;
        for row in snapshot.open(self.definition())?.iter()? {
            let (key, bytes) = row?;
            key.value();
            decode::<R>(Self::name(self), bytes.value())?;
            count += 1;
            if count.is_multiple_of(CHECKED_AT_ONCE) && go_on().is_break() {
                return Err(StoreError::Stopped);
            }
        }
        Ok(count)
    }
}

impl<K: Key + 'static, R: Record> private::Copied for Table<K, R> {
    fn copy(&self, from: &Snapshot, into: &mut DatabaseCopy<'_>) -> Result<u64, StoreError> {
        copy_rows::<K>(Self::name(self), from, into)
    }
}

/// Copies every row of a table; answers with their number. What is in a record does not matter, so one of
/// these goes for all tables with the same keys.
fn copy_rows<K: Key + 'static>(
    table: &'static str,
    from: &Snapshot,
    into: &mut DatabaseCopy<'_>,
) -> Result<u64, StoreError> {
    let (full, batches) = mpsc::sync_channel(BATCHES_AHEAD);
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("backup-reader".to_owned());
        let reader = reader.spawn_scoped(scope, move || read_batches::<K>(table, from, &full));
        let reader = reader.map_err(redb::Error::Io)?;
        let written = write_batches::<K>(table, batches, into);
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // Whoever cannot write is why the other one had nobody to read for.
        written.and_then(|count| read.map(|()| count))
    })
}

/// Rows on their way from one file to another.
#[derive(Default)]
struct Batch {
    /// Keys and values, one after another.
    bytes: Vec<u8>,
    /// Where the key and the value of each row end.
    ends: Vec<(usize, usize)>,
}

impl Batch {
    fn put(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let key_ends = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((key_ends, self.bytes.len()));
    }

    /// Each row: its key and its value.
    fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(_, value_ends)| *value_ends));
        begins.zip(&self.ends).filter_map(|(begins, (key_ends, value_ends))| {
            Some((self.bytes.get(begins..*key_ends)?, self.bytes.get(*key_ends..*value_ends)?))
        })
    }
}

/// Reads every row; ends early when nobody takes what is read.
fn read_batches<K: Key + 'static>(
    table: &'static str,
    from: &Snapshot,
    full: &SyncSender<Batch>,
) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for row in from.open(Definition::<K>::new(table))?.iter()? {
        let (key, value) = row?;
        batch.put(K::as_bytes(&key.value()).as_ref(), value.value());
        if batch.bytes.len() >= BATCH_BYTES && full.send(std::mem::take(&mut batch)).is_err() {
            return Ok(());
        }
    }
    let _ = full.send(batch);
    Ok(())
}

/// Writes what comes until nothing does; answers with the number of rows.
fn write_batches<K: Key + 'static>(
    table: &'static str,
    batches: Receiver<Batch>,
    into: &mut DatabaseCopy<'_>,
) -> Result<u64, StoreError> {
    let mut batches = batches.into_iter().peekable();
    let mut count = 0;
    while batches.peek().is_some() {
        let transaction = into.begin()?;
        {
            let mut copy = transaction.open_table(Definition::<K>::new(table))?;
            let mut end = copy.upper_bound_mut(Bound::<K::SelfType<'_>>::Unbounded)?;
            for batch in batches.by_ref().take(BATCHES_IN_A_COMMIT) {
                for (key, value) in batch.rows() {
                    end.insert_before(K::from_bytes(key), value).map_err(redb::Error::from)?;
                    count += 1;
                }
                let bytes = u64::try_from(batch.bytes.len()).unwrap_or(u64::MAX);
                if (into.progress)(bytes).is_break() {
                    return Err(StoreError::Stopped);
                }
            }
            end.close()?;
        }
        transaction.commit()?;
    }
    Ok(count)
}
