//! The directory that backups are kept in.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{AtomicFile, BackupError, BackupName, Workplace, temp_dir, verified::Verified};
use crate::{
    clock::Time,
    crypto::Sha256,
    paths::{DRAFT_SUFFIX, DataDir, create_private, open_regular, sync_directory, target_of},
};

/// The directory that backups are kept in. Other files in it are left alone.
#[derive(Debug, Clone)]
pub struct BackupDirectory {
    path: PathBuf,
    /// The data directory: for what may be on no other disk.
    private: PathBuf,
    /// What stays free on the disk of the data directory, in bytes.
    left_free: u64,
    /// Where it is kept which archives were read back whole.
    verified: PathBuf,
}

/// An archive in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name, and with it its time.
    pub name: BackupName,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether this appliance has read it back whole.
    pub verified: bool,
}

impl Listed {
    /// Whether somebody can count on it, and knows how old it is.
    pub fn is_good(&self, now: Time) -> bool {
        self.verified && !self.name.is_from_the_future(now)
    }
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

    /// Copies all of it into a draft, and reads that back before this one is given up.
    ///
    /// # Errors
    /// [`BackupError::NotVerified`] when it reads back as something else; when a disk fails or is full.
    pub fn copy_into(&mut self, draft: &mut AtomicFile) -> Result<(), BackupError> {
        draft.fill(&mut |out| self.copy_to(out))?;
        let failed = |error: io::Error| BackupError::io(&self.path, &error);
        self.file.rewind().map_err(failed)?;
        if hash_of(&mut self.file).map_err(failed)?
            == hash_of(&mut draft.reader()?).map_err(failed)?
        {
            return Ok(());
        }
        let target = draft.target().display();
        Err(BackupError::NotVerified(format!("what was written for {target} reads back otherwise")))
    }

    /// Removes its name; what is open goes on.
    ///
    /// # Errors
    /// When the directory does not let it.
    pub fn remove(&self) -> Result<(), BackupError> {
        fs::remove_file(&self.path).map_err(|error| BackupError::io(&self.path, &error))
    }
}

fn hash_of(file: &mut File) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::default();
    let mut piece = vec![0; 256 << 10];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash.finish()),
            length => hash.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

