//! Encryption in the format of age (age-encryption.org/v1, C2SP), so that a backup can be opened without
//! this program: `age -d -i key.txt FILE | zstd -d | tar x`.
//!
//! Recipients are X25519 keys or one passphrase. The cryptography is `crypto`'s; here is the format. The
//! `age` crate would bring a hundred others and a second set of primitives.

mod base64;
mod bech32;
mod header;
mod payload;

use std::{
    fmt,
    io::{self, BufRead, Read, Write},
};

use header::FileKey;
use payload::{Decrypt, Encrypt, NONCE};

use crate::crypto::{self, NoRandomness};

/// Who a file is encrypted for.
#[derive(Clone)]
pub(super) enum Recipient {
    /// Whoever knows it.
    Passphrase(String),
    /// Whoever has the secret key of any of these.
    Keys(Vec<[u8; 32]>),
}

/// Who wants to open a file.
#[derive(Clone)]
pub(super) enum Identity {
    /// Somebody who knows it.
    Passphrase(String),
    /// Somebody who has these secret keys.
    Keys(Vec<[u8; 32]>),
    /// Whoever wrote the file, and still has its key.
    Writer(FileKey),
}

/// Why a file was not encrypted or opened.
#[derive(Debug)]
pub(super) enum AgeError {
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

/// A public key as text: `age1…`.
pub(super) fn parse_recipient(text: &str) -> Option<[u8; 32]> {
    bech32::decode("age", text)
}

/// A secret key as text: `AGE-SECRET-KEY-1…`.
pub(super) fn parse_identity(text: &str) -> Option<[u8; 32]> {
    bech32::decode("AGE-SECRET-KEY-", text)
}

/// Writes the head of a file to `out`; what is written to the answer follows it, encrypted. With it comes the
/// key of the file, for whoever reads it back at once.
pub(super) fn encrypt<'w>(
    out: &'w mut dyn Write,
    recipient: &Recipient,
) -> Result<(impl FinishWrite + use<'w>, Identity), AgeError> {
    let file_key = crypto::random()?;
    let nonce = crypto::random::<NONCE>()?;
    let header = header::write(&file_key, recipient)?;
    out.write_all(header.as_bytes()).and_then(|()| out.write_all(&nonce)).map_err(AgeError::Io)?;
    let sealed = Encrypt::new(out, &file_key, &nonce).map_err(AgeError::Io)?;
    Ok((sealed, Identity::Writer(file_key)))
}

/// Something written that has an end.
pub(super) trait FinishWrite: Write {
    /// Writes the end.
    fn finish(self) -> io::Result<()>;
}

impl<W: Write> FinishWrite for Encrypt<W> {
    fn finish(self) -> io::Result<()> {
        Self::finish(self)
    }
}

/// Reads the head of a file; the answer reads what it holds.
pub(super) fn decrypt<R: BufRead>(
    mut input: R,
    identity: &Identity,
) -> Result<impl Read + use<R>, AgeError> {
    let file_key = header::read(&mut input, identity)?;
    let mut nonce = [0; NONCE];
    input.read_exact(&mut nonce).map_err(AgeError::Io)?;
    Decrypt::new(input, &file_key, &nonce).map_err(AgeError::Io)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
