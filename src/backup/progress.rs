//! How far a backup or a restore has come.

use std::fmt;

use super::BackupError;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupStep {
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
pub struct BackupProgress {
    /// What is being done.
    pub step: BackupStep,
    /// The file that it is done to.
    pub file: &'static str,
    /// Bytes of this file that are done.
    pub bytes: u64,
}

impl BackupStep {
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

impl fmt::Display for BackupProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} MiB", self.step.word(), self.file, self.bytes >> 20)
    }
}

/// Who is told, on the thread that does the work and so in no time. Its error stops the work.
pub type ProgressFn<'w> = &'w mut dyn FnMut(BackupProgress) -> Result<(), BackupError>;