/// Held while a backup is taken or removed; let go of by whatever ends the process.
pub(super) struct DirectoryLock(#[expect(dead_code, reason = "held, not read")] File);

impl BackupDirectory {
    /// Names a directory, which need not be there, for backups of a data directory.
    pub fn new(path: impl Into<PathBuf>, data: &DataDir) -> Self {
        Self {
            path: path.into(),
            private: data.root().to_owned(),
            left_free: 0,
            verified: data.verified_backups(),
        }
    }

    /// The same, which leaves so many bytes free on the disk of the data directory.
    #[must_use]
    pub fn leaving(self, bytes: u64) -> Self {
        Self { left_free: bytes, ..self }
    }

    /// Where archives are made.
    pub(super) fn place(&self) -> Workplace {
        Workplace::new(&self.path).beside(&self.private, self.left_free)
    }

    /// Where files may lie in clear whatever they come out of: the data directory.
    pub fn private_place(&self) -> Workplace {
        Workplace::new(&self.private).beside(&self.private, self.left_free)
    }

    /// Where files may lie in clear while an archive is made of them or read back: what is encrypted must not
    /// lie in clear on the disk that it is encrypted for.
    pub(super) fn place_for_files(&self, encrypted: bool) -> Workplace {
        if encrypted { self.private_place() } else { self.place() }
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The archives in it, oldest first; none when it is not there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, BackupError> {
        let failed = |error: io::Error| BackupError::io(&self.path, &error);
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let verified = Verified::read(&self.verified);
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file);
            if let (Some(name), Some(metadata)) = (name, metadata) {
                let bytes = metadata.len();
                listed.push(Listed { name, bytes, verified: verified.has(name, bytes) });
            }
        }
        listed.sort_by_key(|listed| listed.name);
        Ok(listed)
    }

    /// Where an archive of that name lies.
    pub fn path_of(&self, name: BackupName) -> PathBuf {
        self.path.join(name.to_string())
    }

    /// The name of an archive of this directory, however the way to it is written.
    pub fn name_of(&self, path: &Path) -> Option<BackupName> {
        let name = path.file_name()?.to_str()?.parse().ok()?;
        let (own, given) = (self.path_of(name).canonicalize(), path.canonicalize());
        (own.ok()? == given.ok()?).then_some(name)
    }

    /// Notes that an archive of this name and length was read back whole. Only for whoever has the lock.
    pub(super) fn note_verified(&self, name: BackupName, bytes: u64) -> Result<(), BackupError> {
        let mut verified = Verified::read(&self.verified);
        verified.put(name, bytes);
        self.write_verified(&verified)
    }

    fn write_verified(&self, verified: &Verified) -> Result<(), BackupError> {
        let written = verified.write(&self.verified);
        written.map_err(|error| BackupError::io(&self.verified, &error))
    }

    /// Where working directories of a backup may have been left besides the directory itself.
    pub(super) fn private(&self) -> &Path {
        &self.private
    }

    /// The same for an archive that is kept and that somebody has just verified.
    ///
    /// # Errors
    /// When another backup is in progress, the archive is gone, or the data directory cannot be written to.
    pub fn take_for_verified(&self, name: BackupName) -> Result<(), BackupError> {
        let _lock = self.lock()?;
        let path = self.path_of(name);
        let file = fs::metadata(&path).map_err(|error| BackupError::io(&path, &error))?;
        self.note_verified(name, file.len())
    }

    /// Removes the backups that `choose` chooses of those that are there; answers with their names.
    ///
    /// # Errors
    /// When another backup is in progress or the directory does not let it.
    pub fn remove(
        &self,
        choose: impl FnOnce(Vec<Listed>) -> Vec<BackupName>,
    ) -> Result<Vec<BackupName>, BackupError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let chosen = choose(self.list()?);
        for name in &chosen {
            let path = self.path_of(*name);
            fs::remove_file(&path).map_err(|error| BackupError::io(&path, &error))?;
        }
        let synced = sync_directory(&self.path);
        synced.map_err(|error| BackupError::io(&self.path, &error))?;
        if !chosen.is_empty() {
            let mut verified = Verified::read(&self.verified);
            verified.forget(&chosen);
            self.write_verified(&verified)?;
        }
        Ok(chosen)
    }

    /// Opens the archive that was made here to be taken away. Who says where it lies need not be believed: of
    /// the path the name alone counts, and the file must belong to `owner`.
    ///
    /// # Errors
    /// When it is none, or is not there any more.
    pub fn open_handed_over(&self, said: &Path, owner: u32) -> Result<HandedOver, BackupError> {
        let name = said.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| temp_dir::is_hand_over_name(name)).ok_or_else(|| {
            let said = said.display();
            BackupError::Failed(format!("what answers names no archive to take away: {said}"))
        })?;
        let path = self.path.join(name);
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
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            // The latter as earlier versions named them.
            let archive = target_of(name).or_else(|| name.strip_suffix(DRAFT_SUFFIX));
            let is_of_archive = |name: &str| {
                name.parse::<BackupName>().is_ok() || temp_dir::is_hand_over_name(name)
            };
            if archive.is_some_and(is_of_archive) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Makes the directory if need be and keeps everybody else from taking or removing backups. The lock
    /// is on the directory itself, across processes.
    pub(super) fn lock(&self) -> Result<DirectoryLock, BackupError> {
        let failed = |error: io::Error| BackupError::io(&self.path, &error);
        if self.path.exists() && !self.path.is_dir() {
            let path = self.path.display();
            return Err(BackupError::NotFound(format!(
                "{path} is no directory to keep backups in"
            )));
        }
        create_private(&self.path).map_err(failed)?;
        let directory = File::open(&self.path).map_err(failed)?;
        match directory.try_lock() {
            Ok(()) => {
                self.sweep();
                Ok(DirectoryLock(directory))
            }
            Err(TryLockError::WouldBlock) => Err(BackupError::InUse(format!(
                "another backup is in progress in {}; try again when it is done",
                self.path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_whose_disk_was_away_while_another_was_taken_are_still_verified() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::new(home.path());
        let directory = BackupDirectory::new(data.backups(), &data);
        fs::create_dir(data.backups()).unwrap();
        let name = |day: i64| BackupName {
            time: Time::EPOCH.plus_seconds(day * 86_400),
            encrypted: false,
        };
        let take = |day| {
            fs::write(directory.path_of(name(day)), "an archive").unwrap();
            directory.take_for_verified(name(day)).unwrap();
        };
        take(1);
        let away = home.path().join("unmounted");
        fs::rename(data.backups(), &away).unwrap();
        fs::create_dir(data.backups()).unwrap();
        take(2);
        fs::remove_dir_all(data.backups()).unwrap();
        fs::rename(&away, data.backups()).unwrap();
        let verified = |day| {
            let listed = directory.list().unwrap();
            listed.iter().any(|listed| listed.name == name(day) && listed.verified)
        };
        assert!(verified(1));
        // One that was removed on purpose is forgotten, and so is what its line said.
        directory.remove(|_| vec![name(1)]).unwrap();
        fs::write(directory.path_of(name(1)), "an archive").unwrap();
        assert!(!verified(1));
    }
}
