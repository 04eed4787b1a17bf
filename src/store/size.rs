//! What a file consists of, and making it smaller.
//!
//! redb never gives pages back to the disk by itself: what was deleted is used again by what comes. A
//! file that has shrunk for good is made smaller by [`compact`], which needs it for itself alone. While
//! it serves, the database is shared with every reader, and to take it from them would mean to hold all
//! reads and writes for seconds; so files are compacted before they are opened for serving, or when
//! nobody serves, and never in between.

use std::{fs, io, path::Path};

use redb::{Database, ReadableTableMetadata, StorageBackend, backends::FileBackend};

use super::{OpenError, Store, StoreError};
use crate::paths::{open_in_place, open_or_create};

/// Below so much that could be given back, compacting is not worth a start's time, in bytes.
const WORTHWHILE_BYTES: u64 = 64 << 20;

/// What a file consists of, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Its length.
    pub file: u64,
    /// Keys and values.
    pub stored: u64,
    /// The trees above them.
    pub metadata: u64,
    /// The unused rest of pages that are in use.
    pub fragmented: u64,
    /// Everything else: free pages, and a little that redb keeps for itself.
    pub free: u64,
}

impl Sizes {
    /// Whether compacting would give back at least half of the file, and enough to be worth the time.
    pub fn is_compaction_worthwhile(&self) -> bool {
        self.free >= WORTHWHILE_BYTES && self.free >= self.file / 2
    }
}

impl Store {
    /// Looks what the file consists of, as of the last commit. Reads every page of every table, at
    /// about a second a GiB that is not in memory, without holding up readers or the writer: for the
    /// blocking pool, seldom. Meanwhile pages that are replaced are not used again.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        let transaction = self.begin_read()?;
        let (mut stored, mut metadata, mut fragmented) = (0, 0, 0);
        for table in transaction.list_tables()? {
            let stats = transaction.open_untyped_table(table)?.stats()?;
            stored += stats.stored_bytes();
            metadata += stats.metadata_bytes();
            fragmented += stats.fragmented_bytes();
        }
        let used = stored + metadata + fragmented;
        let file = self.file_bytes().unwrap_or(used);
        let sizes = Sizes { file, stored, metadata, fragmented, free: file.saturating_sub(used) };
        let metrics = self.metrics();
        for (kind, bytes) in [
            ("file", sizes.file),
            ("stored", sizes.stored),
            ("metadata", sizes.metadata),
            ("fragmented", sizes.fragmented),
            ("free", sizes.free),
        ] {
            metrics.bytes(kind, bytes);
        }
        Ok(sizes)
    }

    /// The file's length, said to the metrics too: one question to the system, for every scrape.
    pub fn file_bytes(&self) -> Option<u64> {
        let bytes = fs::metadata(self.path()?).ok()?.len();
        self.metrics().bytes("file", bytes);
        Some(bytes)
    }

    /// Notes that the next start should compact the file: a start cannot afford to look for itself.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn ask_for_compaction(&self) -> io::Result<()> {
        match self.path() {
            Some(path) => open_or_create(&note(path)).map(drop),
            None => Ok(()),
        }
    }
}

/// What compacting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// The file's length before, in bytes.
    pub before: u64,
    /// And after.
    pub after: u64,
}

/// Moves what is in the file together and gives the rest back to the disk. Nothing is copied out, each
/// step is a commit, and a power cut leaves the file between two of them with all that was in it.
///
/// # Errors
/// [`OpenError`], as [`Store::open`]; a file that is not there is not made.
pub fn compact(path: &Path, cache_bytes: usize) -> Result<Compacted, OpenError> {
    let failed = |error: io::Error| OpenError::from_io(path.to_owned(), &error);
    let before = fs::metadata(path).map_err(failed)?.len();
    if before == 0 {
        let reason = "it is empty".to_owned();
        return Err(OpenError::Unreadable { path: path.to_owned(), reason });
    }
    let backend = open_in_place(path).map_err(failed).and_then(|file| {
        FileBackend::new(file).map_err(|error| OpenError::from_redb(path.to_owned(), error.into()))
    })?;
    compact_on(backend, path, cache_bytes)?;
    // Done, so whoever asked for it need not ask again.
    let _ = fs::remove_file(note(path));
    Ok(Compacted { before, after: fs::metadata(path).map_err(failed)?.len() })
}

/// [`compact`] on any storage: how tests put a failing disk below it.
///
/// # Errors
/// As [`compact`].
pub fn compact_backend(backend: impl StorageBackend) -> Result<(), OpenError> {
    compact_on(backend, Path::new("(storage)"), 1 << 20)
}

fn compact_on(
    backend: impl StorageBackend,
    path: &Path,
    cache_bytes: usize,
) -> Result<(), OpenError> {
    let failed = |error: redb::Error| OpenError::from_redb(path.to_owned(), error);
    let mut database = Database::builder()
        .set_cache_size(cache_bytes)
        .create_with_backend(backend)
        .map_err(|error| failed(error.into()))?;
    database.compact().map_err(|error| failed(error.into()))?;
    database.close().map_err(|error| failed(error.into()))
}

/// Compacts a file if a note asks for it and it is no longer than `most_bytes`. The note goes first, so
/// that a compaction that does not end well is not tried at every start.
///
/// # Errors
/// As [`compact`].
pub fn compact_if_asked(
    path: &Path,
    cache_bytes: usize,
    most_bytes: u64,
) -> Result<Option<Compacted>, OpenError> {
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= most_bytes);
    if !small || fs::remove_file(note(path)).is_err() {
        return Ok(None);
    }
    compact(path, cache_bytes).map(Some)
}

/// Where the note about a file is.
fn note(path: &Path) -> std::path::PathBuf {
    path.with_added_extension("compact")
}
