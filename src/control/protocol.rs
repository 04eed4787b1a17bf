//! What is said over the control socket.
//!
//! A connection carries one request, one line of JSON: [`Asked`]. The answer is any number of `progress`
//! and `item` lines and one last line, `done` or `failed`. Whatever is to be moved in bulk, such as a
//! backup, goes to a path that the request names and not over the socket.
//!
//! Both ends are usually the same program. When they are not, as between an upgrade and the restart
//! that follows it, [`PROTOCOL`] says whether they understand each other, and a person is told in words.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    accounts::AccountRequest, backups::BackupRequest, invitations::InvitationRequest,
    keys::KeyRequest, social::SocialRequest,
};
use crate::{
    auth::{AuthError, CsvFault},
    backup::BackupError,
    http::Problem,
};

/// Raised when an older end would misunderstand a newer one.
pub const PROTOCOL: u32 = 1;

/// A request may be this long, in bytes with the end of its line: a file of people of 1 MiB fits, however
/// much of it JSON escapes.
pub const LONGEST_REQUEST_BYTES: usize = 8 << 20;

/// A request as it travels: owned where it arrives, borrowed where it is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked<R> {
    /// [`PROTOCOL`] of whoever asks.
    pub protocol: u32,
    /// Their version, for words about a mismatch.
    pub version: String,
    /// What they ask for.
    pub request: R,
}

/// What can be asked of a running appliance.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// How it is; done with [`super::ApplianceStatus`].
    Status,
    /// How its databases are; done with [`super::Check`].
    Check,
    /// The text of `/metrics`, as the result.
    Metrics,
    /// A verb on accounts; see [`super::perform`].
    Account(AccountRequest),
    /// A verb on API keys; see [`super::perform_on_keys`].
    Key(KeyRequest),
    /// A verb on invitations; see [`super::perform_on_invitations`].
    Invitation(InvitationRequest),
    /// A verb on the social feed; see [`super::perform_on_social`].
    Social(SocialRequest),
    /// Make another key sign access tokens; done with its number.
    RotateSigningKey,
    /// Make another set-up link; done with a [`super::SetupLink`].
    SetupLink,
    /// Take a backup; done with a [`super::BackupTaken`].
    Backup(BackupRequest),
    /// Something about certificates; done with a [`super::CertificateReport`].
    Certificate(CertificateRequest),
}

/// What can be asked about certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateRequest {
    /// Which are served.
    Show,
    /// Get another one now, or read the files again.
    Renew,
}

impl Request {
    /// How long it may take. Whatever takes longer is stuck, and its place is wanted.
    pub const fn deadline(&self) -> Duration {
        match self {
            Self::Status | Self::Metrics => Duration::from_secs(30),
            Self::Account(_)
            | Self::Key(_)
            | Self::Invitation(_)
            | Self::RotateSigningKey
            | Self::SetupLink
            | Self::Certificate(_) => Duration::from_mins(10),
            // As long as it takes to read the longest audit chain from a slow disk.
            Self::Check | Self::Social(_) => Duration::from_hours(2),
            Self::Backup(_) => Duration::from_hours(24),
        }
    }
}

/// One line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// How far it is.
    Progress(Progress),
    /// One thing of many.
    Item(Value),
    /// It was done: the last line.
    Done(Done),
    /// It was not done: the last line.
    Failed(Refused),
}

/// How far something is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Progress {
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

    fn mismatch(theirs: &str) -> Self {
        let ours = env!("CARGO_PKG_VERSION");
        let message = format!(
            "this command is of version {theirs}, and the running appliance of version {ours}; restart \
             the appliance, or use the command that it was started with"
        );
        Self::new(ExitStatus::Failed, "VERSION_MISMATCH", message)
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
pub struct Lines(mpsc::Sender<Line>);

impl Lines {
    /// Lines, and where they come out; whoever sends waits while more than a few are on their way.
    pub fn channel() -> (Self, mpsc::Receiver<Line>) {
        let (sender, receiver) = mpsc::channel(64);
        (Self(sender), receiver)
    }

    /// Sends one thing of many.
    ///
    /// # Errors
    /// When nobody listens any more, or the thing has no form in JSON.
    pub async fn item(&self, item: impl Serialize) -> Result<(), Refused> {
        self.send(Line::Item(as_json(item)?)).await
    }

    /// Says how far it is.
    ///
    /// # Errors
    /// When nobody listens any more.
    pub async fn progress(&self, message: String, percent: Option<u8>) -> Result<(), Refused> {
        self.send(Line::Progress(Progress { message, percent })).await
    }

    /// Says how far it is, if there is room for it: for work on a thread that nothing may hold up.
    pub fn mention(&self, message: String) {
        let _ = self.0.try_send(Line::Progress(Progress { message, percent: None }));
    }

    async fn send(&self, line: Line) -> Result<(), Refused> {
        self.0.send(line).await.map_err(|_| Refused::left())
    }
}

/// A value in JSON.
pub(super) fn as_json(value: impl Serialize) -> Result<Value, Refused> {
    serde_json::to_value(value)
        .map_err(|error| Refused::new(ExitStatus::Failed, "INTERNAL", error.to_string()))
}

/// Reads a request.
///
/// # Errors
/// [`Refused`] when it is none, or of a version that does not go with this one.
pub fn read_request(line: &str) -> Result<Request, Refused> {
    /// What every version of the protocol says of itself.
    #[derive(Deserialize)]
    struct Hail {
        protocol: u32,
        version: String,
    }
    let bad = |error: serde_json::Error| {
        let message = format!("this is no request: {error}");
        Refused::new(ExitStatus::Usage, "BAD_REQUEST", message)
    };
    let hail: Hail = serde_json::from_str(line).map_err(bad)?;
    if hail.protocol != PROTOCOL {
        return Err(Refused::mismatch(&hail.version));
    }
    match serde_json::from_str::<Asked<Request>>(line) {
        Ok(asked) => Ok(asked.request),
        Err(_) if hail.version != env!("CARGO_PKG_VERSION") => {
            Err(Refused::mismatch(&hail.version))
        }
        Err(error) => Err(bad(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = env!("CARGO_PKG_VERSION");

    fn refusal(line: &str) -> Refused {
        read_request(line).unwrap_err()
    }

    #[test]
    fn a_request_reads_back() {
        let asked =
            Asked { protocol: PROTOCOL, version: OURS.to_owned(), request: Request::Status };
        let line = serde_json::to_string(&asked).unwrap();
        assert!(matches!(read_request(&line), Ok(Request::Status)));
    }

    #[test]
    fn what_is_no_request_is_called_so() {
        for line in [
            String::new(),
            "x".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            format!(r#"{{"protocol":1,"version":"{OURS}"}}"#),
            format!(r#"{{"protocol":1,"version":"{OURS}","request":"reboot"}}"#),
            format!(r#"{{"protocol":1,"version":"{OURS}","request":"status","more":1}}"#),
        ] {
            assert_eq!(refusal(&line).code, "BAD_REQUEST", "{line}");
        }
    }

    #[test]
    fn a_mismatch_of_versions_is_told_in_words() {
        let other_protocol = r#"{"protocol":2,"version":"9.9","ask":{"anything":[]}}"#;
        let newer_verb = r#"{"protocol":1,"version":"9.9","request":"dance"}"#;
        for line in [other_protocol, newer_verb] {
            let refused = refusal(line);
            assert_eq!(refused.code, "VERSION_MISMATCH");
            assert!(refused.message.contains("9.9") && refused.message.contains(OURS));
        }
    }
}
