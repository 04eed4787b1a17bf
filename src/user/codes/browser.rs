//! Which browser a hold was given to: random bytes in a cookie of it, of which a hold has a hash.

use crate::{
    base32,
    crypto::{self, NoRandomness},
};

/// Random bytes of a browser's key.
const KEY_LENGTH: usize = 16;
/// Bytes of its hash: 80 bits, as many as a code has.
pub(crate) const BROWSER_LENGTH: usize = 10;

/// What a browser keeps in its cookie.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BrowserKey([u8; KEY_LENGTH]);

/// Which browser it is, as far as a hold tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowserId(pub(crate) [u8; BROWSER_LENGTH]);

impl BrowserKey {
    /// The key of a browser that has none yet.
    pub(crate) fn generate() -> Result<Self, NoRandomness> {
        crypto::random().map(Self)
    }

    /// Reads what a browser sent; nothing when it is of another form.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() != base32::encoded_len(KEY_LENGTH) {
            return None;
        }
        base32::decode(text)?.try_into().ok().map(Self)
    }

    /// The text for the cookie.
    pub(crate) fn text(&self) -> String {
        base32::encode(&self.0)
    }

    /// What a hold says of it.
    pub(crate) fn id(&self) -> BrowserId {
        BrowserId(crypto::shortened(crypto::sha256(&self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_as_it_was_written_and_nothing_else_is_one() {
        let key = BrowserKey::generate().unwrap();
        assert!(BrowserKey::read(&key.text()) == Some(key.clone()));
        assert!(key.id() != BrowserKey::generate().unwrap().id());
        for text in ["", "A", &key.text()[1..], &"!".repeat(26)] {
            assert!(BrowserKey::read(text).is_none(), "{text}");
        }
    }
}
