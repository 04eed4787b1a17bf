//! Looking into a file of a stopped appliance without changing a byte of it.
//!
//! redb writes when it opens: it repairs, and marks the file as in use. Here it works on an [`Overlay`],
//! which reads from the file and keeps what is written in memory, so that a damaged disk is not made worse
//! by whoever looks at it, and anyone who may read can look.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    io,
    os::unix::fs::FileExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{PoisonError, RwLock},
};

use redb::{Database, ReadableDatabase, StorageBackend};

use super::{About, Migration, OpenError, Snapshot, Store, StoreError, StoreOptions};
use crate::telemetry::StoreMetrics;

const BLOCK: usize = 4_096;
/// Memory for pages while they are checked, in bytes.
const CACHE_BYTES: usize = 16 << 20;

/// Checks every page of the file at `path` against its checksum and reads what it says of itself.
///
/// # Errors
/// [`OpenError::InUse`] when an appliance has it open, [`OpenError::Unreadable`] when it is damaged.
pub fn check_untouched(path: &Path) -> Result<About, OpenError> {
    let damaged = |reason: String| OpenError::Unreadable { path: path.to_owned(), reason };
    let overlay = Overlay::over(path)?;
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    // redb promises no panic here; a check that is to be believed does not rest on that.
    let opened = catch_unwind(AssertUnwindSafe(|| builder.create_with_backend(overlay)));
    let database = opened
        .map_err(|_| damaged("its structure makes no sense".to_owned()))?
        .map_err(|error| OpenError::from_redb(path.to_owned(), error.into()))?;
    let about = database
        .begin_read()
        .map_err(StoreError::from)
        .and_then(|transaction| Snapshot::new(transaction).about());
    about.map_err(|error| damaged(error.to_string()))
}

impl Store {
    /// Opens a file to look at; whatever is written to the store is forgotten with it.
    ///
    /// # Errors
    /// As [`Store::open`], but a file that is not there is not made.
    pub fn open_untouched(
        path: &Path,
        options: StoreOptions,
        migrations: &[Migration],
        metrics: StoreMetrics,
    ) -> Result<Self, OpenError> {
        Self::open_backend(Overlay::over(path)?, options, migrations, metrics)
    }
}

/// A file as it was, with changes in memory over it.
#[derive(Debug)]
struct Overlay {
    file: File,
    changes: RwLock<Changes>,
}

#[derive(Debug)]
struct Changes {
    len: u64,
    /// How much of the file still shows: less than all of it after it was cut in memory.
    shown: u64,
    blocks: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// Over the file at `path`, which an appliance cannot open as long as this lives.
    fn over(path: &Path) -> Result<Self, OpenError> {
        let failed = |error: io::Error| OpenError::from_io(path.to_owned(), &error);
        let file = File::open(path).map_err(failed)?;
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let len = file.metadata().map_err(failed)?.len();
        if len == 0 {
            // redb would take it for a new one.
            let reason = "it is empty".to_owned();
            return Err(OpenError::Unreadable { path: path.to_owned(), reason });
        }
        let changes = Changes { len, shown: len, blocks: BTreeMap::new() };
        Ok(Self { file, changes: RwLock::new(changes) })
    }
}

impl Changes {
    /// A block as it is now.
    fn block(&self, number: u64, file: &File) -> io::Result<Box<[u8]>> {
        if let Some(block) = self.blocks.get(&number) {
            return Ok(block.clone());
        }
        let mut block = vec![0; BLOCK].into_boxed_slice();
        let start = number * BLOCK as u64;
        let shown = usize::try_from(self.shown.saturating_sub(start)).unwrap_or(BLOCK).min(BLOCK);
        if let Some(shown) = block.get_mut(..shown) {
            file.read_exact_at(shown, start)?;
        }
        Ok(block)
    }
}

/// A range of bytes by blocks: the number of each, where in it the range begins, and how long it is there.
fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let (mut at, mut left) = (offset, length);
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let block = BLOCK as u64;
        let begin = usize::try_from(at % block).unwrap_or(0);
        let piece = (BLOCK - begin).min(left);
        let number = at / block;
        at += piece as u64;
        left -= piece;
        Some((number, begin, piece))
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes.read().unwrap_or_else(PoisonError::into_inner).len)
    }

    fn read(&self, offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        if offset.saturating_add(out.len() as u64) > changes.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, begin, length) in pieces(offset, out.len()) {
            let block = changes.block(number, &self.file)?;
            let (piece, rest) = out.split_at_mut(length);
            piece.copy_from_slice(block.get(begin..begin + length).unwrap_or_default());
            out = rest;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        if len < changes.len {
            let last = len / BLOCK as u64;
            let mut cut = changes.block(last, &self.file)?;
            let kept = usize::try_from(len % BLOCK as u64).unwrap_or(0);
            cut.iter_mut().skip(kept).for_each(|byte| *byte = 0);
            changes.blocks.retain(|number, _| *number < last);
            changes.blocks.insert(last, cut);
            changes.shown = changes.shown.min(len);
        }
        changes.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, mut data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        for (number, begin, length) in pieces(offset, data.len()) {
            let mut block = changes.block(number, &self.file)?;
            let (piece, rest) = data.split_at(length);
            if let Some(place) = block.get_mut(begin..begin + length) {
                place.copy_from_slice(piece);
            }
            changes.blocks.insert(number, block);
            data = rest;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An overlay over a file of these bytes, which is gone from its directory.
    fn over(bytes: &[u8]) -> Overlay {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        Overlay::over(&path).unwrap()
    }

    fn all(overlay: &Overlay) -> Vec<u8> {
        let mut out = vec![0xEE; usize::try_from(overlay.len().unwrap()).unwrap()];
        overlay.read(0, &mut out).unwrap();
        out
    }

    #[test]
    fn it_reads_and_writes_like_a_file_and_leaves_the_file_alone() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let overlay = over(&bytes);
        let mut expected = bytes.clone();
        let check = |expected: &Vec<u8>| assert!(all(&overlay) == *expected);
        check(&expected);
        overlay.write(4_090, &[7; 5_000]).unwrap();
        expected[4_090..9_090].fill(7);
        check(&expected);
        for len in [9_500, 20_000, 4_096, 12_288, 100, 9_000] {
            overlay.set_len(len).unwrap();
            expected.resize(usize::try_from(len).unwrap(), 0);
            check(&expected);
        }
        let mut kept = vec![0; bytes.len()];
        overlay.file.read_exact_at(&mut kept, 0).unwrap();
        assert!(kept == bytes);
        assert!(overlay.read(8_999, &mut [0; 2]).is_err());
    }
}
