//! A file whose small writes are gathered into long ones, and that is never synced: where a copy is made.
//!
//! redb writes page by page, 4 KiB at a time, in the order in which its cache lets go of them. The calls
//! alone took a fifth of the time of a copy.

use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::{StorageBackend, backends::FileBackend};

/// How many bytes wait before they are written, in the order of their places.
const GATHERED_BYTES: usize = 1 << 20;

/// A file and what is still to be written to it.
#[derive(Debug)]
pub(super) struct Gathered {
    file: FileBackend,
    waiting: Mutex<Waiting>,
}

/// Writes that wait, by their place. No two overlap.
#[derive(Debug, Default)]
struct Waiting {
    writes: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
}

impl Gathered {
    pub(super) fn new(file: FileBackend) -> Self {
        Self { file, waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn overlaps(&self, offset: u64, length: usize) -> bool {
        let end = offset.saturating_add(length as u64);
        let last = self.writes.range(..end).next_back();
        last.is_some_and(|(begin, bytes)| begin + bytes.len() as u64 > offset)
    }

    /// Writes everything, what is side by side at once.
    fn write_to(&mut self, file: &FileBackend) -> io::Result<()> {
        let mut run: Option<(u64, Vec<u8>)> = None;
        for (offset, bytes) in std::mem::take(&mut self.writes) {
            match &mut run {
                Some((begin, run)) if *begin + run.len() as u64 == offset => run.extend(bytes),
                other => {
                    if let Some((begin, run)) = other.replace((offset, bytes)) {
                        file.write(begin, &run)?;
                    }
                }
            }
        }
        self.bytes = 0;
        run.map_or(Ok(()), |(begin, run)| file.write(begin, &run))
    }
}

impl StorageBackend for Gathered {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let mut waiting = self.waiting();
        if let Some(written) = waiting.writes.get(&offset).and_then(|all| all.get(..out.len())) {
            out.copy_from_slice(written);
            return Ok(());
        }
        if waiting.overlaps(offset, out.len()) {
            waiting.write_to(&self.file)?;
        }
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.waiting().write_to(&self.file)?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut waiting = self.waiting();
        match waiting.writes.get_mut(&offset) {
            Some(written) if written.len() == data.len() => written.copy_from_slice(data),
            _ => {
                if waiting.overlaps(offset, data.len()) {
                    waiting.write_to(&self.file)?;
                }
                waiting.bytes += data.len();
                waiting.writes.insert(offset, data.to_vec());
            }
        }
        if waiting.bytes >= GATHERED_BYTES {
            waiting.write_to(&self.file)?;
        }
        Ok(())
    }

    fn close(&self) -> Result<(), io::Error> {
        self.waiting().write_to(&self.file)?;
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
            let gathered = Gathered::new(FileBackend::new(file.reopen().unwrap()).unwrap());
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
        let gathered = Gathered::new(FileBackend::new(file.reopen().unwrap()).unwrap());
        for page in 0..GATHERED_BYTES as u64 / 4_096 {
            assert_eq!(file.path().metadata().unwrap().len(), 0);
            gathered.write(page * 4_096, &[1; 4_096]).unwrap();
        }
        assert_eq!(file.path().metadata().unwrap().len(), GATHERED_BYTES as u64);
        assert_eq!(gathered.waiting().bytes, 0);
    }
}
