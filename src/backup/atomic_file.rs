//! A file whose name appears with all of it, and that gets to the disk without holding up anybody else.
//!
//! What is written through the page cache reaches the disk in bursts, and a commit of a database that comes
//! meanwhile waits behind all of a burst. An archive goes around the cache (`O_DIRECT`), a piece at a time
//! and each only when the one before is there: a commit waits behind one piece at most. Where a file system
//! cannot do that, it is written as usual.

use std::{
    fs::{self, File},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::BackupError;
use crate::{
    paths::{create_new, directory_above, draft_of, rename_to_free, sync_directory},
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

/// A file that gets its name when all of it is there. Dropped before that, nothing is left of it.
#[derive(Debug)]
pub struct AtomicFile {
    /// What it is called until then, which nobody can guess.
    name: PathBuf,
    target: PathBuf,
    file: File,
    published: bool,
}

impl AtomicFile {
    /// Makes one for `target`, beside it and for its owner alone.
    ///
    /// # Errors
    /// When the disk fails or is full.
    pub fn of(target: &Path) -> Result<Self, BackupError> {
        let failed = |error: io::Error| BackupError::io(target, &error);
        let name = draft_of(target).map_err(failed)?;
        let file = create_new(&name).map_err(failed)?;
        Ok(Self { name, target: target.to_owned(), file, published: false })
    }

    /// What it will be called.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Writes all of it, and to the disk; answers with its length.
    ///
    /// # Errors
    /// Those of `pack`, and when the disk fails or is full.
    pub fn fill(
        &mut self,
        pack: &mut dyn FnMut(&mut dyn Write) -> Result<(), BackupError>,
    ) -> Result<u64, BackupError> {
        let failed = |error: io::Error| BackupError::io(&self.target, &error);
        let file = self.file.try_clone().and_then(Direct::new);
        let mut file = file.map_err(failed)?;
        pack(&mut file)?;
        file.finish().map_err(failed)
    }

    /// What was written, from its beginning and from the disk, as far as the file system goes around its cache.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) fn reader(&self) -> Result<File, BackupError> {
        let read = || {
            let mut file = self.file.try_clone()?;
            set_direct(&file, false);
            file.rewind()?;
            Ok(file)
        };
        read().map_err(|error| BackupError::io(&self.target, &error))
    }

    /// Gives it its name, for good.
    ///
    /// # Errors
    /// [`BackupError::InUse`] when something has that name; when the disk fails.
    pub fn publish(mut self) -> Result<(), BackupError> {
        let failed = |error: io::Error| BackupError::io(&self.target, &error);
        match rename_to_free(&self.name, &self.target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let taken = self.target.display();
                return Err(BackupError::InUse(format!("{taken} is there already")));
            }
            renamed => renamed.map_err(failed)?,
        }
        self.published = true;
        sync_directory(directory_above(&self.target)).map_err(failed)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.name);
        }
    }
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
        let mut draft = AtomicFile::of(&path).unwrap();
        let said = draft.fill(&mut |out| {
            bytes.chunks(100_003).try_for_each(|part| out.write_all(part)).unwrap();
            Ok(())
        });
        assert_eq!(said.unwrap(), length as u64);
        assert!(!path.exists());
        draft.publish().unwrap();
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
        let mut draft = AtomicFile::of(&directory.path().join("none")).unwrap();
        let refused = draft.fill(&mut |out| {
            out.write_all(&vec![0; PIECE + 1]).unwrap();
            Err(BackupError::Failed("no".into()))
        });
        drop(draft);
        assert!(refused.is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_gets_a_name_that_is_free_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let (path, bytes) = written(directory.path(), 10);
        let draft = AtomicFile::of(&path).unwrap();
        assert!(matches!(draft.publish(), Err(BackupError::InUse(_))));
        assert!(fs::read(path).unwrap() == bytes);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn no_two_drafts_of_a_file_have_the_same_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive");
        let (one, other) = (AtomicFile::of(&path).unwrap(), AtomicFile::of(&path).unwrap());
        assert_ne!(one.name, other.name);
    }
}
