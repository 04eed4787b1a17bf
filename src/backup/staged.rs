//! Replacing all files of a data directory at once: new ones, made and proven beside them, take their places, and
//! the old ones are kept.
//!
//! A power cut at any point leaves the old files or the new ones, never some of each:
//!
//! 1. The new files are made in a private directory beside the databases ([`StagedFiles`]). Cut short, this is
//!    litter, which is swept up.
//! 2. That directory is renamed to `restore-ready`. This is the moment that decides.
//! 3. File by file, the old one moves into the safety directory and the new one into its place. Cut
//!    short, [`finish_restore`] goes on at the next start: what has not moved yet still lies where it was.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{BackupError, DataFile, name::stamp, temp_dir::TempDir, workplace::Workplace};
use crate::{
    clock::Time,
    paths::{Claim, ClaimKind, DataDir, create_private, sync_directory, write_atomically},
};

/// In `restore-ready`: the name of the safety directory.
const SAFETY_NAME: &str = "safety";
/// What that name begins with; the time follows.
const SAFETY_PREFIX: &str = "restore-safety-";

/// New files of a data directory that nobody else has open, in the making. Dropped before they take their places,
/// they are removed and nothing has changed.
pub struct StagedFiles<'a> {
    files: &'a [DataFile],
    data: &'a DataDir,
    temp_dir: TempDir,
    _access: ExclusiveAccess,
}

impl<'a> StagedFiles<'a> {
    /// Begins with none, after a replacement that was cut short was finished. The data directory is made when it is
    /// not there.
    ///
    /// # Errors
    /// [`BackupError::InUse`] while anyone has the directory open, and when the disk fails.
    pub fn begin(files: &'a [DataFile], data: &'a DataDir) -> Result<Self, BackupError> {
        data.create().map_err(|error| BackupError::io(data.root(), &error))?;
        let claim = claim_alone(data)?;
        move_into_place(files, data)?;
        let access = ExclusiveAccess { _claim: claim, _locked: lock_files(files, data)? };
        let temp_dir = TempDir::new(&Workplace::new(data.root()))?;
        Ok(Self { files, data, temp_dir, _access: access })
    }

    /// Where the new files are to be made, each under its own name.
    pub fn path(&self) -> &Path {
        self.temp_dir.path()
    }

    pub(super) const fn temp_dir(&self) -> &TempDir {
        &self.temp_dir
    }

    /// Syncs what was made so far: every file must be there. Takes as long as the disk does; who has other work
    /// meanwhile does it beside this.
    ///
    /// # Errors
    /// When a file is missing or the disk fails.
    pub fn sync(&self) -> Result<(), BackupError> {
        self.files.iter().try_for_each(|file| {
            let path = self.path().join(file.name);
            let synced = fs::File::open(&path).and_then(|file| file.sync_all());
            synced.map_err(|error| BackupError::io(&path, &error))
        })
    }

    /// Puts the new files in the place of the old ones, which are kept; answers with the directory that keeps them, or
    /// nothing when there were none.
    ///
    /// # Errors
    /// When a file is missing, and nothing has changed then; or the disk fails. Once it is decided the next start goes
    /// on.
    pub fn take_place(self, now: Time) -> Result<Option<PathBuf>, BackupError> {
        let Self { files, data, temp_dir, .. } = &self;
        let failed = |error: io::Error| BackupError::io(data.root(), &error);
        let safety = format!("{SAFETY_PREFIX}{}", free_stamp(data, now));
        let name = temp_dir.path().join(SAFETY_NAME);
        write_atomically(&name, safety.as_bytes(), 0o600).map_err(failed)?;
        self.sync()?;
        sync_directory(temp_dir.path()).map_err(failed)?;
        fs::rename(temp_dir.path(), data.restore_ready()).map_err(failed)?;
        sync_directory(data.root()).map_err(failed)?;
        move_into_place(files, data)?;
        Ok(Some(data.root().join(safety)).filter(|safety| safety.exists()))
    }
}

/// A data directory and databases that nobody else has open while this lives.
pub(super) struct ExclusiveAccess {
    _claim: Claim,
    _locked: Vec<fs::File>,
}

impl ExclusiveAccess {
    /// Claims what is there.
    ///
    /// # Errors
    /// [`BackupError::InUse`] while anyone has it open.
    pub(super) fn claim(files: &[DataFile], data: &DataDir) -> Result<Self, BackupError> {
        let claim = claim_alone(data)?;
        Ok(Self { _claim: claim, _locked: lock_files(files, data)? })
    }
}

