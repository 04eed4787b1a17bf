//! A file whose name appears with all of it, and that gets to the disk without holding up anybody else.
//!
//! What is written through the page cache reaches the disk in bursts, and a commit of a database that comes
//! meanwhile waits behind all of a burst. An archive goes around the cache (`O_DIRECT`), a piece at a time
//! and each only when the one before is there: a commit waits behind one piece at most. Where a file system
//! cannot do that, it is written as usual.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::{BackupError, directory::DRAFT_SUFFIX};
use crate::paths::{give_to_owner_of, sync_directory};

/// How much goes to the disk at once: little enough for a commit to wait for, enough for its speed.
const PIECE: usize = 256 << 10;
/// What direct writes must be aligned to, in memory and on the disk: a page, which any sector divides.
const ALIGNMENT: usize = 4 << 10;

/// Writes a file so that its name appears with all of it; answers with its length.
///
/// # Errors
/// Those of `pack`, and when the disk fails or is full; nothing is left then.
pub(super) fn write_whole(
    path: &Path,
    pack: &mut dyn FnMut(&mut dyn Write) -> Result<(), BackupError>,
) -> Result<u64, BackupError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(DRAFT_SUFFIX);
    let draft = PathBuf::from(draft);
    let failed = |error: io::Error| BackupError::io(&draft, &error);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
    let mut file = Direct::new(file.map_err(failed)?);
    let written = pack(&mut file).and_then(|()| file.finish().map_err(failed)).and_then(|length| {
        fs::rename(&draft, path).map_err(|error| BackupError::io(path, &error))?;
        Ok(length)
    });
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    let length = written?;
    settle(path)?;
    Ok(length)
}

/// Gives a finished file another name, which need not be on the same disk.
///
/// # Errors
/// [`BackupError::InUse`] when that name is taken; when a disk fails or is full. The file is where it was
/// then.
pub fn move_whole(from: &Path, to: &Path) -> Result<(), BackupError> {
    match fs::hard_link(from, to) {
        Ok(()) => settle(to)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::InUse(format!("{} is there already", to.display())));
        }
        // Another disk, or a file system without links.
        Err(_) => {
            let mut source = File::open(from).map_err(|error| BackupError::io(from, &error))?;
            write_whole(to, &mut |out| {
                io::copy(&mut source, out).map_err(|error| BackupError::io(to, &error))?;
                Ok(())
            })?;
        }
    }
    fs::remove_file(from).map_err(|error| BackupError::io(from, &error))
}

/// Makes a new name last, and the file that of whoever owns the directory.
fn settle(path: &Path) -> Result<(), BackupError> {
    let directory = path.parent().filter(|above| !above.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    give_to_owner_of(directory, path);
    sync_directory(directory).map_err(|error| BackupError::io(directory, &error))
}

/// A new file that is written around the page cache, in whole pieces but for the last.
struct Direct {
    file: File,
    /// Longer than a piece by what it takes for one in it to be aligned; never grows, so never moves.
    buffer: Vec<u8>,
    /// Where in the buffer the piece begins.
    begin: usize,
    filled: usize,
    length: u64,
    goes_around: bool,
}

impl Direct {
    fn new(file: File) -> Self {
        let buffer = vec![0; PIECE + ALIGNMENT];
        let begin = buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        set_direct(&file, true);
        Self { file, buffer, begin, filled: 0, length: 0, goes_around: true }
    }

    /// The part of the buffer that is one piece.
    fn piece(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.begin..self.begin + PIECE).unwrap_or_default()
    }

    /// Writes what is gathered.
    fn send(&mut self) -> io::Result<()> {
        let filled = std::mem::take(&mut self.filled);
        let mut left = self.buffer.get(self.begin..self.begin + filled).unwrap_or_default();
        while !left.is_empty() {
            match self.file.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => left = left.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The file system takes the flag and does not mean it, or took a part that leaves the rest
                // unaligned: it goes on as usual from there.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput && self.goes_around => {
                    self.goes_around = false;
                    set_direct(&self.file, false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes the rest and makes it last; answers with the length.
    fn finish(&mut self) -> io::Result<u64> {
        // The rest is no multiple of anything.
        self.goes_around = false;
        set_direct(&self.file, false);
        self.send()?;
        self.file.sync_all()?;
        Ok(self.length)
    }
}

impl Write for Direct {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let filled = self.filled;
        let room = self.piece().get_mut(filled..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        room.split_at_mut(count).0.copy_from_slice(bytes.split_at(count).0);
        self.filled += count;
        self.length += count as u64;
        if self.filled == PIECE {
            self.send()?;
        }
        Ok(count)
    }

    /// What is gathered waits for more; `finish` writes the rest.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Switches direct writing on or off. It is a wish: what cannot be switched stays as it is.
fn set_direct(file: &File, on: bool) {
    if let Ok(flags) = fcntl_getfl(file) {
        let _ = fcntl_setfl(file, if on { flags | OFlags::DIRECT } else { flags - OFlags::DIRECT });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that are no two pieces alike, given away in unequal parts.
    fn written(directory: &Path, length: usize) -> (PathBuf, Vec<u8>) {
        let bytes: Vec<u8> = (0..=250).flat_map(|byte| [byte; 7]).cycle().take(length).collect();
        let path = directory.join(format!("of-{length}"));
        let said = write_whole(&path, &mut |out| {
            bytes.chunks(100_003).try_for_each(|part| out.write_all(part)).unwrap();
            Ok(())
        });
        assert_eq!(said.unwrap(), length as u64);
        (path, bytes)
    }

    #[test]
    fn a_file_of_any_length_is_written_whole() {
        let directory = tempfile::tempdir().unwrap();
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 4_097] {
            let (path, bytes) = written(directory.path(), length);
            assert!(fs::read(path).unwrap() == bytes, "{length}");
        }
    }

    #[test]
    fn a_file_that_could_not_be_packed_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let refused = write_whole(&directory.path().join("none"), &mut |out| {
            out.write_all(&vec![0; PIECE + 1]).unwrap();
            Err(BackupError::Failed("no".into()))
        });
        assert!(refused.is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_moves_to_a_name_that_is_free_and_to_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let (path, bytes) = written(directory.path(), 10);
        let (other, _) = written(directory.path(), 20);
        assert!(matches!(move_whole(&path, &other), Err(BackupError::InUse(_))));
        assert!(path.exists());
        let free = directory.path().join("free");
        move_whole(&path, &free).unwrap();
        assert!(!path.exists() && fs::read(free).unwrap() == bytes);
    }
}
