//! An authenticator app, as it would run on a person's phone (RFC 6238).

use appliance::{clock::Clock, crypto::hmac_sha1};

/// What it was told, and the time it takes from the machine.
pub struct Authenticator {
    secret: Vec<u8>,
}

impl Authenticator {
    /// One that was given a secret in base32.
    pub fn of(secret: &str) -> Self {
        let digit = |digit| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(digit).unwrap();
        let bits: String = secret.chars().map(|c| format!("{:05b}", digit(c))).collect();
        let byte = |bits: &[u8]| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
        Self { secret: bits.as_bytes().chunks_exact(8).map(byte).collect() }
    }

    /// The code of now.
    pub fn code(&self) -> String {
        self.code_in(0)
    }

    /// The code of some half minutes from now. The server takes one that is a step early, but none twice.
    pub fn code_in(&self, steps: i64) -> String {
        let step = Clock::system().now().as_seconds() / 30 + steps;
        let tag = hmac_sha1(&self.secret, &u64::try_from(step).unwrap().to_be_bytes());
        let begin = usize::from(tag[19] & 15);
        let word = u32::from_be_bytes(tag[begin..begin + 4].try_into().unwrap()) & 0x7FFF_FFFF;
        format!("{:06}", word % 1_000_000)
    }
}
