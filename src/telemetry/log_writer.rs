//! Where log lines go: into memory at once, and to standard error by a thread of their own.
//!
//! A line a request, each a system call of its own, cost a tenth of a request's time. So lines gather
//! for a few hundredths of a second and are written together; a calm server wakes nobody up. When
//! whoever reads the log stalls, lines are dropped and counted, because a request must not wait for
//! its own log line. What was taken off the queue also goes to `tail`, before it is written: a reader
//! that stalls is when one wants to see the last lines elsewhere.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use super::log_tail;

/// How long lines gather.
const GATHER: Duration = Duration::from_millis(25);
/// How many bytes may wait.
const MOST_WAITING: usize = 4 << 20;
/// How long the end of the process waits for a reader that stalls.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Takes lines; clones share one queue.
#[derive(Clone, Default)]
pub(super) struct LogWriter(Arc<Queue>);

#[derive(Default)]
struct Queue {
    lines: Mutex<Lines>,
    arrived: Condvar,
}

#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
    dropped: u64,
    closed: bool,
}

/// Writes what still waits when it is dropped, unless its reader stalls; kept until the process ends.
#[must_use = "lines that wait are lost when this is dropped early"]
pub struct LogGuard {
    queue: Arc<Queue>,
    /// Nothing ever comes; it is cut off when the thread has ended.
    ended: mpsc::Receiver<()>,
}

impl LogWriter {
    /// Starts the thread that writes to `out`.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Self, LogGuard)> {
        let writer = Self::default();
        let queue = Arc::clone(&writer.0);
        let (running, ended) = mpsc::channel();
        thread::Builder::new().name("log".to_owned()).spawn({
            let queue = Arc::clone(&queue);
            move || {
                let _running = running;
                queue.write_all(out);
            }
        })?;
        Ok((writer, LogGuard { queue, ended }))
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until the queue is closed and empty.
    fn write_all(&self, mut out: impl Write) {
        let mut batch = Vec::new();
        loop {
            let idle = |lines: &mut Lines| lines.waiting.is_empty() && !lines.closed;
            let lines = self.arrived.wait_while(self.lock(), idle);
            let closed = lines.unwrap_or_else(PoisonError::into_inner).closed;
            if !closed {
                thread::sleep(GATHER);
            }
            let dropped = {
                let mut lines = self.lock();
                std::mem::swap(&mut batch, &mut lines.waiting);
                std::mem::take(&mut lines.dropped)
            };
            log_tail().push(&batch);
            // Nobody is left to tell when standard error itself fails.
            let _ = out.write_all(&batch);
            if dropped > 0 {
                let _ = writeln!(
                    out,
                    "{{\"level\":\"WARN\",\"message\":\"{dropped} log lines were dropped\"}}"
                );
            }
            let _ = out.flush();
            if closed && batch.is_empty() {
                return;
            }
            batch.clear();
        }
    }
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock();
        if lines.waiting.len() + line.len() > MOST_WAITING {
            lines.dropped += 1;
        } else {
            let was_empty = lines.waiting.is_empty();
            lines.waiting.extend_from_slice(line);
            if was_empty {
                self.0.arrived.notify_one();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.arrived.notify_one();
        let _ = self.ended.recv_timeout(LAST_WORDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place to write to that a test can read.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(paper: &Paper) -> String {
        String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn every_line_is_written_in_order_by_the_end() {
        let paper = Paper::default();
        let (mut writer, guard) = LogWriter::start(paper.clone()).unwrap();
        let lines = "one line\nand another\n".repeat(1_000);
        for line in lines.split_inclusive('\n') {
            writer.write_all(line.as_bytes()).unwrap();
        }
        drop(guard);
        assert_eq!(written(&paper), lines);
    }

    #[test]
    fn a_reader_that_stalls_does_not_keep_the_process_alive() {
        let paper = Paper::default();
        let held = paper.0.lock().unwrap();
        let (mut writer, guard) = LogWriter::start(paper.clone()).unwrap();
        writer.write_all(b"unread\n").unwrap();
        drop(guard);
        drop(held);
    }

    #[test]
    fn lines_beyond_the_bound_are_dropped_and_counted() {
        let paper = Paper::default();
        let held = paper.0.lock().unwrap();
        let (mut writer, guard) = LogWriter::start(paper.clone()).unwrap();
        let line = vec![b'x'; MOST_WAITING / 2];
        // The thread may take one batch before it is held up; what follows fills the queue and more.
        for _ in 0..6 {
            writer.write_all(&line).unwrap();
        }
        drop(held);
        drop(guard);
        assert!(written(&paper).contains("log lines were dropped"));
    }
}
