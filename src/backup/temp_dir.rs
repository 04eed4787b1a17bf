//! A private directory to work in, which is gone afterwards, also after a kill: whoever makes one next
//! beside it sweeps up what nobody holds any more.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::{BackupError, Workplace};
use crate::crypto;

/// What the names of such directories begin with.
const PREFIX: &str = ".appliance-working-";
/// What the names of archives begin with that somebody was to take away.
const HAND_OVER_PREFIX: &str = ".appliance-hand-over-";

/// A directory for its owner alone, removed when dropped.
pub(super) struct TempDir {
    place: Workplace,
    path: PathBuf,
    /// Says that somebody works here, for as long as the process lives.
    _lock: File,
}

impl TempDir {
    /// Makes one, after sweeping up.
    pub(super) fn new(place: &Workplace) -> Result<Self, BackupError> {
        sweep_working(place.path());
        let path = place.path().join(fresh_name(PREFIX)?);
        let failed = |error: io::Error| BackupError::io(&path, &error);
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
        let lock = File::open(&path).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Self { place: place.clone(), path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where it was made.
    pub(super) fn place(&self) -> &Workplace {
        &self.place
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // One that was given another name meanwhile is nobody's to remove.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A name for an archive that somebody takes away at once.
pub(super) fn hand_over_name() -> Result<String, BackupError> {
    fresh_name(HAND_OVER_PREFIX)
}

/// Whether it is such a name, and so no path.
pub(super) fn is_hand_over_name(name: &str) -> bool {
    let random = name.strip_prefix(HAND_OVER_PREFIX);
    random
        .is_some_and(|random| random.len() == 16 && random.bytes().all(|it| it.is_ascii_hexdigit()))
}

fn fresh_name(prefix: &str) -> Result<String, BackupError> {
    let random = crypto::random::<8>();
    let random = random.map_err(|error| BackupError::Failed(error.to_string()))?;
    Ok(format!("{prefix}{:016x}", u64::from_be_bytes(random)))
}

/// Removes working directories that earlier processes left in `parent`; those that somebody works in stay.
pub fn sweep_working(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        if is_working_directory(&path)
            && File::open(&path).is_ok_and(|left| left.try_lock().is_ok())
        {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether it is a working directory of a backup, a restore or a check, in use or left behind.
pub fn is_working_directory(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(PREFIX))
        && fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Removes all that earlier processes left where backups are kept, archives that nobody took away included.
pub(super) fn sweep_backups(directory: &Path) {
    sweep_working(directory);
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_left =
            entry.file_name().to_str().is_some_and(|name| name.starts_with(HAND_OVER_PREFIX))
                && entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_left {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_in_use_is_left_alone_and_a_forgotten_one_is_swept_up() {
        let parent = tempfile::tempdir().unwrap();
        let forgotten = parent.path().join(format!("{PREFIX}0"));
        fs::create_dir_all(forgotten.join("deep")).unwrap();
        fs::create_dir(parent.path().join("other")).unwrap();
        let first = TempDir::new(&Workplace::new(parent.path())).unwrap();
        assert!(!forgotten.exists());
        let second = TempDir::new(&Workplace::new(parent.path())).unwrap();
        assert!(first.path().is_dir() && second.path().is_dir());
        drop((first, second));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
