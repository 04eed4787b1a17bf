//! How the databases are: by a running appliance's own word, or by looking at the files of a stopped one.

use serde::{Deserialize, Serialize};

use crate::social_log::{AuditFilter, SocialLogService};

/// How the databases are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Check {
    /// Each of them.
    pub databases: Vec<DatabaseCheck>,
    /// The chain of audit entries; nothing when its file could not be looked at.
    pub audit: Option<AuditCheck>,
}

/// How one database is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DatabaseCheck {
    /// `auth`, `user` or `social_log`.
    pub name: String,
    /// Its file.
    pub path: String,
    /// How many steps of migration it has taken; nothing when it could not be read.
    pub schema_version: Option<u32>,
    /// How many this program knows.
    pub known_version: u32,
    /// The appliance that took the last one.
    pub made_by: Option<String>,
    /// What was looked at: every page of a file, or that it is read and written.
    pub examined: String,
    /// What is wrong.
    pub fault: Option<String>,
}

/// How the chain of audit entries is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditCheck {
    /// How many entries are good.
    pub entries: u64,
    /// The time of the newest, RFC 3339.
    pub newest_at: Option<String>,
    /// What is wrong.
    pub fault: Option<String>,
}

/// Walks along the whole audit chain.
pub async fn check_audit(social_log: &SocialLogService) -> AuditCheck {
    let verified = social_log.audit().verify().await;
    let newest = social_log.audit().newest(None, 1, AuditFilter::default()).await;
    let newest_at = newest.ok().and_then(|page| Some(page.items.first()?.time.to_string()));
    match verified {
        Ok(verification) => AuditCheck {
            entries: verification.verified.sequence,
            newest_at,
            fault: verification.broken.map(|broken| {
                format!("it is broken at entry {} ({:?})", broken.sequence, broken.fault)
            }),
        },
        Err(error) => AuditCheck { entries: 0, newest_at, fault: Some(error.to_string()) },
    }
}
