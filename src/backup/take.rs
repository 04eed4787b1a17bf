//! Taking a backup: a cut becomes files, the files become an archive.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    num::NonZeroU64,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    BackupDirectory, BackupError, BackupName, Cut, DataFile, Manifest, Seal,
    archive::{hash_of, write},
    directory::DRAFT_SUFFIX,
    manifest::FileManifest,
    progress::Watcher,
    scratch::{self, Scratch},
};
use crate::{
    clock::Time,
    paths::{give_to_owner_of, sync_directory},
};

/// How much of an archive is gathered before the disk begins with it.
const PACE_BYTES: u64 = 128 << 10;

/// Where an archive goes.
pub enum Destination<'d> {
    /// Into the backup directory, under a name made of the time.
    Directory,
    /// Into the backup directory, under a name that nobody else uses: whoever asked for it takes it away
    /// at once. What is left there is swept up by the next backup.
    HandOver,
    /// To a file that is not there yet.
    File(&'d Path),
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
        Destination::File(path) => Some(path.to_path_buf()),
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
        (_, Some(path)) => write_whole(path, &mut pack)?,
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
        let (sha256, bytes) = hash_of(&path)?;
        files.push(FileManifest {
            name: file.file.name.to_owned(),
            schema_version: file.about.schema_version,
            made_by: file.about.made_by.clone(),
            bytes,
            sha256,
            rows,
        });
    }
    Ok(Manifest::new(now, files, cut.audit()))
}

/// Writes a file so that its name appears with all of it; answers with its length.
///
/// # Errors
/// Those of `pack`, and when the disk fails or is full; nothing is left then.
pub fn write_whole(
    path: &Path,
    pack: &mut dyn FnMut(&mut dyn Write) -> Result<(), BackupError>,
) -> Result<u64, BackupError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(DRAFT_SUFFIX);
    let draft = PathBuf::from(draft);
    let failed = |error: io::Error| BackupError::io(&draft, &error);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
    let mut file = Paced { file: file.map_err(failed)?, length: 0, sent: 0 };
    let written = pack(&mut file)
        .and_then(|()| file.file.sync_all().map_err(failed))
        .and_then(|()| fs::rename(&draft, path).map_err(|error| BackupError::io(path, &error)));
    if let Err(error) = written {
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    let directory = path.parent().filter(|above| !above.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    give_to_owner_of(directory, path);
    sync_directory(directory).map_err(|error| BackupError::io(directory, &error))?;
    Ok(file.file.metadata().map_err(failed)?.len())
}

/// A file that goes to the disk a little at a time: all of it at once would hold up whoever else waits
/// for the disk, the commits of the databases before all.
struct Paced {
    file: File,
    length: u64,
    sent: u64,
}

impl Write for Paced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.length += u64::try_from(written).unwrap_or(u64::MAX);
        let waiting = self.length - self.sent;
        if waiting >= PACE_BYTES {
            // Begins to write without waiting for it, and needs the pages no more. It is advice: the
            // sync at the end does what it did not.
            let (sent, waiting) = (self.sent, NonZeroU64::new(waiting));
            let _ = rustix::fs::fadvise(&self.file, sent, waiting, rustix::fs::Advice::DontNeed);
            self.sent = self.length;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
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
