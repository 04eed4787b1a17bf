//! Why a backup was not taken, or not restored.

use std::{fmt, io, path::Path};

use crate::store::{OpenError, StoreError};

/// What went wrong, in words for the person who runs the appliance.
#[derive(Debug)]
pub enum BackupError {
    /// What it is about is not there.
    NotFound(String),
    /// Somebody else is at it, or an appliance runs.
    InUse(String),
    /// It was asked for in a way that makes no sense.
    Usage(String),
    /// The archive is not what it should be; nothing was changed.
    Refused(String),
    /// An archive that was just written could not be read back as it should be, and was removed.
    NotVerified(String),
    /// The disk, or a database on it, failed.
    Failed(String),
}

impl BackupError {
    /// An I/O error with what it was about.
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(format!("{path} is not there")),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Failed(format!("no space left on the disk that holds {path}"))
            }
            io::ErrorKind::PermissionDenied => {
                Self::Failed(format!("{path} may not be used by this user"))
            }
            _ => Self::Failed(format!("{path}: {error}")),
        }
    }

    /// Of an archive that was just written, and whose reading back ended so.
    pub(super) fn of_read_back(self) -> Self {
        match self {
            Self::Refused(text) | Self::Usage(text) | Self::NotVerified(text) => {
                Self::NotVerified(format!("the new archive did not verify and was removed: {text}"))
            }
            other => Self::Failed(format!(
                "the new archive could not be verified and was removed: {other}"
            )),
        }
    }

    /// What it is, for programs: stable, upper snake case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "NOT_FOUND",
            Self::InUse(_) => "IN_USE",
            Self::Usage(_) => "INVALID",
            Self::Refused(_) => "REFUSED",
            Self::NotVerified(_) => "NOT_VERIFIED",
            Self::Failed(_) => "FAILED",
        }
    }

    /// An archive that is not what it should be.
    pub(super) fn refused(reason: impl fmt::Display) -> Self {
        Self::Refused(format!("this is no good backup: {reason}"))
    }
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(text)
            | Self::InUse(text)
            | Self::Usage(text)
            | Self::Refused(text)
            | Self::NotVerified(text)
            | Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        let text = error.to_string();
        match error {
            OpenError::InUse(_) => Self::InUse(text),
            _ => Self::Failed(text),
        }
    }
}
