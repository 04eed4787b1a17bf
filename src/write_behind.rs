//! Write-behind: a thread that writes what is handed to it, while whoever hands it over makes the next.
//!
//! There is a fixed number of buffers, which go to and fro, so the memory it takes is bounded, and whoever
//! is faster waits for the other one.

use std::{
    io,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
};

/// A thread that writes buffers `B`, one after another, to a sink `S`.
#[derive(Debug)]
pub struct WriteBehind<B, S> {
    full: Sender<B>,
    written: Receiver<B>,
    /// Buffers that are neither full nor being written.
    spare: Vec<B>,
    /// How many are being written, or wait for it.
    underway: usize,
    writer: Option<JoinHandle<io::Result<S>>>,
}

impl<B: Send + 'static, S: Send + 'static> WriteBehind<B, S> {
    /// Starts a thread of that name. Buffers come back as `write` leaves them; its first error is the last
    /// thing it did.
    ///
    /// # Errors
    /// When there is no thread.
    pub fn start(
        name: &str,
        buffers: impl IntoIterator<Item = B>,
        mut sink: S,
        mut write: impl FnMut(&mut S, &mut B) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (full, to_write) = mpsc::channel();
        let (done, written) = mpsc::channel();
        let writer = thread::Builder::new().name(name.to_owned()).spawn(move || {
            for mut buffer in to_write {
                write(&mut sink, &mut buffer)?;
                // Whoever made it may be gone.
                let _ = done.send(buffer);
            }
            Ok(sink)
        })?;
        let spare = buffers.into_iter().collect();
        Ok(Self { full, written, spare, underway: 0, writer: Some(writer) })
    }

    /// Hands over a full buffer and puts one that was written into its place, as soon as there is one.
    ///
    /// # Errors
    /// What an earlier one failed with.
    pub fn hand_over(&mut self, buffer: &mut B) -> io::Result<()> {
        let empty = match self.spare.pop() {
            Some(empty) => empty,
            None => self.wait_for_one()?,
        };
        if self.full.send(std::mem::replace(buffer, empty)).is_err() {
            return Err(self.failure());
        }
        self.underway += 1;
        Ok(())
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// What failed.
    pub fn settle(&mut self) -> io::Result<()> {
        while self.underway > 0 {
            let empty = self.wait_for_one()?;
            self.spare.push(empty);
        }
        Ok(())
    }

    /// Waits until everything is written, and gives back what it was written to.
    ///
    /// # Errors
    /// What failed.
    pub fn finish(self) -> io::Result<S> {
        drop(self.full);
        outcome_of(self.writer)
    }

    fn wait_for_one(&mut self) -> io::Result<B> {
        let Ok(empty) = self.written.recv() else { return Err(self.failure()) };
        self.underway -= 1;
        Ok(empty)
    }

    /// Why the thread is gone.
    fn failure(&mut self) -> io::Error {
        match outcome_of(self.writer.take()) {
            Err(error) => error,
            Ok(_) => io::Error::other("the writer is gone"),
        }
    }
}

fn outcome_of<S>(writer: Option<JoinHandle<io::Result<S>>>) -> io::Result<S> {
    let Some(writer) = writer else { return Err(io::Error::other("an earlier write failed")) };
    writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(sink: &mut Vec<u8>, buffer: &mut Vec<u8>) -> io::Result<()> {
        if buffer.contains(&u8::MAX) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        sink.append(buffer);
        Ok(())
    }

    #[test]
    fn what_is_handed_over_is_written_in_its_order() {
        let buffers = vec![Vec::new(); 2];
        let mut behind = WriteBehind::start("test", buffers, Vec::new(), bytes).unwrap();
        let mut buffer = Vec::new();
        for byte in 0..100 {
            assert!(buffer.is_empty());
            buffer.push(byte);
            behind.hand_over(&mut buffer).unwrap();
            if byte % 10 == 0 {
                behind.settle().unwrap();
                assert_eq!(behind.spare.len(), 2);
            }
        }
        assert_eq!(behind.finish().unwrap(), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_is_said_to_whoever_hands_over_next_and_is_the_end() {
        let mut behind = WriteBehind::start("test", [Vec::new()], Vec::new(), bytes).unwrap();
        behind.hand_over(&mut vec![u8::MAX]).unwrap();
        let failed = behind.settle().unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::StorageFull);
        assert!(behind.hand_over(&mut vec![1]).is_err());
        assert!(behind.finish().is_err());

        let mut behind = WriteBehind::start("test", [Vec::new()], Vec::new(), bytes).unwrap();
        behind.hand_over(&mut vec![u8::MAX]).unwrap();
        let failed = behind.hand_over(&mut vec![1]).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::StorageFull);
    }
}
