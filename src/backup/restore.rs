//! Restoring: a proven archive takes the place of what is there, which is kept.
//!
//! A power cut at any point leaves the old files or the new ones, never some of each:
//!
//! 1. The archive is unpacked and proven in a private directory beside the databases. Cut short, this is
//!    litter, which is swept up.
//! 2. That directory is renamed to `restore-ready`. This is the moment that decides.
//! 3. File by file, the old one moves into the safety directory and the new one into its place. Cut
//!    short, [`finish_restore`] goes on at the next start: what has not moved yet still lies where it was.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    thread,
};

use super::{
    BackupError, DataFile, Key, Manifest,
    archive::unpack,
    name::stamp,
    progress::Watcher,
    scratch::Scratch,
    verify::{check_files, verify},
    workplace::Workplace,
};
use crate::{
    clock::Time,
    paths::{Claim, ClaimKind, DataDir, create_private, sync_directory, write_atomically},
};

/// In `restore-ready`: the name of the safety directory.
const SAFETY_NAME: &str = "safety";
/// What that name begins with; the time follows.
const SAFETY_PREFIX: &str = "restore-safety-";

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
    key: &Key,
    files: &[DataFile],
    data: &DataDir,
    now: Time,
    watcher: Watcher<'_>,
) -> Result<Restored, BackupError> {
    let failed = |error: io::Error| BackupError::io(data.root(), &error);
    data.create().map_err(failed)?;
    let _claim = claim_alone(data)?;
    move_into_place(files, data)?;
    let _in_use = lock_files(files, data)?;
    let scratch = Scratch::new(&Workplace::new(data.root()))?;
    let manifest = unpack(input, key, files, &scratch, watcher)?;
    // Checking takes the processor, and meanwhile the disk gets what there is to sync in the end.
    thread::scope(|scope| {
        let syncing = scope.spawn(|| sync_files(files, scratch.path()));
        let checked = check_files(&manifest, files, scratch.path(), watcher);
        checked.and(syncing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;

    let safety = format!("{SAFETY_PREFIX}{}", free_stamp(data, now));
    let name = scratch.path().join(SAFETY_NAME);
    write_atomically(&name, safety.as_bytes(), 0o600).map_err(failed)?;
    sync_files(files, scratch.path())?;
    sync_directory(scratch.path()).map_err(failed)?;
    fs::rename(scratch.path(), data.restore_ready()).map_err(failed)?;
    sync_directory(data.root()).map_err(failed)?;
    move_into_place(files, data)?;
    let safety = Some(data.root().join(safety)).filter(|safety| safety.exists());
    Ok(Restored { manifest, safety })
}

fn sync_files(files: &[DataFile], directory: &Path) -> Result<(), BackupError> {
    files.iter().try_for_each(|file| {
        let path = directory.join(file.name);
        let synced = fs::File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| BackupError::io(&path, &error))
    })
}

/// Does all of a restore but the restoring: answers whether it would be done.
///
/// # Errors
/// As [`restore`].
pub fn rehearse(
    input: impl Read,
    key: &Key,
    files: &[DataFile],
    data: &DataDir,
    watcher: Watcher<'_>,
) -> Result<Manifest, BackupError> {
    if !data.root().exists() {
        return verify(input, key, files, &Workplace::new(std::env::temp_dir()), watcher);
    }
    let _claim = claim_alone(data)?;
    let _in_use = lock_files(files, data)?;
    verify(input, key, files, &Workplace::new(data.root()), watcher)
}

/// Goes on with a restore that was cut short after it was decided; says whether there was one. For every
/// start, before any database is opened.
///
/// # Errors
/// When somebody else has the directory open, or the disk fails.
pub fn finish_restore(files: &[DataFile], data: &DataDir) -> Result<bool, BackupError> {
    if !data.restore_ready().exists() {
        return Ok(false);
    }
    let _claim = claim_alone(data)?;
    move_into_place(files, data)
}

fn claim_alone(data: &DataDir) -> Result<Claim, BackupError> {
    let claimed = data.claim(ClaimKind::Alone);
    let claimed = claimed.map_err(|error| BackupError::io(data.root(), &error))?;
    claimed.ok_or_else(|| {
        let root = data.root().display();
        BackupError::InUse(format!(
            "{root} is in use by another process; stop the running appliance first"
        ))
    })
}

/// Claims the databases themselves, as an appliance of any version does that has them open.
fn lock_files(files: &[DataFile], data: &DataDir) -> Result<Vec<fs::File>, BackupError> {
    let mut locked = Vec::new();
    for file in files {
        let path = data.root().join(file.name);
        let Ok(opened) = fs::File::open(&path) else { continue };
        if let Err(fs::TryLockError::WouldBlock) = opened.try_lock() {
            return Err(BackupError::InUse(format!(
                "{} is in use by another process; stop the running appliance first",
                path.display()
            )));
        }
        locked.push(opened);
    }
    Ok(locked)
}

/// The third step; says whether there was anything to do. What it has done already it does not do again.
fn move_into_place(files: &[DataFile], data: &DataDir) -> Result<bool, BackupError> {
    let ready = data.restore_ready();
    if !ready.exists() {
        return Ok(false);
    }
    let failed = |error: io::Error| BackupError::io(&ready, &error);
    for file in files {
        let (new, place) = (ready.join(file.name), data.root().join(file.name));
        if !new.try_exists().map_err(failed)? {
            continue;
        }
        if place.try_exists().map_err(failed)? {
            let safety = safety_directory(&ready, data)?;
            fs::rename(&place, safety.join(file.name)).map_err(failed)?;
            sync_directory(&safety).map_err(failed)?;
        }
        fs::rename(&new, &place).map_err(failed)?;
        sync_directory(data.root()).map_err(failed)?;
        sync_directory(&ready).map_err(failed)?;
    }
    fs::remove_dir_all(&ready).map_err(failed)?;
    sync_directory(data.root()).map_err(failed)?;
    Ok(true)
}

/// The directory that keeps the old files, made if need be.
fn safety_directory(ready: &Path, data: &DataDir) -> Result<PathBuf, BackupError> {
    let path = ready.join(SAFETY_NAME);
    let failed = |error: io::Error| BackupError::io(&path, &error);
    let name = fs::read_to_string(&path).map_err(failed)?;
    if !name.starts_with(SAFETY_PREFIX) || name.contains('/') {
        return Err(BackupError::Failed(format!("{} makes no sense", path.display())));
    }
    let safety = data.root().join(name);
    create_private(&safety).map_err(failed)?;
    Ok(safety)
}

/// A moment that no safety directory is named after yet.
fn free_stamp(data: &DataDir, mut now: Time) -> String {
    while data.root().join(format!("{SAFETY_PREFIX}{}", stamp(now))).exists() {
        now = now.plus_seconds(1);
    }
    stamp(now)
}
