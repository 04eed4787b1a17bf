//! `[tls]`: where the certificate comes from.

use std::path::PathBuf;

use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Who makes the certificate.
    pub mode: TlsMode,
    /// The chain, for [`TlsMode::Files`].
    pub certificate: PathBuf,
    /// The private key, for [`TlsMode::Files`].
    pub key: PathBuf,
    /// More names for [`TlsMode::SelfSigned`].
    pub names: Vec<String>,
}

impl TlsConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.mode == TlsMode::Files {
            for (key, path) in [("tls.certificate", &self.certificate), ("tls.key", &self.key)] {
                if path.as_os_str().is_empty() {
                    return Err((key, "must be set when tls.mode is \"files\"".to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// Who makes the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// The appliance, once.
    SelfSigned,
    /// Somebody else; it is read from files.
    Files,
    /// Nobody: a proxy on this machine speaks TLS, and plain HTTP comes from there.
    Off,
}
