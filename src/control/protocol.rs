//! What comes back over the control socket: any number of `progress` and `item` lines and one last line,
//! `done` or `failed`. What can be asked for is in `request`, which knows this file and is not known to it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    auth::{AuthError, CsvFault},
    backup::BackupError,
    http::Problem,
};

/// One line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// How far it is.
    Progress(ProgressFrame),
    /// One thing of many.
    Item(Value),
    /// It was done: the last line.
    Done(Done),
    /// It was not done: the last line.
    Failed(Refused),
}

/// How far something is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProgressFrame {
    /// In words.
    pub message: String,
    /// From 0 to 100, when that is known.
    pub percent: Option<u8>,
}

/// What came of a request.
#[derive(Debug, Serialize, Deserialize)]
pub struct Done {
    /// The version of the server.
    pub version: String,
    /// What was asked for.
    pub result: Value,
}

/// How a verb ends when it fails: the exit codes of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    /// It was tried and did not work: 1.
    Failed,
    /// It was asked for in a way that makes no sense: 2.
    Usage,
    /// What it is about is not there: 3.
    NotFound,
    /// Something is in its way: 4.
    Conflict,
    /// It was looked at and is not good: 5.
    Verification,
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// A stable code for programs.
    pub code: String,
    /// How the command line ends.
    pub exit: ExitStatus,
    /// In words, for the person who asked.
    pub message: String,
}

impl Refused {
    /// A refusal.
    pub fn new(exit: ExitStatus, code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), exit, message: message.into() }
    }

    /// Nobody waits for what was asked for.
    pub fn left() -> Self {
        Self::new(ExitStatus::Failed, "LEFT", "nobody listens any more")
    }
}

impl From<AuthError> for Refused {
    fn from(error: AuthError) -> Self {
        let (exit, code) = match &error {
            AuthError::Invalid(_) => (ExitStatus::Usage, "INVALID"),
            AuthError::UserNotFound => (ExitStatus::NotFound, "USER_NOT_FOUND"),
            AuthError::SessionNotFound => (ExitStatus::NotFound, "SESSION_NOT_FOUND"),
            AuthError::KeyNotFound => (ExitStatus::NotFound, "KEY_NOT_FOUND"),
            AuthError::InvitationNotFound => (ExitStatus::NotFound, "INVITATION_NOT_FOUND"),
            AuthError::EmailTaken => (ExitStatus::Conflict, "USER_EXISTS"),
            AuthError::UsernameTaken => (ExitStatus::Conflict, "USERNAME_TAKEN"),
            AuthError::LastAdministrator => (ExitStatus::Conflict, "LAST_ADMIN"),
            AuthError::UserDisabled => (ExitStatus::Conflict, "USER_DISABLED"),
            AuthError::HasherBusy => (ExitStatus::Failed, "BUSY"),
            _ => (ExitStatus::Failed, "FAILED"),
        };
        Self::new(exit, code, error.to_string())
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        let exit = match problem.status.as_u16() {
            400 | 422 => ExitStatus::Usage,
            404 => ExitStatus::NotFound,
            409 => ExitStatus::Conflict,
            _ => ExitStatus::Failed,
        };
        // Whoever has a shell here may read what a client of the API may not.
        let message = problem.cause.unwrap_or_else(|| problem.detail.en.into_owned());
        Self::new(exit, problem.code, message)
    }
}

impl From<CsvFault> for Refused {
    fn from(CsvFault(faults): CsvFault) -> Self {
        let faults = faults.iter().map(|fault| format!("{} {}", fault.field, fault.message.en));
        Self::new(ExitStatus::Usage, "INVALID", faults.collect::<Vec<_>>().join("; "))
    }
}

impl From<BackupError> for Refused {
    fn from(error: BackupError) -> Self {
        let exit = match &error {
            BackupError::NotFound(_) => ExitStatus::NotFound,
            BackupError::InUse(_) => ExitStatus::Conflict,
            BackupError::Usage(_) => ExitStatus::Usage,
            BackupError::Refused(_) | BackupError::NotVerified(_) => ExitStatus::Verification,
            BackupError::Failed(_) => ExitStatus::Failed,
        };
        Self::new(exit, error.code(), error.to_string())
    }
}

/// Where a verb sends the lines before its last one. Clones send to the same place.
#[derive(Debug, Clone)]
pub struct ResponseStream(mpsc::Sender<Frame>);

impl ResponseStream {
    /// A stream, and where its frames come out; the sender waits while more than a few are on their way.
    pub fn channel() -> (Self, mpsc::Receiver<Frame>) {
        let (sender, receiver) = mpsc::channel(64);
        (Self(sender), receiver)
    }

    /// Sends one thing of many.
    ///
    /// # Errors
    /// When nobody listens any more, or the thing has no form in JSON.
    pub async fn item(&self, item: impl Serialize) -> Result<(), Refused> {
        self.send(Frame::Item(as_json(item)?)).await
    }

    /// Says how far it is.
    ///
    /// # Errors
    /// When nobody listens any more.
    pub async fn progress(&self, message: String, percent: Option<u8>) -> Result<(), Refused> {
        self.send(Frame::Progress(ProgressFrame { message, percent })).await
    }

    /// Says how far it is, if there is room for it: for work on a thread that nothing may hold up.
    pub fn mention(&self, message: String) {
        let _ = self.0.try_send(Frame::Progress(ProgressFrame { message, percent: None }));
    }

    async fn send(&self, line: Frame) -> Result<(), Refused> {
        self.0.send(line).await.map_err(|_| Refused::left())
    }
}

/// A value in JSON.
pub(super) fn as_json(value: impl Serialize) -> Result<Value, Refused> {
    serde_json::to_value(value)
        .map_err(|error| Refused::new(ExitStatus::Failed, "INTERNAL", error.to_string()))
}
