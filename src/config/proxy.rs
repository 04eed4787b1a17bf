//! `[proxy]`: reverse proxies in front, and what is believed of what they say.

use serde::Deserialize;

use super::Network;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// Where the proxies are that may say whom they ask for.
    pub trusted_networks: Vec<Network>,
    /// Whether whoever comes through a Unix socket is such a proxy.
    pub trust_unix_socket: bool,
    /// The one header that is read.
    pub header: ForwardingHeader,
}

impl ProxyConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self.trusted_networks.iter().find(|network| network.is_everything()) {
            Some(everything) => {
                let reason = format!("{everything} would let anybody say who they are");
                Err(("proxy.trusted_networks", reason))
            }
            None => Ok(()),
        }
    }
}

/// The header in which proxies say whom they ask for. One alone: a proxy that sets one of them hands the
/// other on as a client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardingHeader {
    /// RFC 7239.
    Forwarded,
    /// What most proxies set unless they are told otherwise.
    XForwardedFor,
}
