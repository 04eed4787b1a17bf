//! How a running appliance is: what `appliance status` prints.
//!
//! Every figure is real, or null when it is not known.

use serde::{Deserialize, Serialize};

/// A running appliance at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApplianceStatus {
    /// The version of the program that runs.
    pub version: String,
    /// The id of its process.
    pub pid: u32,
    /// When it was ready, RFC 3339.
    pub started_at: String,
    /// How long ago that is, in seconds.
    pub uptime_seconds: u64,
    /// Its data directory, as configured where it runs.
    pub data_directory: String,
    /// Where HTTPS listens.
    pub listen: String,
    /// Where plain HTTP redirects from.
    pub redirect_listen: Option<String>,
    /// How people reach it.
    pub public_url: String,
    /// Whether it is on its way out.
    pub draining: bool,
    /// Open connections.
    pub connections: i64,
    /// How many may be open.
    pub connection_limit: u32,
    /// The databases.
    pub databases: Vec<DatabaseStatus>,
    /// The newest backup.
    pub last_backup: Option<BackupStatus>,
    /// The certificate in use; of several the one that ends first.
    pub certificate: Option<CertificateStatus>,
    /// Why it is not the one that is wanted, when it is not.
    #[serde(default)]
    pub certificate_trouble: Option<String>,
}

/// One database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatabaseStatus {
    /// `auth`, `user` or `social_log`.
    pub name: String,
    /// Whether it takes writes.
    pub healthy: bool,
    /// The size of its file, in bytes.
    pub bytes: Option<u64>,
    /// Writes that waited when the last one came.
    pub queue_depth: i64,
    /// How many may wait.
    pub queue_capacity: u32,
    /// Groups of writes since the start, each with one commit.
    pub commits: u64,
    /// Writes in a group, on average; nothing before the first.
    pub mean_batch: Option<f64>,
    /// Audit events that wait for the chain; nothing for the file that holds the chain.
    pub outbox_events: Option<i64>,
}

/// The newest backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupStatus {
    /// Its file name.
    pub name: String,
    /// When it was taken, RFC 3339.
    pub taken_at: String,
    /// Its size, in bytes.
    pub bytes: u64,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateStatus {
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// Who signed it.
    pub issuer: String,
    /// The kind of its key, such as `ECDSA P-256`.
    pub key: String,
    /// When it begins to be good, RFC 3339.
    pub not_before: String,
    /// When it ends to be good, RFC 3339.
    pub not_after: String,
    /// Whole days until then; negative after it.
    pub days_left: i64,
    /// Where it comes from: a file.
    pub source: String,
}

/// What is served to whoever opens a TLS connection: what `appliance cert show` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateReport {
    /// Where certificates come from: `self-signed`, `files` or `acme`.
    pub mode: String,
    /// Those that are served, in the order of the configuration.
    pub certificates: Vec<CertificateStatus>,
    /// Whether the appliance made it for itself until the directory gives one.
    pub provisional: bool,
    /// Why the last try to get or read another one failed.
    pub trouble: Option<String>,
    /// When the appliance is going to get another one by itself, RFC 3339.
    pub next_renewal: Option<String>,
}
