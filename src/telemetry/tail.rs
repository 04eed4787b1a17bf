//! The last log lines, in memory: what an administrator reads and follows without a shell.
//!
//! The log's own thread copies lines here after it took them off the queue, so no request pays for it.
//! There is no queue for a follower: everyone reads the same ring from the line they have seen last, and
//! whoever is too slow finds the oldest gone and learns how many those were. What a line means is read
//! only when somebody asks for it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde_json::Value;
use tokio::sync::watch;

use crate::clock::Time;

/// Lines that are kept.
pub(super) const MOST_LINES: usize = 2_000;
/// Bytes of them that are kept.
const MOST_BYTES: usize = 1 << 20;
/// Bytes of one line that are kept.
const LONGEST_LINE: usize = 16 << 10;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What happened.
    Info,
    /// What somebody should look at.
    Warn,
    /// What went wrong.
    Error,
}

impl Level {
    /// The level of a word, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "trace" => Some(Self::Trace),
            "debug" => Some(Self::Debug),
            "info" => Some(Self::Info),
            "warn" => Some(Self::Warn),
            "error" => Some(Self::Error),
            _ => None,
        }
    }
}

/// A line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its number since the process started, from 1.
    pub sequence: u64,
    /// When it was written, if it says so.
    pub time: Option<Time>,
    /// How much it matters; [`Level::Info`] when it does not say.
    pub level: Level,
    /// The message and its fields, `key=value`, whatever the format of the log.
    pub text: String,
}

/// How many lines a follower came too late for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed(pub u64);

/// The ring of lines.
pub struct LogTail {
    lines: Mutex<Lines>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Lines {
    /// The last of them has the number `taken`.
    kept: VecDeque<Box<str>>,
    bytes: usize,
    taken: u64,
}

/// The lines of this process.
pub fn log_tail() -> &'static LogTail {
    static TAIL: OnceLock<LogTail> = OnceLock::new();
    TAIL.get_or_init(LogTail::default)
}

impl Default for LogTail {
    fn default() -> Self {
        Self { lines: Mutex::default(), newest: watch::channel(0).0 }
    }
}

impl LogTail {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes whole lines, each with its line break. However many come at once, only as many are looked
    /// at as are kept.
    #[allow(clippy::naive_bytecount, reason = "a batch is small, and this thread has time")]
    pub(super) fn push(&self, batch: &[u8]) {
        let count = batch.iter().filter(|byte| **byte == b'\n').count();
        if count == 0 {
            return;
        }
        let lines = batch.split_inclusive(|byte| *byte == b'\n');
        let fresh = lines.skip(count.saturating_sub(MOST_LINES));
        let taken = {
            let mut lines = self.lock();
            lines.taken += u64::try_from(count).unwrap_or(u64::MAX);
            for line in fresh {
                lines.keep(line);
            }
            lines.taken
        };
        self.newest.send_replace(taken);
    }

    /// The number of the newest line, and news of newer ones.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The lines after the one numbered `seen`, oldest first, that are at least as important as `level`
    /// and hold `text`, in whatever case; how many were gone before anyone asked; and up to which number
    /// this is the answer. At most the last `limit` of them.
    pub fn after(
        &self,
        seen: u64,
        level: Option<Level>,
        text: Option<&str>,
        limit: usize,
    ) -> (Vec<LogLine>, Missed, u64) {
        let text = text.map(str::to_lowercase);
        let (candidates, missed, taken) = self.raw_after(seen);
        let fits = |line: &LogLine| {
            level.is_none_or(|level| line.level >= level)
                && text.as_ref().is_none_or(|text| line.text.to_lowercase().contains(text))
        };
        let read = candidates.iter().rev().map(|(sequence, line)| LogLine::read(*sequence, line));
        let mut lines: Vec<_> = read.filter(fits).take(limit).collect();
        lines.reverse();
        (lines, missed, taken)
    }

    /// Copies of the lines after `seen`, so that nobody holds the log up while they are read.
    fn raw_after(&self, seen: u64) -> (Vec<(u64, Box<str>)>, Missed, u64) {
        let lines = self.lock();
        let kept = u64::try_from(lines.kept.len()).unwrap_or(u64::MAX);
        let before = lines.taken - kept;
        let skip = usize::try_from(seen.saturating_sub(before)).unwrap_or(usize::MAX);
        let numbered = (before + 1..).zip(lines.kept.iter().cloned()).skip(skip).collect();
        (numbered, Missed(before.saturating_sub(seen)), lines.taken)
    }
}

impl Lines {
    fn keep(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.get(..LONGEST_LINE).unwrap_or(line);
        let line: Box<str> = String::from_utf8_lossy(line).into();
        self.bytes += line.len();
        self.kept.push_back(line);
        while self.kept.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(gone) = self.kept.pop_front() else { return };
            self.bytes -= gone.len();
        }
    }
}

