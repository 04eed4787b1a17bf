//! How files are made and opened to be written: the one place, so that no write follows a link.
//!
//! A name in a directory that somebody else writes to may be a link to something dear. So a new file is new
//! (`O_EXCL`), a file that is there is opened only when it is a file itself (`O_NOFOLLOW`), a draft has a
//! name that nobody can guess, and owner and permissions are changed through the descriptor.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};

use super::{directory_above, sync_directory};
use crate::crypto;

/// What the name of a file ends with while it is written.
pub const DRAFT_SUFFIX: &str = ".new";
/// The random part of a draft's name, in hexadecimal digits.
const RANDOM_DIGITS: usize = 16;
/// A draft this much older than another of the same file was left by a process that was killed.
const LEFT_AFTER: Duration = Duration::from_hours(1);

/// Makes a file for its owner alone, at a name where nothing is, to be read and written.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when anything is there, also a link; others when the system refuses.
pub fn create_new(path: &Path) -> io::Result<File> {
    open(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
}

/// Makes a file without a name on the disk of a directory, to be read and written: nobody else can open it, and it is
/// gone when it is closed, also after a kill.
///
/// # Errors
/// When the system refuses.
pub fn create_unnamed(directory: &Path) -> io::Result<File> {
    match open(directory, OFlags::RDWR | OFlags::TMPFILE) {
        // A file system, or a system, that has no such files.
        Err(error) if lacks_unnamed(&error) => {
            let draft = draft_of(&directory.join("unnamed"))?;
            let file = create_new(&draft)?;
            fs::remove_file(&draft)?;
            Ok(file)
        }
        opened => opened,
    }
}

fn lacks_unnamed(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    matches!(number, Some(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR))
}

/// Opens a file to be read and written in its place, made for its owner alone when it is not there.
///
/// # Errors
/// When it is a link, and when the system refuses.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    open(path, OFlags::RDWR | OFlags::CREATE)
}

/// Opens a file that is there to be read and written in its place.
///
/// # Errors
/// When it is a link, and when the system refuses.
pub fn open_in_place(path: &Path) -> io::Result<File> {
    open(path, OFlags::RDWR)
}

/// Opens a file to be read.
///
/// # Errors
/// When it is a link or no file at all, and when the system refuses.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Without waiting: a pipe would have the opener wait for somebody who writes.
    let file = open(path, OFlags::RDONLY | OFlags::NONBLOCK)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
}

fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(opened) => Ok(File::from(opened)),
        Err(rustix::io::Errno::LOOP) => Err(no_file()),
        Err(error) => Err(error.into()),
    }
}

fn no_file() -> io::Error {
    io::Error::other("it is a link or no file, and no link is followed here")
}

/// A name for a file while it is written, beside its own: nobody can guess it and put something there.
///
/// # Errors
/// When the system has no randomness.
pub fn draft_of(path: &Path) -> io::Result<PathBuf> {
    let random = crypto::random::<8>().map_err(|error| io::Error::other(error.to_string()))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}{DRAFT_SUFFIX}", u64::from_be_bytes(random)));
    Ok(PathBuf::from(name))
}

/// What a draft of that name becomes; nothing when it is none.
pub fn target_of(draft: &str) -> Option<&str> {
    let (target, random) = draft.strip_suffix(DRAFT_SUFFIX)?.rsplit_once('.')?;
    let is_random =
        random.len() == RANDOM_DIGITS && random.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_random.then_some(target)
}

/// Gives a file another name, at which nothing may be yet.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when something is there; others when the system refuses.
pub fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot promise it.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if !is_there(to) => {
            fs::rename(from, to)
        }
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            Err(io::ErrorKind::AlreadyExists.into())
        }
        renamed => Ok(renamed?),
    }
}

