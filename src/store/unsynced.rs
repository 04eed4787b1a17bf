//! A file of one's own that no commit waits for: whoever works on it throws it away afterwards, or syncs it
//! when it is finished.

use std::{io, path::Path};

use redb::{DatabaseError, StorageBackend, backends::FileBackend};

use crate::paths::open_or_create;

/// A file that is never synced, nor locked.
#[derive(Debug)]
pub(super) struct Unsynced(FileBackend);

impl Unsynced {
    /// Opens the file at `path`, made when it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        FileBackend::new(open_or_create(path)?).map(Self)
    }
}

impl StorageBackend for Unsynced {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.0.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.0.close()
    }
}
