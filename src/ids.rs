//! Who and what: the id newtypes, the role and the scopes that cross from one domain to another.

mod scope;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use scope::{Scope, Scopes, UnknownScope};

/// A person's number: from 1, never reused, so that an audit entry means one person for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub u64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 128 random bits that name a session, an audit event or a request; shown as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RandomId(pub [u8; 16]);

impl RandomId {
    /// A fresh id.
    ///
    /// # Errors
    /// When the system's random number generator fails.
    pub fn generate() -> Result<Self, crate::crypto::NoRandomness> {
        crate::crypto::random().map(Self)
    }

    /// The first half of the digits: what the audit trail calls a session or a key by. Enough to tell
    /// them apart, not enough to guess one.
    pub fn name(self) -> String {
        let mut name = self.to_string();
        name.truncate(16);
        name
    }

    /// Reads the form that [`fmt::Display`] writes: 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let lower_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if text.len() != 32 || !text.bytes().all(lower_hex) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(|value| Self(value.to_be_bytes()))
    }
}

impl RandomId {
    /// The 32 digits, without the general formatting of numbers: every request has its id written
    /// out more than once.
    fn digits(self) -> [u8; 32] {
        let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        digits
    }
}

impl fmt::Display for RandomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl fmt::Debug for RandomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a person may do. Ordered: whoever may do more, compares greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Registers, scans, sees what is their own.
    User,
    /// Runs events too.
    Staff,
    /// Runs the appliance too: people, audit, settings.
    Admin,
}

impl Role {
    /// The word used in JSON, tokens and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Staff => "staff",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "user" => Ok(Self::User),
            "staff" => Ok(Self::Staff),
            "admin" => Ok(Self::Admin),
            _ => Err(UnknownRole),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not one of `user`, `staff` and `admin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRole;

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a role is one of user, staff, admin")
    }
}

impl std::error::Error for UnknownRole {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_id_reads_back_from_its_text_only() {
        let id = RandomId::generate().unwrap();
        assert_eq!(RandomId::parse(&id.to_string()), Some(id));
        assert_eq!(RandomId([0xAF; 16]).to_string(), "af".repeat(16));
        assert_eq!(RandomId::parse("+0000000000000000000000000000001"), None);
        assert_eq!(RandomId::parse(&id.to_string()[1..]), None);
    }

    #[test]
    fn roles_are_ordered_by_what_they_may_do() {
        assert!(Role::User < Role::Staff && Role::Staff < Role::Admin);
    }
}