/// Whether anything has that name, be it a link to nothing.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Writes a file so that a power cut leaves the old one or the new one, whole: a temporary name,
/// fsync, rename, fsync of the directory. A link at its name is replaced, and what it leads to is left.
///
/// # Errors
/// When the system refuses; what was there is untouched.
pub fn write_atomically(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let draft = draft_of(path)?;
    let mut file = create_new(&draft)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.set_permissions(fs::Permissions::from_mode(mode)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written?;
    remove_left(path, &file);
    sync_directory(directory_above(path))
}

/// Removes the drafts of a file that killed processes left: those that are much older than `newest`.
fn remove_left(path: &Path, newest: &File) {
    let Ok(now) = newest.metadata().and_then(|metadata| metadata.modified()) else { return };
    let name = path.file_name().and_then(|name| name.to_str());
    for entry in fs::read_dir(directory_above(path)).into_iter().flatten().flatten() {
        let file_name = entry.file_name();
        let target = file_name.to_str().and_then(target_of);
        let left = |metadata: fs::Metadata| {
            let age = metadata.modified().ok().and_then(|then| now.duration_since(then).ok());
            metadata.is_file() && age.is_some_and(|age| age > LEFT_AFTER)
        };
        if target.is_some() && target == name && entry.metadata().is_ok_and(left) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Sets the permissions of what lies at a path itself, be it a socket: never of what a link leads to.
///
/// # Errors
/// When it is a link, and when the system refuses.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let itself = rustix::fs::open(path, flags, Mode::empty())?;
    let found = rustix::fs::fstat(&itself)?;
    if rustix::fs::FileType::from_raw_mode(found.st_mode).is_symlink() {
        return Err(no_file());
    }
    let number = std::os::fd::AsRawFd::as_raw_fd(&itself);
    let through = format!("/proc/self/fd/{number}");
    match rustix::fs::chmodat(CWD, through.as_str(), Mode::from_raw_mode(mode), AtFlags::empty()) {
        // Where nothing is mounted at /proc.
        Err(rustix::io::Errno::NOENT) => {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
        }
        set => Ok(set?),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.pem");
        write_atomically(&path, b"old", 0o644).unwrap();
        write_atomically(&path, b"new", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_without_a_name_is_read_back_by_whoever_has_it_open_and_by_nobody_else() {
        use std::io::{Read, Seek};
        let directory = tempfile::tempdir().unwrap();
        let mut file = create_unnamed(directory.path()).unwrap();
        file.write_all(b"secret").unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "secret");
        assert!(create_unnamed(&directory.path().join("nowhere")).is_err());
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (dear, link) = (directory.path().join("dear"), directory.path().join("link"));
        fs::write(&dear, "dear").unwrap();
        fs::set_permissions(&dear, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&dear, &link).unwrap();
        assert_eq!(create_new(&link).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(open_or_create(&link).is_err() && open_in_place(&link).is_err());
        assert!(open_regular(&link).is_err() && set_mode(&link, 0o666).is_err());
        let nowhere = directory.path().join("nowhere");
        let dangling = directory.path().join("dangling");
        symlink(&nowhere, &dangling).unwrap();
        assert!(create_new(&dangling).is_err() && open_or_create(&dangling).is_err());
        assert!(rename_to_free(&dear, &dangling).is_err() && !nowhere.exists());
        write_atomically(&link, b"new", 0o600).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
        assert_eq!(fs::read(&dear).unwrap(), b"dear");
        assert_eq!(fs::metadata(&dear).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_name_that_is_taken_is_not_replaced_and_a_pipe_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let [from, to, pipe] = ["from", "to", "pipe"].map(|name| directory.path().join(name));
        fs::write(&from, "from").unwrap();
        rename_to_free(&from, &to).unwrap();
        fs::write(&from, "another").unwrap();
        let taken = rename_to_free(&from, &to).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"from");
        rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .unwrap();
        assert!(open_regular(&pipe).is_err());
    }

    #[test]
    fn a_draft_that_was_left_long_ago_goes_and_one_in_progress_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.pem");
        let [left, busy, other] = ["key.pem", "key.pem", "other"]
            .map(|name| draft_of(&directory.path().join(name)).unwrap());
        for draft in [&left, &busy, &other] {
            fs::write(draft, "").unwrap();
        }
        for draft in [&left, &other] {
            let old = std::time::UNIX_EPOCH;
            File::options().write(true).open(draft).unwrap().set_modified(old).unwrap();
        }
        write_atomically(&path, b"new", 0o600).unwrap();
        assert!(!left.exists() && busy.exists() && other.exists());
        assert_eq!(target_of(&busy.file_name().unwrap().to_string_lossy()), Some("key.pem"));
        assert_eq!(target_of("key.pem.new"), None);
    }
}
