//! `[access]`: who may see metrics and documentation.

use serde::Deserialize;

use super::Network;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessConfig {
    /// May read `/metrics`.
    pub metrics_networks: Vec<Network>,
    /// May read `/docs` and `/openapi.json`.
    pub docs_networks: Vec<Network>,
}
