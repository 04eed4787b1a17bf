//! The free space of the disk below the data directory: a floor, a reserve and a ballast.
//!
//! A store that runs out of space in the middle of a commit has to stop, and may not even start again.
//! So it does not come to that. Below the *floor*, commands that would grow a file are refused, and
//! those that give space back, or without which nobody could ask for that, go on into the *reserve*,
//! the last eighth of the floor. Below that nothing is written, unless the *ballast* helps: a file that
//! holds space for nothing and is removed when a start, or one of those commands, has nothing else left.
//!
//! What the file system says is believed, so a quota that it does not tell of is met as an I/O error,
//! after which the next start releases the ballast.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::paths::create_new;

/// The reserve is this part of the floor.
const RESERVE_PART: u64 = 8;
/// Writing begins again when there is this part of the floor above it, so that a disk that hovers at
/// the floor does not say yes and no in turns.
const HYSTERESIS_PART: u64 = 4;

/// What a start has to have at least, without a floor too: opening writes a few pages a file, in bytes.
const START_BYTES: u64 = 1 << 20;

/// What a command writes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteClass {
    /// It adds to the file.
    Growth,
    /// It gives space back, or lets somebody in who does.
    Reserve,
}

/// How much there is to write on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskLevel {
    /// Enough.
    Ample,
    /// Only the reserve.
    Reserve,
    /// Nothing that a commit could rely on.
    None,
}

impl DiskLevel {
    pub(super) fn is_for(self, class: WriteClass) -> bool {
        self == Self::Ample || (self == Self::Reserve && class == WriteClass::Reserve)
    }
}

/// The watch over one disk. Clones share it.
#[derive(Debug, Clone)]
pub struct DiskMonitor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    floor_bytes: u64,
    ballast: Option<Ballast>,
    /// Below the floor, and not yet above it by the hysteresis.
    low: AtomicBool,
}

#[derive(Debug)]
struct Ballast {
    path: PathBuf,
    bytes: u64,
}

impl DiskMonitor {
    /// Watches the disk that holds `directory`. A floor of 0 never refuses anything.
    pub fn new(directory: &Path, floor_bytes: u64) -> Self {
        let directory = directory.to_owned();
        Self(Arc::new(Inner { directory, floor_bytes, ballast: None, low: AtomicBool::new(false) }))
    }

    /// The same with a ballast at `path`. None is made yet; 0 bytes are none.
    pub fn with_ballast(directory: &Path, floor_bytes: u64, path: PathBuf, bytes: u64) -> Self {
        let ballast = (bytes > 0).then_some(Ballast { path, bytes });
        let directory = directory.to_owned();
        Self(Arc::new(Inner { directory, floor_bytes, ballast, low: AtomicBool::new(false) }))
    }

    /// What an unprivileged process may still fill, in bytes.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.0.directory)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// The size of the disk, in bytes.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn total_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.0.directory)?;
        Ok(disk.f_blocks.saturating_mul(disk.f_frsize))
    }

    /// The floor, in bytes.
    pub fn floor_bytes(&self) -> u64 {
        self.0.floor_bytes
    }

    /// How much has to be free for all to be written, in bytes, also after something was refused: what others
    /// who write to this disk are to leave.
    pub fn ample_bytes(&self) -> u64 {
        self.0.floor_bytes.saturating_add(self.0.floor_bytes / HYSTERESIS_PART)
    }

    /// How much there is to write on, now. A disk that does not say has room until it fails.
    pub fn level(&self) -> DiskLevel {
        match self.free_bytes() {
            Ok(free) => self.level_in(free),
            Err(_) => DiskLevel::Ample,
        }
    }

    fn level_in(&self, free: u64) -> DiskLevel {
        let floor = self.0.floor_bytes;
        let low = self.0.low.load(Ordering::Relaxed);
        let needed = if low { self.ample_bytes() } else { floor };
        if free >= needed {
            if low && self.0.low.swap(false, Ordering::Relaxed) {
                tracing::info!(free_bytes = free, "there is space again; writes go on");
            }
            return DiskLevel::Ample;
        }
        if !low && !self.0.low.swap(true, Ordering::Relaxed) {
            tracing::error!(
                free_bytes = free,
                floor_bytes = floor,
                directory = %self.0.directory.display(),
                "the disk is nearly full; writes are refused until there is space"
            );
        }
        if free >= floor / RESERVE_PART { DiskLevel::Reserve } else { DiskLevel::None }
    }

    /// Before files are opened: gives the ballast up when the disk is so full that opening them might
    /// fail. A start that finds the space given up already needs none.
    pub fn prepare_start(&self) {
        let needed = (self.0.floor_bytes / RESERVE_PART).max(START_BYTES);
        if self.free_bytes().is_ok_and(|free| free < needed) {
            self.release_ballast();
        }
    }

    /// Gives the ballast up, if there is one; the room after that.
    pub(super) fn release_ballast(&self) -> DiskLevel {
        if let Some(ballast) = &self.0.ballast {
            match fs::remove_file(&ballast.path) {
                Ok(()) => tracing::error!(
                    bytes = ballast.bytes,
                    "the disk is full; the ballast was given up, free some space now"
                ),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::error!(%error, "the ballast cannot be given up"),
            }
        }
        self.level()
    }

    /// Makes the ballast when there is none and room for it above the floor and the hysteresis. One
    /// that cannot be made is no fault: without it, a full disk needs a person a little earlier.
    pub fn keep_ballast(&self) {
        let Some(ballast) = &self.0.ballast else { return };
        let whole = |metadata: fs::Metadata| metadata.is_file() && metadata.len() == ballast.bytes;
        if fs::symlink_metadata(&ballast.path).is_ok_and(whole) {
            return;
        }
        let needed = self.ample_bytes().saturating_add(ballast.bytes);
        if !self.free_bytes().is_ok_and(|free| free >= needed) {
            return;
        }
        if let Err(error) = ballast.make() {
            let _ = fs::remove_file(&ballast.path);
            tracing::warn!(%error, path = %ballast.path.display(), "no ballast could be made");
        }
    }
}

