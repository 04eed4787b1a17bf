//! `[server]`: where it listens and how people reach it.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use serde::{Deserialize, Deserializer, de::Error};

use super::TlsMode;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: Listen,
    /// Where plain HTTP listens to redirect.
    pub redirect_listen: RedirectListen,
    /// How people reach it.
    pub public_url: PublicUrl,
    /// For how long browsers come back over HTTPS alone; 0 makes them forget it.
    pub hsts_seconds: u32,
    /// The name shown in the web app.
    pub name: String,
    /// How long a stop waits for requests in progress, in seconds.
    pub drain_seconds: u64,
    /// The socket that the command line asks at; empty for one in the data directory.
    pub control_socket: PathBuf,
}

impl ServerConfig {
    /// What is said without TLS must not leave the machine, and a Unix socket needs none.
    pub(super) fn check(&self, tls: TlsMode) -> Result<(), (&'static str, String)> {
        let reason = match (tls, &self.listen) {
            (TlsMode::Off, Listen::Tcp(address)) if !address.ip().is_loopback() => {
                "must be a loopback address or unix: and a path while tls.mode is \"off\""
            }
            (mode, Listen::Unix(_)) if mode != TlsMode::Off => {
                "can be a Unix socket only with tls.mode = \"off\""
            }
            _ => return Ok(()),
        };
        Err(("server.listen", reason.to_owned()))
    }

    /// The control socket, `beside` unless another place is configured.
    pub fn control_socket_or(&self, beside: PathBuf) -> PathBuf {
        if self.control_socket.as_os_str().is_empty() {
            beside
        } else {
            self.control_socket.clone()
        }
    }
}

/// Where the appliance listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// At an address; port 0 takes any free one.
    Tcp(SocketAddr),
    /// At a path.
    Unix(PathBuf),
}

impl Listen {
    /// The address, unless it is a path.
    pub const fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let found = match text.strip_prefix("unix:") {
            Some(path) => {
                Some(PathBuf::from(path)).filter(|path| path.is_absolute()).map(Self::Unix)
            }
            None => text.parse().ok().map(Self::Tcp),
        };
        found.ok_or_else(|| {
            D::Error::custom(
                "must be an address and port such as 0.0.0.0:443, or unix: and an absolute path",
            )
        })
    }
}

/// Where the redirect listener listens, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectListen {
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

impl<'de> Deserialize<'de> for RedirectListen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::At).map_err(|_| {
            D::Error::custom("must be \"off\" or an address and port such as 0.0.0.0:80")
        })
    }
}

/// The origin that every link is made of: `https://host[:port]`, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    host: String,
}

impl PublicUrl {
    /// `https://host[:port]`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host alone, as a certificate names it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is this machine's own name, or an address, for which no browser keeps what it is told
    /// of a host (RFC 6797 §8.1.1).
    pub fn is_local(&self) -> bool {
        let host = self.host.as_str();
        host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok()
    }

    fn parse(text: &str) -> Option<Self> {
        let authority = text.strip_prefix("https://")?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let parsed: http::uri::Authority = authority.parse().ok()?;
        let host = parsed.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let plain = !host.is_empty() && !authority.contains('@') && !authority.contains('_');
        plain.then(|| Self { origin: format!("https://{authority}"), host })
    }
}

impl<'de> Deserialize<'de> for PublicUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom("must be https:// and a host, such as https://presenze.example.org")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigSources};

    #[test]
    fn without_tls_it_listens_on_this_machine_alone() {
        let listens = |mode: &str, listen: &str| {
            let flags = [("tls.mode", mode), ("server.listen", listen)];
            let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
            Config::load(&ConfigSources { flags, ..ConfigSources::default() })
                .map_err(|error| error.to_string())
        };
        for listen in ["127.0.0.1:80", "127.9.9.9:0", "[::1]:80", "unix:/run/appliance/http.sock"] {
            assert_eq!(listens("off", listen).unwrap().server.listen.to_string(), listen);
        }
        for listen in ["0.0.0.0:80", "192.0.2.1:80", "[::]:80", "unix:http.sock", "unix:"] {
            let refused = listens("off", listen).unwrap_err();
            assert!(refused.contains("server.listen"), "{listen}: {refused}");
        }
        let refused = listens("self-signed", "unix:/run/http.sock").unwrap_err();
        assert!(refused.contains("tls.mode"), "{refused}");
    }

    #[test]
    fn a_public_url_is_an_https_origin() {
        let url = PublicUrl::parse("https://presenze.example.org:8443/").unwrap();
        assert_eq!(url.origin(), "https://presenze.example.org:8443");
        assert_eq!(url.host(), "presenze.example.org");
        assert!(!url.is_local());
        for local in ["https://localhost:8443", "https://a.localhost", "https://[::1]"] {
            assert!(PublicUrl::parse(local).unwrap().is_local(), "{local}");
        }
        for text in ["http://a", "https://", "https://a/b", "https://u@a", "https://a?x"] {
            assert_eq!(PublicUrl::parse(text), None, "{text}");
        }
    }
}
