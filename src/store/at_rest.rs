//! A file that nobody writes to, as it is: read without stepping it forward, or checked as a whole.
//!
//! For backups, checks and questions while no appliance runs. What is opened here stays of the schema
//! that it has; only [`super::Store::open`] migrates.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use redb::{
    Builder, Database, DatabaseError, ReadOnlyDatabase, ReadableDatabase, StorageBackend,
    backends::FileBackend,
};

use super::{AnyTable, OpenError, Snapshot, StoreError, copy::check_records, unsynced::Unsynced};
use crate::paths::open_in_place;

/// Pages that are kept in memory.
const CACHE_BYTES: usize = 16 << 20;

/// A file opened to be read. While it is, no appliance can open it to write.
pub struct AtRest {
    database: ReadOnlyDatabase,
    path: PathBuf,
}

impl AtRest {
    /// Opens the file at `path`. One that was not closed in good order is repaired first, as any start
    /// would; nothing else is changed.
    ///
    /// # Errors
    /// [`OpenError`], whose text tells a person what to do.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |error: redb::Error| OpenError::from_redb(path.to_owned(), error);
        exists_with_content(path)?;
        let open = || Database::builder().set_cache_size(CACHE_BYTES).open_read_only(path);
        let database = match guarded(open).map_err(|panic| unreadable(path, panic))? {
            Err(DatabaseError::RepairAborted) => {
                repair(path)?;
                open()
            }
            opened => opened,
        };
        let database = database.map_err(|error| failed(error.into()))?;
        Ok(Self { database, path: path.to_owned() })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its state.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::new(self.database.begin_read()?))
    }

    /// Reads every record, for a file of the newest schema; answers with the number of rows by table. `go_on` is
    /// asked every few thousand records.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] when it was stopped. When the file cannot be read or a record is corrupt.
    pub fn check_records(
        &self,
        tables: &[&dyn AnyTable],
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let checked = guarded(|| check_records(&self.snapshot()?, tables, go_on));
        checked.unwrap_or_else(|panic| Err(StoreError::Refused(panic)))
    }
}

/// Checks every page of a file against its checksum. The file is repaired if it was not closed in good
/// order, and must be the caller's own: a check may write to it, and does not sync what it wrote.
///
/// # Errors
/// [`OpenError`] when it is damaged.
pub fn check_pages(path: &Path) -> Result<(), OpenError> {
    let mut builder = Database::builder();
    builder.set_check_integrity_on_open(true);
    open_to_write(path, &mut builder, || Unsynced::open(path)).map(drop)
}

/// Repairs a file that was not closed in good order.
fn repair(path: &Path) -> Result<(), OpenError> {
    let backend = || FileBackend::new(open_in_place(path)?);
    open_to_write(path, &mut Database::builder(), backend).map(drop)
}

/// Opens a file that is there.
fn open_to_write<B: StorageBackend>(
    path: &Path,
    builder: &mut Builder,
    backend: impl FnOnce() -> Result<B, DatabaseError>,
) -> Result<Database, OpenError> {
    exists_with_content(path)?;
    builder.set_cache_size(CACHE_BYTES);
    let opened = guarded(|| builder.create_with_backend(backend()?));
    let opened = opened.map_err(|panic| unreadable(path, panic))?;
    opened.map_err(|error| OpenError::from_redb(path.to_owned(), error.into()))
}

/// redb would take an empty file for a new one.
fn exists_with_content(path: &Path) -> Result<(), OpenError> {
    let length = std::fs::metadata(path).map(|metadata| metadata.len());
    match length.map_err(|error| OpenError::from_io(path.to_owned(), &error))? {
        0 => Err(unreadable(path, "it is empty".to_owned())),
        _ => Ok(()),
    }
}

fn unreadable(path: &Path, reason: String) -> OpenError {
    OpenError::Unreadable { path: path.to_owned(), reason }
}

fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| "its structure makes no sense".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{Migration, Outcome, Store, StoreOptions, Table},
        telemetry::Metrics,
    };

    const NUMBERS: Table<u64, u64> = Table::new("numbers");
    static STEPS: [Migration; 1] = [Migration { name: "create", apply: |txn| NUMBERS.create(txn) }];

    #[test]
    fn a_check_of_many_records_can_be_stopped_in_the_middle_of_a_table() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.redb");
        let metrics = Metrics::new().unwrap().store("test");
        let store = Store::open(&path, StoreOptions::default(), &STEPS, metrics).unwrap();
        let written = store.submit(|_| {
            Ok(Outcome::<(), ()>::commit(|txn| {
                (0..9_000).try_for_each(|number| NUMBERS.put(txn, number, &number))
            }))
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(written).unwrap().unwrap();
        store.close();
        drop(store);
        let at_rest = AtRest::open(&path).unwrap();
        let mut asked = 0;
        let mut go_on = || {
            asked += 1;
            ControlFlow::Continue(())
        };
        let rows = at_rest.check_records(&[&NUMBERS], &mut go_on).unwrap();
        assert_eq!((rows["numbers"], asked), (9_000, 2));
        let stopped = at_rest.check_records(&[&NUMBERS], &mut || ControlFlow::Break(()));
        assert!(matches!(stopped, Err(StoreError::Stopped)));
    }
}
