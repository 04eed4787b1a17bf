//! Why a verb failed, and the exit code that says so.

use std::{fmt, process::ExitCode};

use crate::{auth::AuthError, config::ConfigError, server::StartError, store::OpenError};

/// A verb's failure, in words for the person who ran it.
#[derive(Debug)]
pub enum Failure {
    /// It was tried and did not work.
    Failed(String),
    /// It was asked for in a way that makes no sense.
    Usage(String),
    /// What it is about is not there.
    NotFound(String),
    /// Something else has it, or is in its way.
    Conflict(String),
}

impl Failure {
    /// The code for scripts; see the module's documentation.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::Conflict(_) => 4,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text)
            | Self::Usage(text)
            | Self::NotFound(text)
            | Self::Conflict(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let text = error.to_string();
        match error {
            StartError::Store(OpenError::InUse(_)) | StartError::Listen(..) => Self::Conflict(text),
            StartError::NoData(_) => Self::NotFound(text),
            _ => Self::Failed(text),
        }
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        let text = error.to_string();
        match error {
            AuthError::Invalid(_) => Self::Usage(text),
            AuthError::UserNotFound => Self::NotFound(text),
            AuthError::EmailTaken | AuthError::UsernameTaken | AuthError::LastAdministrator => {
                Self::Conflict(text)
            }
            _ => Self::Failed(text),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(error.to_string())
    }
}
