//! The configuration: `appliance.toml` < environment < flag, one file here for each section there.
//!
//! The repository's `appliance.toml` is embedded and is the one source of defaults, known keys and
//! their types. `load` lays the other sources over it and remembers where each value came from;
//! `show` prints that. A module is handed its own section, never the whole [`Config`].

mod access;
mod attendance;
mod auth;
mod backup;
mod cors;
mod data;
mod limits;
mod load;
mod log;
mod mail;
mod network;
mod proxy;
mod rate_limit;
mod server;
mod show;
mod social;
mod sources;
mod store;
mod tls;
mod tls_mode;

use serde::Deserialize;

pub use access::AccessConfig;
pub use attendance::AttendanceConfig;
pub use auth::{AuthConfig, RegistrationMode};
pub use backup::{BackupConfig, BackupSchedule};
pub use cors::CorsConfig;
pub use data::DataConfig;
pub use limits::LimitsConfig;
pub use load::{ConfigError, ConfigValues};
pub use log::{ConfigLogFormat, LogConfig};
pub use mail::{MailConfig, MailEncryption};
pub use network::Network;
pub use proxy::{ForwardingHeader, ProxyConfig, UnnamedProxy};
pub use rate_limit::RateLimitConfig;
pub use server::{Listen, PublicUrl, RedirectListen, ServerConfig};
pub use show::{show_json, show_text};
pub use social::{Poster, SocialConfig};
pub use sources::{ConfigSources, ValueSource};
pub use store::StoreConfig;
pub use tls::{AcmeChallenge, TlsConfig};
pub use tls_mode::TlsMode;

/// Every section, parsed and checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens and how people reach it.
    pub server: ServerConfig,
    /// Where everything is kept.
    pub data: DataConfig,
    /// Certificates.
    pub tls: TlsConfig,
    /// What one connection and one request may take.
    pub limits: LimitsConfig,
    /// What one client may ask for in a minute.
    pub rate_limit: RateLimitConfig,
    /// Accounts, sessions and passwords.
    pub auth: AuthConfig,
    /// The server that takes mail to people.
    pub mail: MailConfig,
    /// Defaults of events.
    pub attendance: AttendanceConfig,
    /// The social feed: who posts, and how much.
    pub social: SocialConfig,
    /// Memory and queues of the databases.
    pub store: StoreConfig,
    /// When backups are taken and how long they are kept.
    pub backup: BackupConfig,
    /// Other sites that may call the API.
    pub cors: CorsConfig,
    /// Reverse proxies in front.
    pub proxy: ProxyConfig,
    /// Who may see metrics and documentation.
    pub access: AccessConfig,
    /// Logging.
    pub log: LogConfig,
}

impl Config {
    /// The proxy that speaks TLS, if nothing says how it names its clients.
    pub fn unnamed_proxy(&self) -> Option<UnnamedProxy> {
        self.proxy.unnamed_proxy(self.tls.mode, &self.server.listen)
    }

    /// What serde cannot see: ranges, and values that need each other. Names the key at fault.
    fn check(&self) -> Result<(), (&'static str, String)> {
        self.server.check(self.tls.mode)?;
        self.tls.check(&self.server)?;
        self.limits.check()?;
        self.auth.check()?;
        self.mail.check()?;
        self.attendance.check()?;
        self.social.check()?;
        self.store.check()?;
        self.backup.check()?;
        self.cors.check()?;
        self.proxy.check()
    }
}
