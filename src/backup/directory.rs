//! The directory that backups are kept in.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{BackupError, BackupName};
use crate::paths::{create_private, give_to_owner_of, sync_directory};

/// What an archive's name ends with while it is written.
pub(super) const DRAFT_SUFFIX: &str = ".new";

/// The directory that backups are kept in. Other files in it are left alone.
#[derive(Debug, Clone)]
pub struct BackupDirectory(PathBuf);

/// An archive in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name, and with it its time.
    pub name: BackupName,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Held while a backup is taken or removed; let go of by whatever ends the process.
pub(super) struct DirectoryLock(#[expect(dead_code, reason = "held, not read")] File);

impl BackupDirectory {
    /// Names a directory, which need not be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The archives in it, oldest first; none when it is not there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, BackupError> {
        let failed = |error: io::Error| BackupError::io(&self.0, &error);
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file);
            if let (Some(name), Some(metadata)) = (name, metadata) {
                listed.push(Listed { name, bytes: metadata.len() });
            }
        }
        listed.sort_by_key(|listed| listed.name);
        Ok(listed)
    }

    /// Where an archive of that name lies.
    pub fn path_of(&self, name: BackupName) -> PathBuf {
        self.0.join(name.to_string())
    }

    /// Removes the backups that `choose` chooses of those that are there; answers with their names.
    ///
    /// # Errors
    /// When another backup is in progress or the directory does not let it.
    pub fn remove(
        &self,
        choose: impl FnOnce(Vec<BackupName>) -> Vec<BackupName>,
    ) -> Result<Vec<BackupName>, BackupError> {
        if !self.0.exists() {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let chosen = choose(self.list()?.iter().map(|listed| listed.name).collect());
        for name in &chosen {
            let path = self.path_of(*name);
            fs::remove_file(&path).map_err(|error| BackupError::io(&path, &error))?;
        }
        let synced = sync_directory(&self.0);
        synced.map_err(|error| BackupError::io(&self.0, &error))?;
        Ok(chosen)
    }

    /// Removes the drafts of archives that were cut short; nobody else can be writing one.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let draft = name.to_str().and_then(|name| name.strip_suffix(DRAFT_SUFFIX));
            if draft.is_some_and(|name| name.parse::<BackupName>().is_ok()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Makes the directory if need be and keeps everybody else from taking or removing backups. The lock
    /// is on the directory itself, across processes.
    pub(super) fn lock(&self) -> Result<DirectoryLock, BackupError> {
        let failed = |error: io::Error| BackupError::io(&self.0, &error);
        if !self.0.exists() {
            create_private(&self.0).map_err(failed)?;
            if let Some(above) = self.0.parent() {
                give_to_owner_of(above, &self.0);
            }
        }
        let directory = File::open(&self.0).map_err(failed)?;
        match directory.try_lock() {
            Ok(()) => {
                self.sweep();
                Ok(DirectoryLock(directory))
            }
            Err(TryLockError::WouldBlock) => Err(BackupError::InUse(format!(
                "another backup is in progress in {}; try again when it is done",
                self.0.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
