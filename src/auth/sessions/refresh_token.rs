//! Refresh tokens: made, read and compared. Access tokens are in `token`.
//!
//! A refresh token is `session (16) ‖ generation (4) ‖ secret (32) ‖ tag (16)` in base32. The secret is
//! stored hashed and is what lets somebody in. The tag is an HMAC of the rest under a key of this
//! appliance: it tells a token that we once gave out, and that has been used since, from one that
//! somebody made up. Only the former ends a session, and no used token needs to be remembered.

use super::signed_text;
use crate::{
    crypto::{self, NoRandomness},
    ids::RandomId,
};

const KIND: &[u8] = b"refresh-token-v1";
const SUCCESSOR: &[u8] = b"refresh-token-successor-v1";

/// A refresh token, taken apart.
#[derive(Clone)]
pub(super) struct RefreshToken {
    pub(super) session: RandomId,
    pub(super) generation: u32,
    secret: [u8; 32],
}

impl RefreshToken {
    /// A fresh token of a session.
    pub(super) fn generate(session: RandomId, generation: u32) -> Result<Self, NoRandomness> {
        Ok(Self { session, generation, secret: crypto::random()? })
    }

    /// The token that this one is traded for. It is made of this one and the appliance's key, so that the
    /// same token is traded for the same successor without anything being remembered of it.
    pub(super) fn successor(&self, key: &[u8; 32]) -> Self {
        let generation = self.generation.wrapping_add(1);
        let parts = [SUCCESSOR, &self.session.0, &generation.to_be_bytes(), &self.secret];
        Self { session: self.session, generation, secret: crypto::hmac_sha256(key, &parts) }
    }

    /// What is stored of the secret.
    pub(super) fn hash(&self) -> [u8; 32] {
        crypto::sha256(&self.secret)
    }

    /// The text that a client keeps.
    pub(super) fn to_text(&self, key: &[u8; 32]) -> String {
        let body = [&self.session.0[..], &self.generation.to_be_bytes(), &self.secret].concat();
        signed_text::sign(key, KIND, &body)
    }

    /// Reads a text that [`RefreshToken::to_text`] made with the same key, and no other.
    pub(super) fn open(key: &[u8; 32], text: &str) -> Option<Self> {
        let body = signed_text::verify(key, KIND, text)?;
        let (session, rest) = body.split_first_chunk()?;
        let (generation, secret) = rest.split_first_chunk()?;
        Some(Self {
            session: RandomId(*session),
            generation: u32::from_be_bytes(*generation),
            secret: secret.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_opens_whole_and_with_its_own_key_alone(
            session: [u8; 16], generation: u32, at in 0_usize..109,
        ) {
            let token = RefreshToken::generate(RandomId(session), generation).unwrap();
            let text = token.to_text(&[1; 32]);
            let opened = RefreshToken::open(&[1; 32], &text).unwrap();
            prop_assert_eq!(opened.session, RandomId(session));
            prop_assert_eq!(opened.generation, generation);
            prop_assert_eq!(opened.hash(), token.hash());
            prop_assert!(RefreshToken::open(&[2; 32], &text).is_none());
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
            let changed = String::from_utf8(changed).unwrap();
            prop_assert!(RefreshToken::open(&[1; 32], &changed).is_none());
        }

        #[test]
        fn a_token_has_one_successor_and_no_other_token_or_key_has_the_same(
            session: [u8; 16], other: [u8; 16], generation: u32,
        ) {
            let token = RefreshToken::generate(RandomId(session), generation).unwrap();
            let next = token.successor(&[1; 32]);
            prop_assert_eq!(next.session, token.session);
            prop_assert_eq!(next.generation, generation.wrapping_add(1));
            prop_assert_eq!(next.hash(), token.successor(&[1; 32]).hash());
            let others = [
                token.clone(),
                token.successor(&[2; 32]),
                next.successor(&[1; 32]),
                RefreshToken::generate(RandomId(session), generation).unwrap().successor(&[1; 32]),
            ];
            prop_assert!(others.iter().all(|other| other.hash() != next.hash()));
            let elsewhere = RefreshToken { session: RandomId(other), ..token };
            prop_assert_eq!(
                elsewhere.successor(&[1; 32]).hash() == next.hash(),
                session == other
            );
        }
    }
}
