//! Which archives this appliance has read back whole: a line for each in a file of the data directory, with its
//! length and its name.
//!
//! Every archive is read back before it gets its name, so one without a line was brought here by somebody, or
//! was taken by a version that did not read back. What the file does not know is never counted as good.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::BackupName;
use crate::paths::write_atomically;

/// The longest file that is read, in bytes: some ten thousand archives.
const LONGEST: u64 = 1 << 20;
/// How many archives are remembered, the newest.
const MOST: usize = 1_000;

/// The archives, with their lengths.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verified(BTreeMap<BackupName, u64>);

impl Verified {
    /// Reads the file; what does not read knows of none.
    pub(super) fn read(path: &Path) -> Self {
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
        if read.is_err() {
            return Self::default();
        }
        let line = |line: &str| {
            let (bytes, name) = line.split_once(' ')?;
            Some((name.parse().ok()?, bytes.parse().ok()?))
        };
        Self(text.lines().filter_map(line).collect())
    }

    /// Writes the file.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let lines = self.0.iter().map(|(name, bytes)| format!("{bytes} {name}\n"));
        write_atomically(path, lines.collect::<String>().as_bytes(), 0o600)
    }

    /// Whether an archive of this name and length was read back.
    pub(super) fn has(&self, name: BackupName, bytes: u64) -> bool {
        self.0.get(&name) == Some(&bytes)
    }

    /// Takes one up. One that is merely not there is remembered: its disk may come back.
    pub(super) fn put(&mut self, name: BackupName, bytes: u64) {
        self.0.insert(name, bytes);
        while self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    /// Forgets those that were removed.
    pub(super) fn forget(&mut self, names: &[BackupName]) {
        self.0.retain(|name, _| !names.contains(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_anything_else_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record");
        assert_eq!(Verified::read(&path), Verified::default());
        let name: BackupName = "appliance-20261123T020000Z.tar.zst.age".parse().unwrap();
        let mut verified = Verified::default();
        verified.put(name, 70);
        verified.write(&path).unwrap();
        assert_eq!(Verified::read(&path), verified);
        assert!(verified.has(name, 70) && !verified.has(name, 71));
        std::fs::write(&path, "appliance\n70\n x y\n71 ../appliance-20261123T020000Z.tar.zst\n")
            .unwrap();
        assert_eq!(Verified::read(&path), Verified::default());
        std::fs::write(&path, [0xff; 9]).unwrap();
        assert_eq!(Verified::read(&path), Verified::default());
    }

    #[test]
    fn the_newest_are_remembered_whatever_their_number() {
        let mut verified = Verified::default();
        let name = |day: i64| {
            let time = crate::clock::Time::EPOCH.plus_seconds(day * 86_400);
            BackupName { time, encrypted: false }
        };
        for day in 0..1_100 {
            verified.put(name(day), 70);
        }
        assert!(verified.has(name(100), 70) && verified.has(name(1_099), 70));
        assert!(!verified.has(name(99), 70));
        verified.forget(&[name(1_099)]);
        assert!(verified.has(name(1_098), 70) && !verified.has(name(1_099), 70));
    }
}
