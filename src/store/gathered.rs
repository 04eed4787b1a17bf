//! A file whose small writes are gathered into long ones, which go to it while the next are gathered, and
//! that is never synced: where a copy is made.
//!
//! redb writes page by page, 4 KiB at a time, in the order in which its cache lets go of them. The calls
//! alone took a fifth of the time of a copy, and the system's share of writing another fifth.

use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::{StorageBackend, backends::FileBackend};

use crate::write_behind::WriteBehind;

/// How many bytes wait before they are written, in the order of their places.
const GATHERED_BYTES: usize = 1 << 20;

/// A file and what is still to be written to it.
#[derive(Debug)]
pub(super) struct Gathered {
    file: Arc<FileBackend>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    waiting: Waiting,
    behind: WriteBehind<Waiting, Target>,
}

/// Where they go.
#[derive(Debug)]
struct Target {
    file: Arc<FileBackend>,
    /// What is side by side in the file comes together here.
    run: Vec<u8>,
}

/// Writes that wait, no two of which overlap.
#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Where in `bytes` is what belongs to a place in the file.
    places: BTreeMap<u64, Range<usize>>,
}

impl Gathered {
    pub(super) fn new(file: FileBackend) -> io::Result<Self> {
        let file = Arc::new(file);
        let target = Target { file: Arc::clone(&file), run: Vec::new() };
        let buffers = [Waiting::default()];
        let behind = WriteBehind::start("backup-writer", buffers, target, Target::write)?;
        let state = Mutex::new(State { waiting: Waiting::default(), behind });
        Ok(Self { file, state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets what waits be written.
    fn send(&mut self) -> io::Result<()> {
        self.behind.hand_over(&mut self.waiting)
    }

    /// Waits until all of it is in the file.
    fn settle(&mut self) -> io::Result<()> {
        self.send()?;
        self.behind.settle()
    }
}

impl Waiting {
    fn overlaps(&self, offset: u64, length: usize) -> bool {
        let end = offset.saturating_add(length as u64);
        let last = self.places.range(..end).next_back();
        last.is_some_and(|(begin, place)| begin + place.len() as u64 > offset)
    }

    /// What begins there, if so much of it waits.
    fn at(&mut self, offset: u64, length: usize) -> Option<&mut [u8]> {
        let place = self.places.get(&offset)?.clone();
        self.bytes.get_mut(place)?.get_mut(..length)
    }

    fn put(&mut self, offset: u64, data: &[u8]) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(data);
        self.places.insert(offset, begin..self.bytes.len());
    }
}

impl Target {
    /// Writes everything, what is side by side at once.
    fn write(&mut self, waiting: &mut Waiting) -> io::Result<()> {
        let Self { file, run } = self;
        let mut begin = 0;
        for (offset, place) in std::mem::take(&mut waiting.places) {
            if begin + run.len() as u64 != offset {
                file.write(begin, run)?;
                run.clear();
                begin = offset;
            }
            run.extend_from_slice(waiting.bytes.get(place).unwrap_or_default());
        }
        file.write(begin, run)?;
        run.clear();
        waiting.bytes.clear();
        Ok(())
    }
}

impl StorageBackend for Gathered {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let mut state = self.state();
        if let Some(written) = state.waiting.at(offset, out.len()) {
            out.copy_from_slice(written);
            return Ok(());
        }
        if state.waiting.overlaps(offset, out.len()) {
            state.send()?;
        }
        state.behind.settle()?;
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.state().settle()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut state = self.state();
        let same = state.waiting.places.get(&offset).is_some_and(|place| place.len() == data.len());
        if same && let Some(written) = state.waiting.at(offset, data.len()) {
            written.copy_from_slice(data);
        } else {
            if state.waiting.overlaps(offset, data.len()) {
                state.send()?;
            }
            state.waiting.put(offset, data);
        }
        if state.waiting.bytes.len() >= GATHERED_BYTES {
            state.send()?;
        }
        Ok(())
    }

    fn close(&self) -> Result<(), io::Error> {
        self.state().settle()?;
        self.file.close()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LENGTH: usize = 4_096;

    #[derive(Debug, Clone)]
    enum Step {
        Write(usize, Vec<u8>),
        Read(usize, usize),
        Cut(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let bytes = prop::collection::vec(any::<u8>(), 1..600);
        let step = prop_oneof![
            6 => (0..LENGTH / 64, bytes).prop_map(|(at, bytes)| Step::Write(at * 64, bytes)),
            3 => (0..LENGTH / 64, 1..600_usize).prop_map(|(at, length)| Step::Read(at * 64, length)),
            1 => (LENGTH / 2..LENGTH).prop_map(Step::Cut),
        ];
        prop::collection::vec(step, 1..60)
    }

    proptest! {
        #[test]
        fn it_reads_and_ends_like_one_that_writes_at_once(steps in steps()) {
            let file = tempfile::NamedTempFile::new().unwrap();
            let gathered = Gathered::new(FileBackend::new(file.reopen().unwrap()).unwrap()).unwrap();
            let mut model = vec![0; 2 * LENGTH];
            gathered.set_len(model.len() as u64).unwrap();
            for step in steps {
                match step {
                    Step::Write(at, bytes) => {
                        gathered.write(at as u64, &bytes).unwrap();
                        model[at..at + bytes.len()].copy_from_slice(&bytes);
                    }
                    Step::Read(at, length) => {
                        let mut read = vec![0; length];
                        gathered.read(at as u64, &mut read).unwrap();
                        prop_assert_eq!(&read, &model[at..at + length]);
                    }
                    Step::Cut(length) => {
                        gathered.set_len(length as u64).unwrap();
                        gathered.set_len(2 * LENGTH as u64).unwrap();
                        model[length..].fill(0);
                    }
                }
            }
            gathered.close().unwrap();
            prop_assert_eq!(std::fs::read(file.path()).unwrap(), model);
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let gathered = Gathered::new(FileBackend::new(file.reopen().unwrap()).unwrap()).unwrap();
        for page in 0..GATHERED_BYTES as u64 / 4_096 {
            assert_eq!(file.path().metadata().unwrap().len(), 0);
            gathered.write(page * 4_096, &[1; 4_096]).unwrap();
        }
        gathered.state().behind.settle().unwrap();
        assert_eq!(file.path().metadata().unwrap().len(), GATHERED_BYTES as u64);
        assert!(gathered.state().waiting.bytes.is_empty());
    }
}
