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
}
