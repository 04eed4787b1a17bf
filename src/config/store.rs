//! `[store]`: memory and queues of the databases.

use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Memory for pages of each file, in MiB.
    pub cache_mib: u32,
    /// Writes that may wait for one file.
    pub queue_capacity: u32,
    /// Writes that may share one commit.
    pub max_batch: u32,
    free_space_floor_mib: u32,
    ballast_mib: u32,
    compact_at_start_mib: u32,
}

impl StoreConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, value) in
            [("store.queue_capacity", self.queue_capacity), ("store.max_batch", self.max_batch)]
        {
            if value == 0 {
                return Err((key, "must be 1 or more".to_owned()));
            }
        }
        Ok(())
    }

    /// Free space below which writes are refused, in bytes; 0 refuses none.
    pub fn free_space_floor_bytes(&self) -> u64 {
        u64::from(self.free_space_floor_mib) << 20
    }

    /// The longest file that a start may compact, in bytes; 0 compacts none.
    pub fn compact_at_start_bytes(&self) -> u64 {
        u64::from(self.compact_at_start_mib) << 20
    }

    /// The size of the ballast, in bytes; 0 is none.
    pub fn ballast_bytes(&self) -> u64 {
        u64::from(self.ballast_mib) << 20
    }
}
