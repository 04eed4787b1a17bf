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
use crate::{
    paths::{give_to_owner_of, sync_directory},
    write_behind::WriteBehind,
};

/// How much goes to the disk at once: little enough for a commit to wait for, enough for its speed.
const PIECE: usize = 256 << 10;
/// How many pieces may be on their way.
const UNDERWAY: usize = 6;
/// How much the disk is given before it is told to keep it, in bytes.
const SYNCED: usize = 4 << 20;
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
    let mut file = Direct::new(file.map_err(failed)?).map_err(failed)?;
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

/// A new file that is written around the page cache, in whole pieces but for the last, while the next
/// pieces are gathered.
struct Direct {
    piece: Piece,
    behind: WriteBehind<Piece, Target>,
    length: u64,
}

/// Where pieces go.
struct Target {
    file: File,
    /// How much of it the disk was not told to keep yet, in bytes.
    unsynced: usize,
}

/// What is written at once.
struct Piece {
    /// Longer than a piece by what it takes for one in it to be aligned; never grows, so never moves.
    buffer: Vec<u8>,
    /// Where in the buffer the piece begins.
    begin: usize,
    filled: usize,
}

impl Direct {
    fn new(file: File) -> io::Result<Self> {
        set_direct(&file, true);
        let pieces = std::iter::repeat_with(Piece::new).take(UNDERWAY);
        let target = Target { file, unsynced: 0 };
        let behind = WriteBehind::start("archive-writer", pieces, target, Target::write)?;
        Ok(Self { piece: Piece::new(), behind, length: 0 })
    }

    /// Writes the rest and makes it last; answers with the length.
    fn finish(self) -> io::Result<u64> {
        let Self { mut piece, behind, length } = self;
        let mut target = behind.finish()?;
        // The rest is no multiple of anything.
        set_direct(&target.file, false);
        target.write(&mut piece)?;
        target.file.sync_all()?;
        Ok(length)
    }
}

impl Write for Direct {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.piece.fill(bytes);
        self.length += count as u64;
        if self.piece.filled == PIECE {
            self.behind.hand_over(&mut self.piece)?;
        }
        Ok(count)
    }

    /// What is gathered waits for more; `finish` writes the rest.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Target {
    /// Writes what a piece holds. The disk is told to keep it a little at a time: told at the end alone, it
    /// would keep everybody waiting for all of it.
    fn write(&mut self, piece: &mut Piece) -> io::Result<()> {
        self.unsynced += piece.filled;
        piece.write_to(&mut self.file)?;
        if self.unsynced >= SYNCED {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }
}

impl Piece {
    fn new() -> Self {
        let buffer = vec![0; PIECE + ALIGNMENT];
        let begin = buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self { buffer, begin, filled: 0 }
    }

    /// Takes as much as there is room for; says how much that was.
    fn fill(&mut self, bytes: &[u8]) -> usize {
        let room = self.buffer.get_mut(self.begin + self.filled..self.begin + PIECE);
        let room = room.unwrap_or_default();
        let count = room.len().min(bytes.len());
        room.split_at_mut(count).0.copy_from_slice(bytes.split_at(count).0);
        self.filled += count;
        count
    }

    /// Writes what it holds, and is empty then.
    fn write_to(&mut self, file: &mut File) -> io::Result<()> {
        let end = self.begin + std::mem::take(&mut self.filled);
        let mut left = self.buffer.get(self.begin..end).unwrap_or_default();
        while !left.is_empty() {
            match file.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => left = left.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The file system takes the flag and does not mean it, or took a part that leaves the rest
                // unaligned: it goes on as usual from there.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput && is_direct(file) => {
                    set_direct(file, false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether it is written around the page cache.
fn is_direct(file: &File) -> bool {
    fcntl_getfl(file).is_ok_and(|flags| flags.contains(OFlags::DIRECT))
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
