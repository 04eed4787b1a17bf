//! `[proxy]`: reverse proxies in front, and what is believed of what they say.

use serde::Deserialize;

use super::{Listen, Network, TlsMode};

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
    /// Where load balancers are that begin each connection with a header of the PROXY protocol.
    pub protocol_networks: Vec<Network>,
}

impl ProxyConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let all = [
            ("proxy.trusted_networks", &self.trusted_networks),
            ("proxy.protocol_networks", &self.protocol_networks),
        ];
        for (key, networks) in all {
            if let Some(everything) = networks.iter().find(|network| network.is_everything()) {
                return Err((key, format!("{everything} would let anybody say who they are")));
            }
        }
        Ok(())
    }

    /// What is wrong when TLS is spoken by a proxy that nobody has named here: it asks for everybody, and
    /// none is told from another. Nothing when it was named.
    pub(super) fn unnamed_proxy(&self, tls: TlsMode, listen: &Listen) -> Option<UnnamedProxy> {
        let is_named = match listen {
            Listen::Unix(_) => self.trust_unix_socket,
            Listen::Tcp(_) => {
                !(self.trusted_networks.is_empty() && self.protocol_networks.is_empty())
            }
        };
        let key = match listen {
            Listen::Unix(_) => "proxy.trust_unix_socket = true",
            Listen::Tcp(address) if address.is_ipv6() => "proxy.trusted_networks = [\"::1\"]",
            Listen::Tcp(_) => "proxy.trusted_networks = [\"127.0.0.1\"]",
        };
        (tls == TlsMode::Off && !is_named).then_some(UnnamedProxy { key })
    }
}

/// A proxy that speaks TLS and may not say for whom it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnnamedProxy {
    key: &'static str,
}

impl UnnamedProxy {
    /// What comes of it.
    pub const fn message() -> &'static str {
        "tls.mode is \"off\", and the proxy that speaks TLS is not named: all its clients count as one for \
         limits, and /metrics, /docs and /openapi.json are closed"
    }

    /// What to set.
    pub fn mend(self) -> String {
        format!("set {}, and have the proxy send the header of proxy.header", self.key)
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

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigSources};

    fn config(flags: &[(&str, &str)]) -> Result<Config, String> {
        let flags = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::load(&ConfigSources { flags, ..ConfigSources::default() })
            .map_err(|error| error.to_string())
    }

    #[test]
    fn no_network_of_proxies_is_everything() {
        for key in ["proxy.trusted_networks", "proxy.protocol_networks"] {
            for everything in ["['0.0.0.0/0']", "['10.0.0.0/8', '::/0']"] {
                assert!(config(&[(key, everything)]).unwrap_err().contains(key));
            }
            assert!(config(&[(key, "['10.0.0.0/8', '::1']")]).is_ok());
        }
    }

    #[test]
    fn a_proxy_that_speaks_tls_has_to_be_named() {
        let mend = |flags: &[(&str, &str)]| {
            let unnamed = config(flags).unwrap().unnamed_proxy();
            unnamed.map(super::UnnamedProxy::mend).unwrap_or_default()
        };
        let off = ("tls.mode", "off");
        let unix = ("server.listen", "unix:/run/appliance/http.sock");
        assert_eq!(mend(&[]), "");
        assert!(mend(&[off]).contains("trusted_networks = [\"127.0.0.1\"]"));
        assert!(mend(&[off, ("server.listen", "[::1]:80")]).contains("[\"::1\"]"));
        assert!(mend(&[off, unix]).contains("trust_unix_socket"));
        assert_eq!(mend(&[off, ("proxy.trusted_networks", "['127.0.0.1']")]), "");
        assert_eq!(mend(&[off, ("proxy.protocol_networks", "['127.0.0.1']")]), "");
        assert_eq!(mend(&[off, unix, ("proxy.trust_unix_socket", "true")]), "");
        assert!(mend(&[off, unix, ("proxy.trusted_networks", "['127.0.0.1']")]).contains("unix"));
    }
}
