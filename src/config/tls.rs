//! `[tls]`: where certificates come from.

use std::{net::IpAddr, path::PathBuf};

use serde::Deserialize;

use super::{RedirectListen, ServerConfig, TlsMode};

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Who makes the certificates.
    pub mode: TlsMode,
    /// The chains, for [`TlsMode::Files`].
    pub certificates: Vec<PathBuf>,
    /// Their private keys in the same order, for [`TlsMode::Files`].
    pub keys: Vec<PathBuf>,
    /// More names for [`TlsMode::SelfSigned`].
    pub names: Vec<String>,
    /// The directory that certificates are asked of, for [`TlsMode::Acme`].
    pub acme_directory: String,
    /// The certificates that the directory itself is trusted by; empty for those of the system.
    pub acme_root: PathBuf,
    /// Where the directory reaches a person; may be empty.
    pub acme_contact: String,
    /// More names for [`TlsMode::Acme`].
    pub acme_names: Vec<String>,
    /// How a name is proven, for [`TlsMode::Acme`].
    pub acme_challenge: AcmeChallenge,
}

impl TlsConfig {
    /// The names that are asked of the directory: the host that people use, and those that are configured.
    pub fn acme_identifiers(&self, server: &ServerConfig) -> Vec<String> {
        let mut names = vec![canonical(server.public_url.host())];
        for name in self.acme_names.iter().map(|name| canonical(name)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    pub(super) fn check(&self, server: &ServerConfig) -> Result<(), (&'static str, String)> {
        match self.mode {
            TlsMode::SelfSigned | TlsMode::Off => Ok(()),
            TlsMode::Files => self.check_files(),
            TlsMode::Acme => self.check_acme(server),
        }
    }

    fn check_files(&self) -> Result<(), (&'static str, String)> {
        let empty = |paths: &[PathBuf]| paths.iter().any(|path| path.as_os_str().is_empty());
        for (key, paths) in [("tls.certificates", &self.certificates), ("tls.keys", &self.keys)] {
            if paths.is_empty() || empty(paths) {
                return Err((key, "must be set when tls.mode is \"files\"".to_owned()));
            }
        }
        if self.certificates.len() == self.keys.len() {
            Ok(())
        } else {
            let words = "must have as many entries as tls.certificates, in the same order";
            Err(("tls.keys", words.to_owned()))
        }
    }

    fn check_acme(&self, server: &ServerConfig) -> Result<(), (&'static str, String)> {
        let is_https = self.acme_directory.strip_prefix("https://").is_some_and(|rest| {
            rest.split('/').next().is_some_and(|authority| {
                !authority.is_empty() && self.acme_directory.parse::<http::Uri>().is_ok()
            })
        });
        if !is_https {
            return Err(("tls.acme_directory", "must be an https:// address".to_owned()));
        }
        let is_contact = self.acme_contact.is_empty()
            || self.acme_contact.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty()
                    && !host.is_empty()
                    && !self.acme_contact.contains(char::is_whitespace)
            });
        if !is_contact {
            return Err(("tls.acme_contact", "must be an e-mail address, or empty".to_owned()));
        }
        if self.acme_challenge == AcmeChallenge::Http01
            && server.redirect_listen == RedirectListen::Off
        {
            let words =
                "\"http-01\" is answered over plain HTTP, so server.redirect_listen must be set";
            return Err(("tls.acme_challenge", words.to_owned()));
        }
        for name in self.acme_identifiers(server) {
            if name.contains('*') {
                let words =
                    format!("{name}: a wildcard can be proven over DNS only, which is not done");
                return Err(("tls.acme_names", words));
            }
            if name.parse::<IpAddr>().is_ok() && self.acme_challenge == AcmeChallenge::TlsAlpn01 {
                let words = format!("{name} is an address, which is proven by \"http-01\"");
                return Err(("tls.acme_challenge", words));
            }
        }
        Ok(())
    }
}

/// A name as a certificate has it: in lower case, an address in its shortest form.
fn canonical(name: &str) -> String {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| name.to_ascii_lowercase(), |address| address.to_string())
}

/// How a name is proven to the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum AcmeChallenge {
    /// By a file over plain HTTP (RFC 8555 §8.3).
    #[serde(rename = "http-01")]
    Http01,
    /// By a certificate in a TLS handshake (RFC 8737).
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigSources};

    fn fault(flags: &[(&str, &str)]) -> Option<String> {
        let flags = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::load(&ConfigSources { flags, ..ConfigSources::default() })
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn files_come_in_pairs() {
        let files = ("tls.mode", "files");
        assert!(fault(&[files]).unwrap().contains("tls.certificates"));
        let one = ("tls.certificates", "['a.pem']");
        assert!(fault(&[files, one]).unwrap().contains("tls.keys"));
        assert!(fault(&[files, one, ("tls.keys", "['a', 'b']")]).unwrap().contains("as many"));
        assert_eq!(fault(&[files, one, ("tls.keys", "['a']")]), None);
    }

    #[test]
    fn what_a_directory_could_never_prove_is_refused_before_it_is_asked() {
        let acme = ("tls.mode", "acme");
        let refused = |setting, words: &str| {
            let fault = fault(&[acme, setting]).unwrap();
            assert!(fault.contains(words), "{fault}");
        };
        assert_eq!(fault(&[acme]), None);
        refused(("tls.acme_directory", "http://ca.example"), "https://");
        refused(("tls.acme_directory", "https://"), "https://");
        refused(("tls.acme_contact", "nobody"), "e-mail");
        refused(("tls.acme_challenge", "http-01"), "server.redirect_listen");
        refused(("tls.acme_names", "['*.example.org']"), "wildcard");
        refused(("tls.acme_names", "['192.0.2.1']"), "http-01");
    }

    #[test]
    fn every_name_is_asked_for_once() {
        let flags = [
            ("server.public_url", "https://Presenze.example.org"),
            ("tls.acme_names", "['b.example.org', 'presenze.example.org', '2001:DB8:0::1']"),
        ];
        let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
        let names = config.tls.acme_identifiers(&config.server);
        assert_eq!(names, ["presenze.example.org", "b.example.org", "2001:db8::1"]);
    }
}
