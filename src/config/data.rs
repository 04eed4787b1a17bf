//! `[data]`: where everything is kept.

use std::path::PathBuf;

use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The data directory; `paths::DataDir` knows what lies in it.
    pub directory: PathBuf,
}
