//! `[auth]`: accounts, sessions and passwords.

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::ids::Role;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Who may register.
    pub registration: RegistrationMode,
    /// Minutes that an access token lives.
    pub access_token_minutes: u16,
    /// Days after which another key signs access tokens.
    pub signing_key_days: u16,
    /// Days without use after which a session ends.
    pub session_idle_days: u16,
    /// Days after which a session ends anyway.
    pub session_max_days: u16,
    /// Roles that must have a second factor.
    #[serde(deserialize_with = "roles")]
    pub require_second_factor_for: Vec<Role>,
    /// Argon2id's memory, in KiB.
    pub argon2_memory_kib: u32,
    /// Argon2id's passes over the memory.
    pub argon2_passes: u32,
    /// Argon2id's lanes.
    pub argon2_lanes: u32,
    /// Hashes computed at once; 0 is one per processor.
    pub hash_concurrency: usize,
    /// What everybody here would try when guessing a password.
    pub forbidden_words: Vec<String>,
}

/// Each is looked for in every new password.
const MOST_WORDS: usize = 1_000;

impl AuthConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        // RFC 9106 §3.1: at least 8 KiB a lane, one pass and one lane.
        if self.argon2_lanes == 0 || self.argon2_lanes > 64 {
            return Err(("auth.argon2_lanes", "must be from 1 to 64".to_owned()));
        }
        if self.argon2_memory_kib < 8 * self.argon2_lanes || self.argon2_memory_kib > 4_194_304 {
            return Err(("auth.argon2_memory_kib", "must be from 8 a lane to 4194304".to_owned()));
        }
        if self.argon2_passes == 0 || self.argon2_passes > 100 {
            return Err(("auth.argon2_passes", "must be from 1 to 100".to_owned()));
        }
        if !(1..=60).contains(&self.access_token_minutes) {
            return Err(("auth.access_token_minutes", "must be from 1 to 60".to_owned()));
        }
        if !(1..=3_650).contains(&self.signing_key_days) {
            return Err(("auth.signing_key_days", "must be from 1 to 3650".to_owned()));
        }
        if self.session_idle_days == 0 {
            return Err(("auth.session_idle_days", "must be 1 or more".to_owned()));
        }
        if self.session_max_days == 0 {
            return Err(("auth.session_max_days", "must be 1 or more".to_owned()));
        }
        if self.hash_concurrency > 1_024 {
            return Err(("auth.hash_concurrency", "must be from 0 to 1024".to_owned()));
        }
        let is_short = |word: &String| word.trim().chars().count() < 3;
        if self.forbidden_words.len() > MOST_WORDS || self.forbidden_words.iter().any(is_short) {
            let reason = format!("must be at most {MOST_WORDS} words of 3 characters or more");
            return Err(("auth.forbidden_words", reason));
        }
        Ok(())
    }
}

/// Roles, by their words.
fn roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Role>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let role = |word: String| word.parse().map_err(|error| D::Error::custom(format!("{error}")));
    words.into_iter().map(role).collect()
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationMode {
    /// Anyone.
    Open,
    /// Whoever has an invitation.
    Invite,
    /// Nobody; administrators make accounts.
    Closed,
}

impl RegistrationMode {
    /// The word for it, in the configuration and to clients.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }
}
