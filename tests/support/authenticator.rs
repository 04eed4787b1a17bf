//! An authenticator app, as it would run on a person's phone (RFC 6238).

use appliance::{clock::Time, crypto::hmac_sha1};

const STEP_SECONDS: i64 = 30;

/// What it was told.
pub struct Authenticator {
    secret: Vec<u8>,
}

impl Authenticator {
    /// One that was given a secret in base32.
    pub fn of(secret: &str) -> Self {
        let digit = |digit| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(digit).unwrap();
        let bits =
            secret.chars().fold(String::new(), |bits, c| bits + &format!("{:05b}", digit(c)));
        let byte = |bits: &[u8]| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
        Self { secret: bits.as_bytes().chunks_exact(8).map(byte).collect() }
    }

    /// The code that is shown some steps of half a minute from then. The server takes one that is a step
    /// early or late, but none twice.
    pub fn code(&self, now: Time, steps: i64) -> String {
        let step = u64::try_from(now.as_seconds() / STEP_SECONDS + steps).unwrap();
        let tag = hmac_sha1(&self.secret, &step.to_be_bytes());
        let begin = usize::from(tag[19] & 15);
        let word = u32::from_be_bytes(tag[begin..begin + 4].try_into().unwrap()) & 0x7FFF_FFFF;
        format!("{:06}", word % 1_000_000)
    }
}