impl Ballast {
    /// Really allocated, not a hole that takes no space: that is all it is for.
    fn make(&self) -> io::Result<()> {
        // Whatever lies there is not ours: a link is not followed, an older one not kept.
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = create_new(&self.path)?;
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, self.bytes)?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_floor_the_reserve_and_the_way_back_are_where_they_are_said_to_be() {
        let space = DiskMonitor::new(Path::new("/"), 64 * MIB);
        for (free_mib, room) in [
            (64, DiskLevel::Ample),
            (63, DiskLevel::Reserve),
            (64, DiskLevel::Reserve),
            (79, DiskLevel::Reserve),
            (8, DiskLevel::Reserve),
            (7, DiskLevel::None),
            (0, DiskLevel::None),
            (80, DiskLevel::Ample),
            (64, DiskLevel::Ample),
        ] {
            assert_eq!(space.level_in(free_mib * MIB), room, "{free_mib}");
        }
    }

    #[test]
    fn without_a_floor_everything_is_room() {
        let space = DiskMonitor::new(Path::new("/"), 0);
        assert_eq!((space.level_in(0), space.level()), (DiskLevel::Ample, DiskLevel::Ample));
    }

    #[test]
    fn only_commands_for_the_reserve_may_use_it() {
        assert!(
            DiskLevel::Ample.is_for(WriteClass::Growth)
                && DiskLevel::Ample.is_for(WriteClass::Reserve)
        );
        assert!(
            !DiskLevel::Reserve.is_for(WriteClass::Growth)
                && DiskLevel::Reserve.is_for(WriteClass::Reserve)
        );
        assert!(
            !DiskLevel::None.is_for(WriteClass::Growth)
                && !DiskLevel::None.is_for(WriteClass::Reserve)
        );
    }

    #[test]
    fn a_ballast_takes_real_space_and_gives_it_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ballast");
        let space = DiskMonitor::with_ballast(directory.path(), 0, path.clone(), MIB);
        space.keep_ballast();
        let made = fs::metadata(&path).unwrap();
        assert_eq!((made.len(), made.mode() & 0o777), (MIB, 0o600));
        assert!(made.blocks() * 512 >= MIB, "{} blocks", made.blocks());
        space.keep_ballast();
        assert_eq!(fs::metadata(&path).unwrap().ino(), made.ino(), "it was made twice");
        space.release_ballast();
        assert!(!path.exists());
        space.release_ballast();
    }

    #[test]
    fn a_ballast_is_not_made_where_it_would_bring_the_floor_near() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ballast");
        DiskMonitor::with_ballast(directory.path(), u64::MAX, path.clone(), MIB).keep_ballast();
        assert!(!path.exists());
    }

    #[test]
    fn what_a_ballast_would_follow_elsewhere_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let (path, other) = (directory.path().join("ballast"), directory.path().join("other"));
        fs::write(&other, b"dear").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        DiskMonitor::with_ballast(directory.path(), 0, path, MIB).keep_ballast();
        assert_eq!(fs::read(other).unwrap(), b"dear");
    }
}
