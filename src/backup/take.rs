//! Taking a backup: a cut becomes files, the files become an archive.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    BackupDirectory, BackupError, BackupName, Cut, DataFile, Manifest, Seal,
    archive::write,
    manifest::FileManifest,
    progress::Watcher,
    scratch::{self, Scratch},
    whole::Draft,
};
use crate::clock::Time;

/// Where an archive goes.
pub enum Destination<'d> {
    /// Into the backup directory, under a name made of the time.
    Directory,
    /// Into the backup directory, under a name that nobody else uses: whoever asked for it takes it away
    /// at once. What is left there is swept up by the next backup.
    HandOver,
    /// Into a draft, whose name it does not get yet: that is up to whoever made it.
    Draft(&'d mut Draft),
    /// Somewhere else as it is made, such as standard output.
    Stream(&'d mut dyn Write),
}

/// A backup that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Where it lies; nothing when it was streamed.
    pub path: Option<PathBuf>,
    /// What is in it.
    pub manifest: Manifest,
    /// The length of the archive; 0 when it was streamed.
    pub bytes: u64,
    /// How long writers were held.
    pub held: Duration,
    /// How long all of it took.
    pub took: Duration,
}

impl Taken {
    /// Its name, when it lies in the backup directory.
    pub fn name(&self) -> Option<BackupName> {
        self.path.as_ref()?.file_name()?.to_str()?.parse().ok()
    }
}

/// Takes a backup of `cut`. The directory is where the files are copied to on the way, also when the
/// archive goes elsewhere. One backup at a time: whoever comes second is refused.
///
/// An archive is written under another name and synced before it gets its own, so what has the name of
/// an archive is whole.
///
/// # Errors
/// When another backup is in progress, the file is there already, or a disk fails or is full.
pub fn take(
    cut: &dyn Fn() -> Result<Cut, BackupError>,
    directory: &BackupDirectory,
    destination: Destination<'_>,
    seal: &Seal,
    now: Time,
    watcher: Watcher<'_>,
) -> Result<Taken, BackupError> {
    let start = Instant::now();
    let _lock = directory.lock()?;
    let target = match &destination {
        Destination::Directory => Some(directory.free_name(now, seal.encrypts())),
        Destination::HandOver => Some(directory.path().join(scratch::hand_over_name()?)),
        Destination::Draft(draft) => Some(draft.target().to_owned()),
        Destination::Stream(_) => None,
    };
    if let Some(path) = target.as_ref().filter(|path| path.exists()) {
        return Err(BackupError::InUse(format!("{} is there already", path.display())));
    }
    let scratch = Scratch::new(directory.path())?;
    let cut = cut()?;
    let held = cut.held();
    let manifest = write_files(&cut, scratch.path(), now, watcher)?;
    let known: Vec<DataFile> = cut.files.iter().map(|cut| cut.file).collect();
    // Old pages need not be kept while the archive is written.
    drop(cut);
    let mut pack =
        |out: &mut dyn Write| write(&manifest, &known, scratch.path(), seal, out, watcher);
    let bytes = match (destination, &target) {
        (Destination::Stream(out), _) => pack(out).map(|()| 0)?,
        (Destination::Draft(draft), _) => draft.fill(&mut pack)?,
        (_, Some(path)) => {
            let mut draft = Draft::of(path)?;
            let bytes = draft.fill(&mut pack)?;
            draft.publish()?;
            bytes
        }
        (_, None) => 0,
    };
    Ok(Taken { path: target, manifest, bytes, held, took: start.elapsed() })
}

fn write_files(
    cut: &Cut,
    into: &Path,
    now: Time,
    watcher: Watcher<'_>,
) -> Result<Manifest, BackupError> {
    let mut files = Vec::new();
    for file in &cut.files {
        let path = into.join(file.file.name);
        let rows = file.write_to(&path, watcher)?;
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

impl BackupDirectory {
    /// Where an archive of this moment goes: a name that is free, a second later for each that is not.
    fn free_name(&self, now: Time, encrypted: bool) -> PathBuf {
        let mut name = BackupName { time: Time::EPOCH.plus_seconds(now.as_seconds()), encrypted };
        loop {
            let path = self.path().join(name.to_string());
            if !path.exists() {
                return path;
            }
            name.time = name.time.plus_seconds(1);
        }
    }
}
