//! Whether an archive is encrypted, and with what.

use std::{
    io::{BufRead, Read, Write},
    path::{Path, PathBuf},
};

use super::BackupError;

/// How to encrypt.
#[derive(Clone, Default)]
pub enum Seal {
    /// Not at all.
    #[default]
    Open,
}

/// What may open an encrypted archive.
#[derive(Clone, Default)]
pub enum Key {
    /// Nothing.
    #[default]
    None,
}

impl Seal {
    /// To these recipients, or with the passphrase in that file, or not at all.
    ///
    /// # Errors
    /// When a recipient or the file does not read, and when there are both.
    pub fn new(recipients: &[String], passphrase_file: Option<&Path>) -> Result<Self, BackupError> {
        if recipients.is_empty() && passphrase_file.is_none() {
            return Ok(Self::Open);
        }
        Err(BackupError::Usage("encryption is not there yet".to_owned()))
    }

    /// With the passphrase in the first line of `input`.
    ///
    /// # Errors
    /// When there is none.
    pub fn with_passphrase(_input: &mut impl BufRead) -> Result<Self, BackupError> {
        Err(BackupError::Usage("encryption is not there yet".to_owned()))
    }

    /// Whether it encrypts.
    pub const fn encrypts(&self) -> bool {
        match self {
            Self::Open => false,
        }
    }

    /// Runs `write` on what encrypts into `out`.
    pub(super) fn over(
        &self,
        out: &mut dyn Write,
        write: impl FnOnce(&mut dyn Write) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        match self {
            Self::Open => write(out),
        }
    }
}

impl Key {
    /// The passphrase in the first line of a file, and the secret keys in others.
    ///
    /// # Errors
    /// When a file does not read.
    pub fn new(
        _passphrase_file: Option<&Path>,
        _identities: &[PathBuf],
    ) -> Result<Self, BackupError> {
        Ok(Self::None)
    }

    /// The passphrase in the first line of `input`.
    ///
    /// # Errors
    /// When there is none.
    pub fn with_passphrase(_input: &mut impl BufRead) -> Result<Self, BackupError> {
        Err(BackupError::Usage("encryption is not there yet".to_owned()))
    }

    /// What decrypts `input`, which begins as an encrypted archive does.
    pub(super) fn open<'r>(
        &self,
        _input: Box<dyn Read + 'r>,
    ) -> Result<Box<dyn Read + 'r>, BackupError> {
        match self {
            Self::None => Err(BackupError::Usage("it is encrypted".to_owned())),
        }
    }
}