impl LogLine {
    /// Reads a line of either format.
    fn read(sequence: u64, line: &str) -> Self {
        if let Ok(Value::Object(fields)) = serde_json::from_str(line) {
            let word = |name: &str| fields.get(name).and_then(Value::as_str);
            let mut text = word("message").unwrap_or_default().to_owned();
            for (key, value) in &fields {
                if matches!(key.as_str(), "timestamp" | "level" | "message" | "target") {
                    continue;
                }
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(key);
                text.push('=');
                match value {
                    Value::String(value) => text.push_str(&escaped(value)),
                    other => text.push_str(&other.to_string()),
                }
            }
            return Self {
                sequence,
                time: word("timestamp").and_then(|text| Time::parse_rfc3339(text).ok()),
                level: word("level").and_then(Level::parse).unwrap_or(Level::Info),
                text: escaped(&text),
            };
        }
        let line = without_colours(line);
        let mut rest = line.trim_start();
        let mut time = None;
        let mut level = None;
        if let Some((word, after)) = rest.split_once(' ')
            && let Ok(parsed) = Time::parse_rfc3339(word)
        {
            (time, rest) = (Some(parsed), after.trim_start());
        }
        if let Some((word, after)) = rest.split_once(' ')
            && let Some(parsed) = Level::parse(word)
        {
            (level, rest) = (Some(parsed), after.trim_start());
        }
        Self { sequence, time, level: level.unwrap_or(Level::Info), text: escaped(rest) }
    }
}

/// A text without control characters: what the log escaped stays escaped after JSON was read.
fn escaped(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}

/// A line without the colours of a terminal (ECMA-48 §8.3.117).
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: &(Vec<LogLine>, Missed, u64)) -> Vec<&str> {
        found.0.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_line_reads_alike_in_either_format() {
        let tail = LogTail::default();
        tail.push(
            b"{\"timestamp\":\"2026-11-23T07:00:00.123456Z\",\"level\":\"WARN\",\"message\":\"full\",\
              \"target\":\"x\",\"queue\":7,\"path\":\"a\\nb\"}\n",
        );
        tail.push(b"\x1b[2m2026-11-23T07:00:00.123456Z\x1b[0m \x1b[33m WARN\x1b[0m full queue=7\n");
        let found = tail.after(0, None, None, 10).0;
        assert_eq!(found[0].text, "full path=a\\nb queue=7");
        assert_eq!(found[1].text, "full queue=7");
        for line in &found {
            assert_eq!(line.level, Level::Warn);
            assert_eq!(line.time.unwrap().to_string(), "2026-11-23T07:00:00.123Z");
        }
    }

    #[test]
    fn lines_are_found_by_importance_and_by_text() {
        let tail = LogTail::default();
        for (level, message) in
            [("INFO", "request"), ("ERROR", "Disk failed"), ("WARN", "disk slow")]
        {
            let line = format!("{{\"level\":\"{level}\",\"message\":\"{message}\"}}\n");
            tail.push(line.as_bytes());
        }
        assert_eq!(texts(&tail.after(0, Some(Level::Warn), None, 9)), ["Disk failed", "disk slow"]);
        assert_eq!(texts(&tail.after(0, None, Some("DISK"), 1)), ["disk slow"]);
        assert_eq!(texts(&tail.after(2, None, None, 9)), ["disk slow"]);
    }

    #[test]
    fn whoever_is_too_slow_learns_how_many_lines_are_gone() {
        let tail = LogTail::default();
        let mut newest = tail.newest();
        tail.push(&b"a\n".repeat(MOST_LINES));
        assert_eq!(tail.after(5, None, None, 9).1, Missed(0));
        tail.push(&b"b\n".repeat(MOST_LINES + 10));
        let (lines, missed, taken) = tail.after(5, None, None, 1);
        assert_eq!((lines[0].text.as_str(), lines[0].sequence), ("b", 4_010));
        assert_eq!((missed, taken), (Missed(2_005), 4_010));
        assert_eq!(*newest.borrow_and_update(), 4_010);
    }

    #[test]
    fn long_lines_take_no_more_memory_than_short_ones() {
        let tail = LogTail::default();
        let long = format!("{}\n", "x".repeat(100_000));
        (0..100).for_each(|_| tail.push(long.as_bytes()));
        let (lines, ..) = tail.after(0, None, None, usize::MAX);
        let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
        assert_eq!((lines.len(), bytes), (MOST_BYTES / LONGEST_LINE, MOST_BYTES));
    }

    #[test]
    fn no_control_character_comes_out() {
        let tail = LogTail::default();
        tail.push(b"{\"message\":\"a\\u001b[31mb\\r\",\"f\":\"\\u0007\"}\n\x07plain\n");
        for line in tail.after(0, None, None, 9).0 {
            assert!(!line.text.chars().any(char::is_control), "{:?}", line.text);
        }
    }
}
