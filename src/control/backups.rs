//! Asking a running appliance for a backup: what is asked for, and what comes back.
//!
//! The archive does not travel over the socket. It is kept in the backup directory, or handed over there
//! under a name of its own, which whoever asked opens and removes at once: so a server that may write
//! nowhere else can still serve `backup create --output -`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::accounts::Password;
use crate::backup::{BackupError, CreatedBackup, Encryption, Manifest};

/// A backup, to be taken now.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {
    /// Whether it stays in the backup directory, under a name made of the time; otherwise it is handed
    /// over.
    pub keep: bool,
    /// How it is encrypted.
    #[serde(rename = "seal")]
    pub encryption: EncryptionRequest,
}

/// How a backup is encrypted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EncryptionRequest {
    /// As the running appliance is configured.
    AsConfigured,
    /// To these age public keys.
    Recipients(Vec<String>),
    /// With this passphrase.
    Passphrase(Password),
}

/// A backup that was taken.
#[derive(Debug, Serialize, Deserialize)]
pub struct BackupTaken {
    /// Where it lies; nothing when it went to standard output.
    pub path: Option<PathBuf>,
    /// Its length.
    pub bytes: u64,
    /// How long writers were paused, in milliseconds.
    pub held_ms: u64,
    /// How long all of it took, in milliseconds.
    pub took_ms: u64,
    /// What is in it.
    pub manifest: Manifest,
}

impl EncryptionRequest {
    /// The encryption that is meant; `configured` is that of the appliance.
    ///
    /// # Errors
    /// When a recipient does not read or the passphrase is too short.
    pub fn resolve(
        self,
        configured: impl FnOnce() -> Result<Encryption, BackupError>,
    ) -> Result<Encryption, BackupError> {
        match self {
            Self::AsConfigured => configured(),
            Self::Recipients(recipients) => Encryption::new(&recipients, None),
            Self::Passphrase(passphrase) => {
                Encryption::with_passphrase(&mut passphrase.0.as_bytes())
            }
        }
    }
}

impl From<CreatedBackup> for BackupTaken {
    fn from(taken: CreatedBackup) -> Self {
        let millis =
            |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let CreatedBackup { path, manifest, bytes, paused, took, .. } = taken;
        Self { path: Some(path), bytes, held_ms: millis(paused), took_ms: millis(took), manifest }
    }
}
