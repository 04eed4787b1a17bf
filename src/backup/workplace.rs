//! Where an archive is made, read back or verified, and how much of its disk that leaves to others.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::BackupError;

/// With less than this left, nothing is filled any further, whoever's disk it is.
const LEAST_FREE_BYTES: u64 = 4 << 20;

/// A directory to work in. The databases may be on the same disk, and what they need to go on is left to them.
#[derive(Debug, Clone)]
pub struct Workplace {
    directory: PathBuf,
    /// What stays free on its disk, in bytes.
    left_free: u64,
}

impl Workplace {
    /// A directory whose disk nobody else needs.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), left_free: LEAST_FREE_BYTES }
    }

    /// The same, which leaves so many bytes free when it is on the disk of the data directory.
    pub(super) fn beside(self, data: &Path, bytes: u64) -> Self {
        let disk = |path: &Path| fs::metadata(path).map(|found| found.dev());
        let is_another =
            matches!((disk(&self.directory), disk(data)), (Ok(one), Ok(two)) if one != two);
        if is_another { self } else { Self { left_free: bytes.max(self.left_free), ..self } }
    }

    pub(super) fn path(&self) -> &Path {
        &self.directory
    }

    /// Whether `bytes` more have room. A disk that does not say has room until it fails.
    ///
    /// # Errors
    /// [`BackupError::Failed`] when they have none beside what is left to others.
    pub(super) fn room_for(&self, bytes: u64) -> Result<(), BackupError> {
        let Ok(disk) = rustix::fs::statvfs(&self.directory) else { return Ok(()) };
        self.room_in(disk.f_bavail.saturating_mul(disk.f_frsize), bytes)
    }

    fn room_in(&self, free: u64, bytes: u64) -> Result<(), BackupError> {
        let needed = bytes.saturating_add(self.left_free);
        if needed <= free {
            return Ok(());
        }
        Err(BackupError::Failed(format!(
            "{} MiB are needed on the disk that holds {}, {} of them to stay free, and {} MiB are free",
            needed.div_ceil(1 << 20),
            self.directory.display(),
            self.left_free.div_ceil(1 << 20),
            free >> 20
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn beside_the_databases_their_share_stays_free_and_elsewhere_a_little() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("backups");
        fs::create_dir(&directory).unwrap();
        let beside = Workplace::new(&directory).beside(home.path(), 80 * MIB);
        assert!(beside.room_in(90 * MIB, 10 * MIB).is_ok());
        let refused = beside.room_in(90 * MIB - 1, 10 * MIB).unwrap_err().to_string();
        assert!(
            refused.contains("90 MiB are needed") && refused.contains("80 of them"),
            "{refused}"
        );
        // The kernel's own file system is on no disk of ours.
        let elsewhere = Workplace::new("/proc").beside(home.path(), 80 * MIB);
        assert!(elsewhere.room_in(14 * MIB, 10 * MIB).is_ok());
        assert!(elsewhere.room_in(14 * MIB - 1, 10 * MIB).is_err());
        // Nobody knows where this is, so it may be there.
        let unknown = Workplace::new(home.path().join("none")).beside(home.path(), 80 * MIB);
        assert!(unknown.room_in(80 * MIB, 1).is_err() && unknown.room_in(u64::MAX, 1).is_ok());
    }
}
