//! How far a backup or a restore has come.

use std::fmt;

use super::BackupError;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Rows go over into fresh files.
    Copying,
    /// The files go into the archive.
    Packing,
    /// The files come out of the archive.
    Unpacking,
    /// Pages, records and the audit chain are read.
    Checking,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// The file that it is done to.
    pub file: &'static str,
    /// Bytes of this file that are done.
    pub bytes: u64,
}

impl Step {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Packing => "packing",
            Self::Unpacking => "unpacking",
            Self::Checking => "checking",
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} MiB", self.step.word(), self.file, self.bytes >> 20)
    }
}

/// Who is told, on the thread that does the work and so in no time. Its error stops the work.
pub type Watcher<'w> = &'w mut dyn FnMut(Progress) -> Result<(), BackupError>;
