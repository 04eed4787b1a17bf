//! Why a verb failed, and the exit code that says so.

use std::{fmt, process::ExitCode};

use crate::{
    backup::BackupError,
    config::ConfigError,
    control::{AskError, ExitStatus, Refused},
    mail::MailError,
    server::StartError,
    store::{OpenError, StoreError},
};

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
    /// What was verified is not what it should be.
    Verification(String),
}

impl Failure {
    /// The code for scripts; see the module's documentation.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::Conflict(_) => 4,
            Self::Verification(_) => 5,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text)
            | Self::Usage(text)
            | Self::NotFound(text)
            | Self::Conflict(text)
            | Self::Verification(text) => f.write_str(text),
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
            StartError::Store(OpenError::InUse(_))
            | StartError::Listen(..)
            | StartError::SocketInUse(_) => Self::Conflict(text),
            StartError::NoData(_) => Self::NotFound(text),
            StartError::Backup(error) => error.into(),
            StartError::Mail(error) => error.into(),
            _ => Self::Failed(text),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let Refused { exit, message, .. } = refused;
        match exit {
            ExitStatus::Failed => Self::Failed(message),
            ExitStatus::Usage => Self::Usage(message),
            ExitStatus::NotFound => Self::NotFound(message),
            ExitStatus::Conflict => Self::Conflict(message),
            ExitStatus::Verification => Self::Verification(message),
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::NotFound(text) => Self::NotFound(text),
            BackupError::InUse(text) => Self::Conflict(text),
            BackupError::Usage(text) => Self::Usage(text),
            BackupError::Refused(text) | BackupError::NotVerified(text) => Self::Verification(text),
            BackupError::Failed(text) => Self::Failed(text),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        BackupError::from(error).into()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::NotRunning => Self::NotFound(error.to_string()),
            AskError::Refused(refused) => refused.into(),
            AskError::Failed(reason) => Self::Failed(reason),
        }
    }
}

impl From<MailError> for Failure {
    fn from(error: MailError) -> Self {
        let text = error.to_string();
        match error {
            MailError::Unusable(_) | MailError::Address(_) => Self::Usage(text),
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
