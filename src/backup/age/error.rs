//! What goes wrong with encryption, in words for whoever has the file.

use std::{fmt, io};

use crate::crypto::NoRandomness;

/// Why a file was not encrypted or opened.
#[derive(Debug)]
pub(in crate::backup) enum AgeError {
    /// It is not an age file, or was altered.
    Malformed,
    /// Its header is not the one that was written with its key.
    HeaderAltered,
    /// It would have more recipients than a reader looks at.
    TooManyRecipients,
    /// It was encrypted for somebody else.
    WrongKey,
    /// It is opened by a passphrase, and none was given.
    NeedsPassphrase,
    /// It is opened by a secret key, and none was given.
    NeedsKey,
    /// Its passphrase would take more memory to try than anyone should give.
    TooCostly,
    /// The provider of the cryptography refused.
    Crypto,
    /// Reading or writing failed.
    Io(io::Error),
}

impl fmt::Display for AgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("its encryption was altered"),
            Self::HeaderAltered => f.write_str("the header of its encryption was altered"),
            Self::TooManyRecipients => f.write_str("there are too many recipients"),
            Self::WrongKey => f.write_str("it is encrypted for another key or passphrase"),
            Self::NeedsPassphrase => f.write_str(
                "it is encrypted with a passphrase; give it with --passphrase-stdin or \
                 --passphrase-file",
            ),
            Self::NeedsKey => {
                f.write_str("it is encrypted to a key; give the secret key with --identity")
            }
            Self::TooCostly => f.write_str("its passphrase takes too much memory to try"),
            Self::Crypto => f.write_str("the cryptography failed"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<NoRandomness> for AgeError {
    fn from(_: NoRandomness) -> Self {
        Self::Crypto
    }
}
