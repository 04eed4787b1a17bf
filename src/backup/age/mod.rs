//! Encryption in the format of age (age-encryption.org/v1, C2SP), so that a backup can be opened without
//! this program: `age -d -i key.txt FILE | zstd -d | tar x`.
//!
//! Recipients are X25519 keys or one passphrase. The cryptography is `crypto`'s; here is the format. The
//! `age` crate would bring a hundred others and a second set of primitives.

mod base64;
mod bech32;
mod error;
mod header;
mod payload;
mod recipient;

use std::io::{self, BufRead, Read, Write};

use payload::{Decrypt, Encrypt, NONCE};

use crate::crypto;
pub(super) use error::AgeError;
pub(super) use recipient::{Identity, Recipient};

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
