//! The directory that backups are kept in.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{BackupError, BackupName, scratch};
use crate::paths::{DRAFT_SUFFIX, create_private, open_regular, sync_directory, target_of};

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

/// An archive that was made for somebody to take away.
#[derive(Debug)]
pub struct HandedOver {
    path: PathBuf,
    file: File,
}

impl HandedOver {
    /// Copies what is left of it.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn copy_to(&mut self, out: &mut dyn Write) -> Result<(), BackupError> {
        let copied = io::copy(&mut self.file, out);
        copied.map(drop).map_err(|error| BackupError::io(&self.path, &error))
    }

    /// Removes its name; what is open goes on.
    ///
    /// # Errors
    /// When the directory does not let it.
    pub fn remove(&self) -> Result<(), BackupError> {
        fs::remove_file(&self.path).map_err(|error| BackupError::io(&self.path, &error))
    }
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

    /// Opens the archive that was made here to be taken away. Who says where it lies need not be believed: of
    /// the path the name alone counts, and the file must belong to `owner`.
    ///
    /// # Errors
    /// When it is none, or is not there any more.
    pub fn open_handed_over(&self, said: &Path, owner: u32) -> Result<HandedOver, BackupError> {
        let name = said.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| scratch::is_hand_over_name(name)).ok_or_else(|| {
            let said = said.display();
            BackupError::Failed(format!("what answers names no archive to take away: {said}"))
        })?;
        let path = self.0.join(name);
        let file = open_regular(&path).map_err(|error| {
            let path = path.display();
            BackupError::Failed(format!(
                "the backup cannot be fetched from {path}; if it was taken away again, try once more: {error}"
            ))
        })?;
        let found = file.metadata().map_err(|error| BackupError::io(&path, &error))?;
        if found.uid() != owner {
            let (path, uid) = (path.display(), found.uid());
            return Err(BackupError::Failed(format!("{path} belongs to user {uid}, not {owner}")));
        }
        Ok(HandedOver { path, file })
    }

    /// Removes the drafts of archives that were cut short; nobody else can be writing one.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            // The latter as earlier versions named them.
            let archive = target_of(name).or_else(|| name.strip_suffix(DRAFT_SUFFIX));
            let is_of_archive =
                |name: &str| name.parse::<BackupName>().is_ok() || scratch::is_hand_over_name(name);
            if archive.is_some_and(is_of_archive) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Makes the directory if need be and keeps everybody else from taking or removing backups. The lock
    /// is on the directory itself, across processes.
    pub(super) fn lock(&self) -> Result<DirectoryLock, BackupError> {
        let failed = |error: io::Error| BackupError::io(&self.0, &error);
        create_private(&self.0).map_err(failed)?;
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
