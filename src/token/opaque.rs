//! Tokens that mean nothing by themselves: a prefix that says what for, then the base32 of an id under
//! which it is kept and a secret that is kept hashed.
//!
//! The secret has 256 random bits, so a plain SHA-256 hides it, and comparing two hashes is all that a
//! request costs. Architecture invariant: nothing here prints; a token leaves through
//! [`OpaqueToken::reveal`] alone, once, to whoever it was made for.

use crate::{
    base32,
    crypto::{self, NoRandomness},
    ids::RandomId,
};

/// What API keys begin with.
pub const API_KEY: &str = "ak_";
/// What display tokens begin with.
pub const DISPLAY: &str = "dt_";

/// A token, taken apart.
pub struct OpaqueToken {
    /// What it is kept under. No secret.
    pub id: RandomId,
    secret: [u8; 32],
}

impl OpaqueToken {
    /// A fresh one.
    ///
    /// # Errors
    /// When the system's random number generator fails.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self { id: RandomId::generate()?, secret: crypto::random()? })
    }

    /// Reads what [`OpaqueToken::reveal`] wrote with the same prefix.
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let bytes = base32::decode(text.strip_prefix(prefix)?)?;
        let (id, secret) = bytes.split_first_chunk()?;
        Some(Self { id: RandomId(*id), secret: secret.try_into().ok()? })
    }

    /// The text that its bearer keeps.
    pub fn reveal(&self, prefix: &str) -> String {
        let bytes = [&self.id.0[..], &self.secret].concat();
        format!("{prefix}{}", base32::encode(&bytes))
    }

    /// What is stored of the secret.
    pub fn hash(&self) -> [u8; 32] {
        crypto::sha256(&self.secret)
    }

    /// Whether this is the token of which `hash` is stored.
    pub fn matches(&self, hash: &[u8; 32]) -> bool {
        crypto::equal(&self.hash(), hash)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_reads_back_whole_and_under_its_own_prefix_alone(at in 3_usize..80) {
            let token = OpaqueToken::generate().unwrap();
            let text = token.reveal(API_KEY);
            prop_assert_eq!(text.len(), 80);
            let read = OpaqueToken::parse(API_KEY, &text).unwrap();
            prop_assert_eq!(read.id, token.id);
            prop_assert!(read.matches(&token.hash()));
            prop_assert!(OpaqueToken::parse(DISPLAY, &text).is_none());
            prop_assert!(OpaqueToken::parse(API_KEY, &text[..at]).is_none());
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'G' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            let other = OpaqueToken::parse(API_KEY, &changed);
            prop_assert!(other.is_none_or(|other| other.id != token.id || !other.matches(&token.hash())));
        }
    }
}
