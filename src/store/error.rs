//! What can go wrong in a store, by what the caller can do about it.

use std::{fmt, path::PathBuf};

/// A command or a read failed for a reason that lies with the store, not with the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The writer's queue is full: the client may try again shortly.
    Busy,
    /// The disk has less free space than the floor, and this command would have written.
    NoSpace,
    /// The store met an I/O error and takes no more commands until the process starts anew.
    Stopped,
    /// The bytes at `table` do not read as its record.
    Corrupt {
        /// The table's name.
        table: &'static str,
        /// What did not fit.
        reason: String,
    },
    /// The command panicked; it alone was undone.
    Panicked,
    /// redb refused the operation; it alone was undone.
    Refused(String),
    /// Reading or writing the file failed: fatal.
    Io(IoFailure),
}

/// What the disk said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IoFailure {
    reason: String,
    disk_full: bool,
}

impl IoFailure {
    /// Whether there is no space left.
    pub(super) const fn is_disk_full(&self) -> bool {
        self.disk_full
    }
}

impl StoreError {
    /// Whether nothing more can be trusted to reach the disk.
    pub(crate) const fn is_fatal(&self) -> bool {
        matches!(self, Self::Io(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the write queue is full"),
            Self::NoSpace => f.write_str(
                "no space left to write on: the disk is fuller than store.free_space_floor_mib allows",
            ),
            Self::Stopped => f.write_str("the store stopped after an I/O error"),
            Self::Corrupt { table, reason } => write!(f, "corrupt record in {table}: {reason}"),
            Self::Panicked => f.write_str("a command panicked"),
            Self::Refused(reason) => write!(f, "redb: {reason}"),
            Self::Io(failure) => f.write_str(&failure.reason),
        }
    }
}

impl std::error::Error for StoreError {}

/// redb's errors fall into two kinds: those after which the file can't be trusted to take writes,
/// and those of one operation.
impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(ref io) => {
                Self::Io(IoFailure { reason: error.to_string(), disk_full: is_disk_full(io) })
            }
            // A poisoned lock means that redb panicked inside of a write: as final as a failed one.
            redb::Error::PreviousIo | redb::Error::Backend(_) | redb::Error::LockPoisoned(_) => {
                Self::Io(IoFailure { reason: error.to_string(), disk_full: false })
            }
            other => Self::Refused(other.to_string()),
        }
    }
}

/// Inside a change, a missing id undoes the change like any refusal.
impl From<crate::crypto::NoRandomness> for StoreError {
    fn from(error: crate::crypto::NoRandomness) -> Self {
        Self::Refused(error.to_string())
    }
}

macro_rules! through_redb_error {
    ($($kind:ty),+) => {
        $(impl From<$kind> for StoreError {
            fn from(error: $kind) -> Self {
                redb::Error::from(error).into()
            }
        })+
    };
}

through_redb_error!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::SetDurabilityError
);

/// A commit that fails may be on the disk all the same, whatever its error says, so it is always fatal: tried
/// again it might be applied twice.
impl From<redb::CommitError> for StoreError {
    fn from(error: redb::CommitError) -> Self {
        match Self::from(redb::Error::from(error)) {
            Self::Refused(reason) => Self::Io(IoFailure { reason, disk_full: false }),
            fatal => fatal,
        }
    }
}

fn is_disk_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// A file could not be opened. The text is meant for the person who runs the appliance.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has it open.
    InUse(PathBuf),
    /// It was made by a newer appliance.
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema version in the file.
        found: u32,
        /// The newest schema version that this program knows.
        known: u32,
        /// The version of the appliance that last migrated it.
        made_by: String,
    },
    /// A migration step failed; the file is as it was before the step.
    Migration {
        /// The file.
        path: PathBuf,
        /// The step.
        step: &'static str,
        /// Why.
        source: StoreError,
    },
    /// It is missing where it must have been.
    Lost {
        /// The file.
        path: PathBuf,
        /// One that is made after it, and is there.
        beside: PathBuf,
    },
    /// Whoever waited for it no longer does; the steps that were completed stay.
    GivenUp(PathBuf),
    /// The disk is full.
    DiskFull(PathBuf),
    /// The owner or the permissions do not allow it.
    Denied(PathBuf),
    /// It is not a store, is damaged, or the disk failed.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What redb or the system said.
        reason: String,
    },
}

impl OpenError {
    pub(crate) fn from_io(path: PathBuf, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => Self::Denied(path),
            _ if is_disk_full(error) => Self::DiskFull(path),
            _ => Self::Unreadable { path, reason: error.to_string() },
        }
    }

    pub(crate) fn from_redb(path: PathBuf, error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::InUse(path),
            redb::Error::RepairAborted => Self::GivenUp(path),
            redb::Error::Io(io) => Self::from_io(path, &io),
            other => Self::Unreadable { path, reason: other.to_string() },
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(path) => write!(
                f,
                "{} is in use by another process; stop the running appliance first",
                path.display()
            ),
            Self::Newer { path, found, known, made_by } => write!(
                f,
                "{} was made by a newer appliance ({made_by}, schema {found}; this one knows \
                 {known}); install that version or restore a backup from before the upgrade",
                path.display()
            ),
            Self::Migration { path, step, source } => write!(
                f,
                "{}: the migration step '{step}' failed and was undone: {source}",
                path.display()
            ),
            Self::Lost { path, beside } => write!(
                f,
                "{} is missing although {} is there, so it was lost; put it back or restore a backup \
                 (a new one would give its ids to others). To begin anew, move the data directory away",
                path.display(),
                beside.display()
            ),
            Self::GivenUp(path) => write!(
                f,
                "opening {} was given up half way; nothing was lost, and the next start goes on",
                path.display()
            ),
            Self::DiskFull(path) => write!(
                f,
                "no space left on the disk that holds {}; free some space and start again, nothing \
                 was lost",
                path.display()
            ),
            Self::Denied(path) => write!(
                f,
                "{} may not be read and written by this user; give it to the user that runs the \
                 appliance (chown) and start again",
                path.display()
            ),
            Self::Unreadable { path, reason } => write!(
                f,
                "{} cannot be opened: {reason}; if it was copied or cut short, restore a backup",
                path.display()
            ),
        }
    }
}

impl std::error::Error for OpenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_commit_fails_of_is_fatal_and_the_same_of_one_operation_is_not() {
        let corrupted = || redb::StorageError::Corrupted("a page".to_owned());
        assert!(StoreError::from(redb::CommitError::Storage(corrupted())).is_fatal());
        assert!(!StoreError::from(corrupted()).is_fatal());
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let full = redb::CommitError::Storage(redb::StorageError::Io(full));
        let StoreError::Io(failure) = StoreError::from(full) else { panic!("no I/O error") };
        assert!(failure.is_disk_full());
    }
}
