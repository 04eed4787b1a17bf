//! `[server]`: where it listens and how people reach it.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use serde::{Deserialize, Deserializer, de::Error};

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Where HTTPS listens; port 0 takes any free one.
    pub listen: SocketAddr,
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
    /// The control socket, `beside` unless another place is configured.
    pub fn control_socket_or(&self, beside: PathBuf) -> PathBuf {
        if self.control_socket.as_os_str().is_empty() {
            beside
        } else {
            self.control_socket.clone()
        }
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
