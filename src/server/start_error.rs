//! Why an appliance did not start, in words for the person who starts it.

use std::{fmt, net::SocketAddr};

use crate::{auth::AuthError, backup::BackupError, mail::MailError, store::OpenError};

/// Why an appliance did not start. The text says what to do.
#[derive(Debug)]
pub enum StartError {
    /// The data directory cannot be made or entered.
    DataDir(String),
    /// There is no data where it was looked for, and none was made.
    NoData(String),
    /// A database could not be opened.
    Store(OpenError),
    /// A restore that was cut short could not be finished, or an upgrade not be backed up.
    Backup(BackupError),
    /// The certificate could not be made or read.
    Tls(String),
    /// An address could not be listened on.
    Listen(SocketAddr, std::io::Error),
    /// A socket in the file system could not be made, or one that was passed is of no use.
    Socket(String),
    /// Somebody listens at a socket in the file system.
    SocketInUse(String),
    /// Mail cannot be sent as it is configured.
    Mail(MailError),
    /// Something of ours failed.
    Internal(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataDir(reason)
            | Self::NoData(reason)
            | Self::Tls(reason)
            | Self::Socket(reason)
            | Self::SocketInUse(reason)
            | Self::Internal(reason) => f.write_str(reason),
            Self::Store(error) => error.fmt(f),
            Self::Backup(error) => error.fmt(f),
            Self::Mail(error) => error.fmt(f),
            Self::Listen(address, error) => match error.kind() {
                std::io::ErrorKind::AddrInUse => {
                    write!(f, "{address} is in use; stop what listens there or set server.listen")
                }
                std::io::ErrorKind::PermissionDenied => write!(
                    f,
                    "may not listen on {address}; ports below 1024 need CAP_NET_BIND_SERVICE"
                ),
                _ => write!(f, "cannot listen on {address}: {error}"),
            },
        }
    }
}

impl std::error::Error for StartError {}

impl From<MailError> for StartError {
    fn from(error: MailError) -> Self {
        Self::Mail(error)
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        Self::Store(error)
    }
}

impl From<BackupError> for StartError {
    fn from(error: BackupError) -> Self {
        Self::Backup(error)
    }
}

impl From<AuthError> for StartError {
    fn from(error: AuthError) -> Self {
        Self::Internal(error.to_string())
    }
}
