//! Taking a backup: a cut becomes files, the files become an archive, and the archive is read back.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    BackupDirectory, BackupError, BackupName, Cut, DataFile, Key, Manifest, Seal, Workplace,
    archive::write,
    manifest::FileManifest,
    progress::Watcher,
    scratch::{self, Scratch},
    verify::verify,
    whole::Draft,
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
pub struct Taken {
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

/// Takes a backup of `cut`. One backup at a time: whoever comes second is refused.
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
pub fn take(
    cut: &dyn Fn() -> Result<Cut, BackupError>,
    directory: &BackupDirectory,
    destination: Destination,
    seal: &Seal,
    now: Time,
    watcher: Watcher<'_>,
    announce: &mut dyn FnMut(&Taken) -> Result<(), BackupError>,
) -> Result<Taken, BackupError> {
    let start = Instant::now();
    let _lock = directory.lock()?;
    scratch::sweep_backups(directory.path());
    scratch::sweep_working(directory.private());
    let name = directory.free_name(now, seal.encrypts());
    let kept = destination == Destination::Directory;
    let path = match destination {
        Destination::Directory => directory.path_of(name),
        Destination::HandOver => directory.path().join(scratch::hand_over_name()?),
    };
    let place = directory.place_for_files(seal.encrypts());
    let scratch = Scratch::new(&place)?;
    let cut = cut()?;
    let paused = cut.paused();
    let manifest = write_files(&cut, &scratch, now, watcher)?;
    let known: Vec<DataFile> = cut.files.iter().map(|cut| cut.file).collect();
    // Old pages need not be kept while the archive is written.
    drop(cut);
    let mut key = Key::default();
    let mut draft = Draft::of(&path)?;
    let kept_in = directory.place();
    let mut while_there_is_room = |progress| {
        kept_in.room_for(0).map_err(|error| no_room("for the archive", &error))?;
        watcher(progress)
    };
    let bytes = draft.fill(&mut |out| {
        key = write(&manifest, &known, scratch.path(), seal, out, &mut while_there_is_room)?;
        Ok(())
    })?;
    // What comes out of the archive needs the room that they took.
    drop(scratch);
    read_back(&draft, &key, &manifest, &known, &place, watcher)
        .map_err(BackupError::of_read_back)?;
    if kept {
        directory.note_verified(name, bytes)?;
    }
    let taken = Taken { name, path, kept, manifest, bytes, paused, took: start.elapsed() };
    announce(&taken)?;
    draft.publish()?;
    Ok(taken)
}

/// Verifies what was just written.
fn read_back(
    draft: &Draft,
    key: &Key,
    manifest: &Manifest,
    known: &[DataFile],
    place: &Workplace,
    watcher: Watcher<'_>,
) -> Result<(), BackupError> {
    if verify(draft.reader()?, key, known, place, watcher)? == *manifest {
        return Ok(());
    }
    Err(BackupError::refused("its manifest is another one"))
}

fn write_files(
    cut: &Cut,
    into: &Scratch,
    now: Time,
    watcher: Watcher<'_>,
) -> Result<Manifest, BackupError> {
    let mut files = Vec::new();
    let mut while_there_is_room = |progress| {
        let room = into.place().room_for(0);
        room.map_err(|error| no_room("to copy the data that goes into the archive", &error))?;
        watcher(progress)
    };
    for file in &cut.files {
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
    Ok(Manifest::new(now, files, cut.audit()))
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
