//! `[mail]`: the server that takes mail to people.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The server's name; empty for none.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub encryption: MailEncryption,
    /// Who logs in there; empty for nobody.
    pub username: String,
    /// The file whose first line is their password.
    pub password_file: PathBuf,
    /// Whom messages are from.
    pub from: String,
    /// The certificates that the server is trusted by besides those of the system; empty for none.
    pub ca_file: PathBuf,
    /// Seconds that a message may take.
    pub timeout_seconds: u64,
}

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailEncryption {
    /// By a command before anything is said (RFC 3207). A server that does not know it gets nothing.
    Starttls,
    /// From the first byte on (RFC 8314).
    Tls,
    /// Not at all: only to this machine.
    Off,
}

impl MailConfig {
    /// Whether mail is sent at all.
    pub const fn is_on(&self) -> bool {
        !self.host.is_empty()
    }

    /// The file with more certificates, if there is one.
    pub fn ca_file(&self) -> Option<&Path> {
        Some(self.ca_file.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if !(1..=300).contains(&self.timeout_seconds) {
            return Err(("mail.timeout_seconds", "must be from 1 to 300".to_owned()));
        }
        if !self.is_on() {
            return Ok(());
        }
        if self.host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@[]".contains(c)) {
            let reason = "must be a name or an address alone; the port is mail.port".to_owned();
            return Err(("mail.host", reason));
        }
        if self.port == 0 {
            return Err(("mail.port", "must be from 1 to 65535".to_owned()));
        }
        if self.encryption == MailEncryption::Off && !is_this_machine(&self.host) {
            let reason = "may be \"off\" only when mail.host is this machine: anybody on the way could \
                          read the links";
            return Err(("mail.encryption", reason.to_owned()));
        }
        if !self.from.contains('@') || self.from.contains(char::is_control) {
            let reason =
                "must be an address, such as \"Presenze <presenze@example.org>\"".to_owned();
            return Err(("mail.from", reason));
        }
        if self.username.is_empty() != self.password_file.as_os_str().is_empty() {
            let reason = "must be set when mail.username is, and not otherwise".to_owned();
            return Err(("mail.password_file", reason));
        }
        Ok(())
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigSources};

    fn fault(flags: &[(&str, &str)]) -> Option<String> {
        let base = [("mail.host", "mail.example.org"), ("mail.from", "a@example.org")];
        let flags = base.iter().chain(flags);
        let flags = flags.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::load(&ConfigSources { flags, ..ConfigSources::default() })
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn mail_leaves_this_machine_encrypted_only() {
        assert_eq!(fault(&[]), None);
        assert_eq!(fault(&[("mail.encryption", "tls")]), None);
        let off = ("mail.encryption", "off");
        assert!(fault(&[off]).unwrap().contains("mail.encryption"));
        for host in ["localhost.example.org", "192.0.2.1", "0.0.0.0", "localhost."] {
            assert!(fault(&[off, ("mail.host", host)]).is_some(), "{host}");
        }
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(fault(&[off, ("mail.host", host)]), None, "{host}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_laid_at_its_key() {
        for (key, value) in [
            ("mail.host", "mail.example.org:587 "),
            ("mail.host", "smtp://mail.example.org"),
            ("mail.port", "0"),
            ("mail.from", "nobody"),
            ("mail.from", "a@example.org\nBcc: b@example.org"),
            ("mail.timeout_seconds", "0"),
        ] {
            assert!(fault(&[(key, value)]).unwrap().contains(key), "{key} = {value}");
        }
        let alone = "mail.password_file";
        assert!(fault(&[("mail.username", "presenze")]).unwrap().contains(alone));
        assert!(fault(&[(alone, "/run/secret")]).unwrap().contains(alone));
    }
}
