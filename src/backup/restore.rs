//! Restoring: a proven archive takes the place of what is there, which is kept.
//!
//! The archive is unpacked and proven in a directory of [`StagedFiles`], and nothing changes before it is proven. How
//! the files then take their places, and what a power cut leaves, is told there.

use std::{io::Read, path::PathBuf, thread};

use super::{
    BackupError, DataFile, Decryption, Manifest,
    archive::unpack,
    progress::ProgressFn,
    staged::{ExclusiveAccess, StagedFiles},
    verify::{check_files, verify},
    workplace::Workplace,
};
use crate::{clock::Time, paths::DataDir};

/// What a restore did.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What was in the archive.
    pub manifest: Manifest,
    /// Where the files are that were there before; nothing when there were none.
    pub safety: Option<PathBuf>,
}

/// Puts the files of an archive into a data directory, made when it is not there. Files of an older schema
/// are stepped forward. What was there is kept in a directory beside it.
///
/// # Errors
/// [`BackupError::InUse`] while anyone has the directory open, [`BackupError::Refused`] when the archive
/// is not what it should be; then nothing has changed.
pub fn restore(
    input: impl Read,
    key: &Decryption,
    files: &[DataFile],
    data: &DataDir,
    now: Time,
    watcher: ProgressFn<'_>,
) -> Result<Restored, BackupError> {
    let staged = StagedFiles::begin(files, data)?;
    let manifest = unpack(input, key, files, staged.temp_dir(), watcher)?;
    // Checking takes the processor, and meanwhile the disk gets what there is to sync in the end.
    thread::scope(|scope| {
        let syncing = scope.spawn(|| staged.sync());
        let checked = check_files(&manifest, files, staged.path(), watcher);
        checked.and(syncing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let safety = staged.take_place(now)?;
    Ok(Restored { manifest, safety })
}

/// Does all of a restore but the restoring: answers whether it would be done.
///
/// # Errors
/// As [`restore`].
pub fn rehearse(
    input: impl Read,
    key: &Decryption,
    files: &[DataFile],
    data: &DataDir,
    watcher: ProgressFn<'_>,
) -> Result<Manifest, BackupError> {
    if !data.root().exists() {
        return verify(input, key, files, &Workplace::new(std::env::temp_dir()), watcher);
    }
    let _access = ExclusiveAccess::claim(files, data)?;
    verify(input, key, files, &Workplace::new(data.root()), watcher)
}
