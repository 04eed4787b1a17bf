//! Why a server stopped that nobody told to.

use std::fmt;

/// Why a server stopped that nobody told to: the process must end and start anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServeError {
    /// A database met an I/O error.
    StoreStopped,
    /// A task that serves until the end came to its own, or panicked.
    TaskEnded {
        /// Which.
        name: &'static str,
    },
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoreStopped => {
                f.write_str("a database met an I/O error; see the log, check the disk, start again")
            }
            Self::TaskEnded { name } => {
                write!(f, "the task '{name}' ended unexpectedly; see the log, start again")
            }
        }
    }
}

impl std::error::Error for ServeError {}
