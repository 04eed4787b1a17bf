//! `[social]`: who may hand posts in, and how much of the disk the feed takes.

use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocialConfig {
    /// Who may hand posts in.
    pub who_may_post: Vec<Poster>,
    person_mib_per_day: u32,
    key_mib_per_day: u32,
    total_mib: u32,
    /// Days after which a post is removed; 0 never removes one for its age.
    pub keep_days: u32,
    free_space_floor_mib: u32,
}

/// Somebody who may hand posts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Poster {
    /// Everybody who is signed in.
    User,
    /// Staff and administrators.
    Staff,
    /// API keys with `social:write`.
    Key,
}

impl SocialConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.total_mib == 0 {
            return Err(("social.total_mib", "must be 1 or more".to_owned()));
        }
        Ok(())
    }

    /// What one person may add to the feed in a day without a key, in bytes.
    pub fn person_bytes_per_day(&self) -> u64 {
        u64::from(self.person_mib_per_day) << 20
    }

    /// What one API key may add to the feed in a day, in bytes.
    pub fn key_bytes_per_day(&self) -> u64 {
        u64::from(self.key_mib_per_day) << 20
    }

    /// What all posts may take, in bytes.
    pub fn total_bytes(&self) -> u64 {
        u64::from(self.total_mib) << 20
    }

    /// Free space below which no post is taken, in bytes; see `appliance.toml` for small disks.
    pub fn free_space_floor_bytes(&self) -> u64 {
        u64::from(self.free_space_floor_mib) << 20
    }
}