/// Goes on with a replacement that was cut short after it was decided; says whether there was one. For every
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

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [DataFile; 2] = [file("a.redb"), file("b.redb")];
    const NOW: Time = Time::from_millis(1_800_000_000_000);

    const fn file(name: &'static str) -> DataFile {
        DataFile { name, tables: &[], migrations: &[], audit: None }
    }

    fn data() -> (tempfile::TempDir, DataDir) {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::new(home.path().join("data"));
        data.create().unwrap();
        (home, data)
    }

    fn write(directory: &Path, text: &str) {
        for file in FILES {
            fs::write(directory.join(file.name), text).unwrap();
        }
    }

    fn texts(directory: &Path) -> Vec<String> {
        FILES.iter().filter_map(|file| fs::read_to_string(directory.join(file.name)).ok()).collect()
    }

    /// Names of directories below the data directory, but for the one that is always there.
    fn directories(data: &DataDir) -> Vec<String> {
        let entries = fs::read_dir(data.root()).unwrap().map(Result::unwrap);
        let directories = entries.filter(|entry| entry.file_type().unwrap().is_dir());
        let names = directories.map(|entry| entry.file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "tls").collect();
        names.sort();
        names
    }

    #[test]
    fn new_files_take_the_places_of_the_old_ones_which_are_kept() {
        let (_home, data) = data();
        write(data.root(), "old");
        let staged = StagedFiles::begin(&FILES, &data).unwrap();
        write(staged.path(), "new");
        assert_eq!(texts(data.root()), ["old", "old"]);
        let safety = staged.take_place(NOW).unwrap().unwrap();
        assert_eq!(texts(data.root()), ["new", "new"]);
        assert_eq!(texts(&safety), ["old", "old"]);
        assert_eq!(directories(&data), [safety.file_name().unwrap().to_str().unwrap()]);
        let again = StagedFiles::begin(&FILES, &data).unwrap();
        write(again.path(), "newer");
        let other = again.take_place(NOW).unwrap().unwrap();
        assert_ne!(other, safety, "of the same second, and neither is lost");
        assert_eq!((texts(&other), texts(&safety)), (vec!["new".into(); 2], vec!["old".into(); 2]));
    }

    #[test]
    fn where_nothing_was_nothing_is_kept() {
        let (_home, data) = data();
        let staged = StagedFiles::begin(&FILES, &data).unwrap();
        write(staged.path(), "new");
        assert_eq!(staged.take_place(NOW).unwrap(), None);
        assert_eq!((texts(data.root()), directories(&data)), (vec!["new".into(); 2], vec![]));
    }

    #[test]
    fn files_that_are_not_all_there_or_given_up_change_nothing() {
        let (_home, data) = data();
        write(data.root(), "old");
        let staged = StagedFiles::begin(&FILES, &data).unwrap();
        fs::write(staged.path().join("a.redb"), "new").unwrap();
        assert!(staged.take_place(NOW).is_err());
        let staged = StagedFiles::begin(&FILES, &data).unwrap();
        write(staged.path(), "new");
        drop(staged);
        assert_eq!((texts(data.root()), directories(&data)), (vec!["old".into(); 2], vec![]));
        assert!(!finish_restore(&FILES, &data).unwrap());
    }

    #[test]
    fn two_that_replace_the_same_files_do_not_meet() {
        let (_home, data) = data();
        let first = StagedFiles::begin(&FILES, &data).unwrap();
        let second = StagedFiles::begin(&FILES, &data).err();
        assert!(matches!(second, Some(BackupError::InUse(_))), "{second:?}");
        drop(first);
        assert!(StagedFiles::begin(&FILES, &data).is_ok());
    }

    #[test]
    fn what_was_decided_is_finished_from_wherever_it_was_cut_short() {
        // How many files had moved away, and how many into their places.
        for (kept, moved) in [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)] {
            let (_home, data) = data();
            write(data.root(), "old");
            fs::create_dir(data.restore_ready()).unwrap();
            write(&data.restore_ready(), "new");
            fs::write(data.restore_ready().join(SAFETY_NAME), "restore-safety-x").unwrap();
            let safety = data.root().join("restore-safety-x");
            create_private(&safety).unwrap();
            let (ready, root) = (data.restore_ready(), data.root());
            for file in FILES.iter().take(kept) {
                fs::rename(root.join(file.name), safety.join(file.name)).unwrap();
            }
            for file in FILES.iter().take(moved) {
                fs::rename(ready.join(file.name), root.join(file.name)).unwrap();
            }
            assert!(finish_restore(&FILES, &data).unwrap());
            assert_eq!(
                (texts(root), texts(&safety)),
                (vec!["new".into(); 2], vec!["old".into(); 2])
            );
            assert_eq!(directories(&data), ["restore-safety-x"]);
        }
    }

    #[test]
    fn a_safety_directory_elsewhere_is_refused() {
        for name in ["restore-safety-/../../x", "elsewhere", ""] {
            let (_home, data) = data();
            write(data.root(), "old");
            fs::create_dir(data.restore_ready()).unwrap();
            write(&data.restore_ready(), "new");
            fs::write(data.restore_ready().join(SAFETY_NAME), name).unwrap();
            assert!(finish_restore(&FILES, &data).is_err(), "{name}");
            assert_eq!(texts(data.root()), ["old", "old"]);
        }
    }
}
