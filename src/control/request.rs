//! What is asked over the control socket.
//!
//! A connection carries one request, one line of JSON: [`Envelope`]. The answer is in `protocol`. Whatever is to
//! be moved in bulk, such as a backup, goes to a path that the request names and not over the socket.
//!
//! Both ends are usually the same program. When they are not, as between an upgrade and the restart
//! that follows it, [`PROTOCOL`] says whether they understand each other, and a person is told in words.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    accounts::AccountRequest,
    backups::BackupRequest,
    invitations::InvitationRequest,
    keys::KeyRequest,
    protocol::{ExitStatus, Refused},
    social::SocialRequest,
};

/// Raised when an older end would misunderstand a newer one.
pub const PROTOCOL: u32 = 1;

/// A request may be this long, in bytes with the end of its line: a file of people of 1 MiB fits, however
/// much of it JSON escapes.
pub const LONGEST_REQUEST_BYTES: usize = 8 << 20;

/// A request as it travels: owned where it arrives, borrowed where it is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope<R> {
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
        return Err(mismatch(&hail.version));
    }
    match serde_json::from_str::<Envelope<Request>>(line) {
        Ok(asked) => Ok(asked.request),
        Err(_) if hail.version != env!("CARGO_PKG_VERSION") => Err(mismatch(&hail.version)),
        Err(error) => Err(bad(error)),
    }
}

/// Of a command and an appliance that do not understand each other, in words.
fn mismatch(theirs: &str) -> Refused {
    let ours = env!("CARGO_PKG_VERSION");
    let message = format!(
        "this command is of version {theirs}, and the running appliance of version {ours}; restart \
         the appliance, or use the command that it was started with"
    );
    Refused::new(ExitStatus::Failed, "VERSION_MISMATCH", message)
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
            Envelope { protocol: PROTOCOL, version: OURS.to_owned(), request: Request::Status };
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
