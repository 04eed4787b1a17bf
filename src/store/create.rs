//! Making a new file, so that it is there as a whole or not at all.
//!
//! redb writes a new file in several steps, and what a power cut or a full disk leaves of it between
//! two of them is not a database to redb: every later start would be refused. So a file is made under
//! another name, synced, and only then linked to its own.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use redb::{Database, backends::FileBackend};

use super::OpenError;
use crate::paths::open_or_create;

/// Makes an empty database at `path` when nothing is there.
pub(super) fn create_if_missing(path: &Path) -> Result<(), OpenError> {
    let failed = |error: io::Error| OpenError::from_io(path.to_owned(), &error);
    if path.try_exists().map_err(failed)? {
        return Ok(());
    }
    let draft = path.with_added_extension("new");
    let file = open_or_create(&draft).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // Only now, with the draft locked, is it certain that nobody else has finished it meanwhile.
    if path.try_exists().map_err(failed)? {
        return Ok(());
    }
    // What an earlier attempt left of it.
    file.set_len(0).map_err(failed)?;
    let database = FileBackend::new(file)
        .and_then(|backend| Database::builder().create_with_backend(backend))
        .map_err(|error| OpenError::from_redb(path.to_owned(), error.into()))?;
    drop(database);
    publish(&draft, path).map_err(failed)
}

/// Gives a finished file its name. Unlike a rename, a link never replaces what is there.
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => fs::remove_file(draft)?,
    }
    // The name is in the directory, and a sync of the file alone need not keep it.
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => File::open(directory)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
