//! Taking a backup: a snapshots becomes files, the files become an archive, and the archive is read back.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    BackupDirectory, BackupError, BackupName, DataFile, Decryption, Encryption, Manifest,
    SnapshotSet, Workplace,
    archive::write,
    atomic_file::AtomicFile,
    manifest::FileManifest,
    progress::ProgressFn,
    temp_dir::{self, TempDir},
    verify::verify,
};
use crate::clock::Time;

/// What becomes of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// It is kept in the backup directory, under a name made of the time.
    Directory,
    /// It lies in the backup directory under a name that nobody else uses: whoever asked for it takes it away
    /// at once. What is left there is swept up by the next backup.
    HandOver,
}

/// A backup that was taken, and verified.
#[derive(Debug, Clone)]
pub struct CreatedBackup {
    /// What it is called; where it is kept, the file is.
    pub name: BackupName,
    /// Where it lies.
    pub path: PathBuf,
    /// Whether it is kept there; otherwise it was handed over.
    pub kept: bool,
    /// What is in it.
    pub manifest: Manifest,
    /// The length of the archive.
    pub bytes: u64,
    /// How long writers were paused.
    pub paused: Duration,
    /// How long all of it took.
    pub took: Duration,
}

/// Takes a backup of `snapshot_set`. One backup at a time: whoever comes second is refused.
///
/// An archive is written under another name, synced, and read back from the disk as [`verify()`] does before it
/// gets its own, so what has the name of an archive is one. The files that it is made of, and those that come
/// out of it again, lie in the backup directory, or in the data directory when it is encrypted; the former are
/// gone before the latter come.
///
/// `announce` is told of the backup when it has verified and before anybody can have it; without its consent nobody
/// gets it.
///
/// # Errors
/// When another backup is in progress, or a disk fails or is full. [`BackupError::NotVerified`] when what was
/// written does not read back; it is removed then.
pub fn create_backup(
    take_snapshots: &dyn Fn() -> Result<SnapshotSet, BackupError>,
    directory: &BackupDirectory,
    destination: Destination,
    encryption: &Encryption,
    now: Time,
    watcher: ProgressFn<'_>,
    announce: &mut dyn FnMut(&CreatedBackup) -> Result<(), BackupError>,
) -> Result<CreatedBackup, BackupError> {
    let start = Instant::now();
    let _lock = directory.lock()?;
    temp_dir::sweep_backups(directory.path());
    temp_dir::sweep_working(directory.private());
    let name = directory.free_name(now, encryption.encrypts());
    let kept = destination == Destination::Directory;
    let path = match destination {
        Destination::Directory => directory.path_of(name),
        Destination::HandOver => directory.path().join(temp_dir::hand_over_name()?),
    };
    let place = directory.place_for_files(encryption.encrypts());
    let files = TempDir::new(&place)?;
    let snapshots = take_snapshots()?;
    let paused = snapshots.paused();
    let manifest = write_files(&snapshots, &files, now, watcher)?;
    let known: Vec<DataFile> = snapshots.files.iter().map(|snapshot| snapshot.file).collect();
    // Old pages need not be kept while the archive is written.
    drop(snapshots);
    let mut key = Decryption::default();
    let mut draft = AtomicFile::of(&path)?;
    let kept_in = directory.place();
    let mut while_there_is_room = |progress| {
        kept_in.room_for(0).map_err(|error| no_room("for the archive", &error))?;
        watcher(progress)
    };
    let bytes = draft.fill(&mut |out| {
        key = write(&manifest, &known, files.path(), encryption, out, &mut while_there_is_room)?;
        Ok(())
    })?;
    // What comes out of the archive needs the room that they took.
    drop(files);
    read_back(&draft, &key, &manifest, &known, &place, watcher)
        .map_err(BackupError::of_read_back)?;
    if kept {
        directory.note_verified(name, bytes)?;
    }
    let taken = CreatedBackup { name, path, kept, manifest, bytes, paused, took: start.elapsed() };
    announce(&taken)?;
    draft.publish()?;
    Ok(taken)
}

/// Verifies what was just written.
fn read_back(
    draft: &AtomicFile,
    key: &Decryption,
    manifest: &Manifest,
    known: &[DataFile],
    place: &Workplace,
    watcher: ProgressFn<'_>,
) -> Result<(), BackupError> {
    if verify(draft.reader()?, key, known, place, watcher)? == *manifest {
        return Ok(());
    }
    Err(BackupError::refused("its manifest is another one"))
}

fn write_files(
    snapshots: &SnapshotSet,
    into: &TempDir,
    now: Time,
    watcher: ProgressFn<'_>,
) -> Result<Manifest, BackupError> {
    let mut files = Vec::new();
    let mut while_there_is_room = |progress| {
        let room = into.place().room_for(0);
        room.map_err(|error| no_room("to copy the data that goes into the archive", &error))?;
        watcher(progress)
    };
    for file in &snapshots.files {
        let path = into.path().join(file.file.name);
        let rows = file.write_to(&path, &mut while_there_is_room)?;
        let written = fs::metadata(&path).map_err(|error| BackupError::io(&path, &error))?;
        files.push(FileManifest {
            name: file.file.name.to_owned(),
            schema_version: file.about.schema_version,
            made_by: file.about.made_by.clone(),
            bytes: written.len(),
            rows,
        });
    }
    Ok(Manifest::new(now, files, snapshots.audit()))
}

fn no_room(what_for: &str, error: &BackupError) -> BackupError {
    BackupError::Failed(format!("no room {what_for}: {error}"))
}

impl BackupDirectory {
    /// What an archive of this moment is called: a name that is free, a second later for each that is not.
    pub fn free_name(&self, now: Time, encrypted: bool) -> BackupName {
        let mut name = BackupName { time: Time::EPOCH.plus_seconds(now.as_seconds()), encrypted };
        while self.path_of(name).exists() {
            name.time = name.time.plus_seconds(1);
        }
        name
    }
}
