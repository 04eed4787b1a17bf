//! `tls.mode`: who makes the certificates. What listens and what is served both depend on it.

use serde::Deserialize;

/// Who makes the certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// The appliance, once.
    SelfSigned,
    /// Somebody else; they are read from files.
    Files,
    /// A directory that speaks ACME (RFC 8555).
    Acme,
    /// Nobody: a proxy on this machine speaks TLS, and plain HTTP comes from there.
    Off,
}

impl TlsMode {
    /// As it is written in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfSigned => "self-signed",
            Self::Files => "files",
            Self::Acme => "acme",
            Self::Off => "off",
        }
    }
}
