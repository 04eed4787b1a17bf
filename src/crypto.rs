//! Randomness, hashing and comparison: the few primitives the house needs, by their plain names.
//!
//! This module and `server/tls` are the only ones that name the provider (aws-lc). Passwords are not
//! here (`auth/passwords/hasher`), neither are JSON Web Tokens (`token`).

use aws_lc_rs::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, PrivateKey, X25519},
    constant_time, digest, hmac, rand,
};

/// The operating system could not give random bytes. Nothing secret can be made without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl std::fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the system's random number generator failed")
    }
}

impl std::error::Error for NoRandomness {}

/// `N` bytes from a cryptographically secure generator.
///
/// # Errors
/// [`NoRandomness`] when the generator fails; callers refuse the work at hand.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    hash
}

/// SHA-256 of what comes bit by bit.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    /// Takes more of the data.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The hash of all that was taken.
    pub fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

/// HMAC-SHA-256 (RFC 2104) of the parts, one after another. Callers make parts unambiguous: fixed
/// widths, or a length before each variable one.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

/// HMAC-SHA-1 (RFC 2104), for codes of authenticator apps (RFC 6238), which know no other.
pub fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let mut tag = [0; 20];
    tag.copy_from_slice(hmac::sign(&key, data).as_ref());
    tag
}

/// 32 bytes of HKDF-SHA-256 (RFC 5869): its first and only block.
pub fn hkdf_sha256(secret: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    hmac_sha256(&hmac_sha256(salt, &[secret]), &[info, &[1]])
}

/// The public key of an X25519 secret key (RFC 7748 §5); nothing when the provider refuses.
pub fn x25519_public(secret: &[u8; 32]) -> Option<[u8; 32]> {
    let key = PrivateKey::from_private_key(&X25519, secret).ok()?;
    key.compute_public_key().ok()?.as_ref().try_into().ok()
}

/// The secret that an X25519 secret key and somebody's public key share (RFC 7748 §6.1); nothing for a
/// public key of which no secret comes.
pub fn x25519_shared(secret: &[u8; 32], public: &[u8; 32]) -> Option<[u8; 32]> {
    let key = PrivateKey::from_private_key(&X25519, secret).ok()?;
    let public = agreement::UnparsedPublicKey::new(&X25519, public);
    agreement::agree(&key, public, (), |shared| shared.try_into().map_err(|_| ())).ok()
}

/// A key of ChaCha20-Poly1305 (RFC 8439), for data without more to authenticate. Whoever uses it never
/// seals twice with one nonce.
pub struct ChaCha20Poly1305(LessSafeKey);

impl ChaCha20Poly1305 {
    /// How many bytes a sealed text is longer than the text.
    pub const TAG_BYTES: usize = 16;

    /// The key of these bytes; nothing when the provider refuses.
    pub fn new(key: &[u8; 32]) -> Option<Self> {
        Some(Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).ok()?)))
    }

    /// Seals a text in its place and appends the tag; says whether it did.
    pub fn seal(&self, nonce: [u8; 12], text: &mut Vec<u8>) -> bool {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(nonce, Aad::empty(), text).is_ok()
    }

    /// Opens a sealed text in its place; nothing when it was not sealed with this key and nonce.
    pub fn open<'t>(&self, nonce: [u8; 12], sealed: &'t mut [u8]) -> Option<&'t mut [u8]> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place(nonce, Aad::empty(), sealed).ok()
    }
}

/// 32 bytes of scrypt (RFC 7914) with r = 8 and p = 1, at a cost of 2^`log_n` KiB of memory; nothing for
/// a cost that scrypt does not have.
pub fn scrypt(passphrase: &[u8], salt: &[u8], log_n: u8) -> Option<[u8; 32]> {
    let parameters = scrypt::Params::new(log_n, 8, 1).ok()?;
    let mut key = [0; 32];
    scrypt::scrypt(passphrase, salt, &parameters, &mut key).ok()?;
    Some(key)
}

/// The leftmost `N` bytes of a tag, at most all 32 (RFC 2104 §5).
pub fn shortened<const N: usize>(tag: [u8; 32]) -> [u8; N] {
    const { assert!(N <= 32) };
    let mut short = [0; N];
    short.iter_mut().zip(tag).for_each(|(short, long)| *short = long);
    short
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_matches_rfc_4231_case_2() {
        let tag = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(tag[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_eq!(tag[28..], [0x64, 0xec, 0x38, 0x43]);
    }

    #[test]
    fn hkdf_matches_rfc_5869_case_1() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        assert_eq!(hkdf_sha256(&[0x0b; 22], &salt, &info)[..4], [0x3c, 0xb2, 0x5f, 0x25]);
    }

    #[test]
    fn two_x25519_keys_share_one_secret_and_a_key_of_nothing_shares_none() {
        let secrets = [[7; 32], [9; 32]];
        let [a, b] = secrets.map(|secret| x25519_public(&secret).unwrap());
        assert_eq!(x25519_shared(&secrets[0], &b), x25519_shared(&secrets[1], &a));
        assert_eq!(x25519_shared(&secrets[0], &[0; 32]), None);
    }

    #[test]
    fn sha256_matches_fips_180_4_at_once_and_bit_by_bit() {
        assert_eq!(sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
        let mut hash = Sha256::default();
        hash.update(b"a");
        hash.update(b"bc");
        assert_eq!(hash.finish(), sha256(b"abc"));
    }

    #[test]
    fn random_bytes_differ_from_call_to_call() {
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
    }
}
