//! Bytes that a client keeps for us, in base32: nobody else can make or change them, and whoever has them can
//! read them.

use crate::{base32, crypto};

const TAG_LENGTH: usize = 16;

/// The text of a body, tagged under a key. `kind` keeps one kind of text from passing for another.
pub(super) fn sign(key: &[u8; 32], kind: &[u8], body: &[u8]) -> String {
    base32::encode(&[body, &tag(key, kind, body)].concat())
}

/// The body of a text that [`sign`] made with the same key and kind, and of no other.
pub(super) fn verify(key: &[u8; 32], kind: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut bytes = base32::decode(text)?;
    let tagged = bytes.split_off(bytes.len().checked_sub(TAG_LENGTH)?);
    crypto::equal(&tagged, &tag(key, kind, &bytes)).then_some(bytes)
}

fn tag(key: &[u8; 32], kind: &[u8], body: &[u8]) -> [u8; TAG_LENGTH] {
    crypto::shortened(crypto::hmac_sha256(key, &[kind, body]))
}
