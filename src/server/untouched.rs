//! Looking at the files of a stopped appliance, without changing any.

use crate::{
    auth,
    clock::Clock,
    config::Config,
    control::{AuditCheck, Check, DatabaseCheck, check_audit},
    http::Cursors,
    paths::DataDir,
    social_log::{self, SocialLogService},
    store::{Migration, OpenError, Store, StoreOptions, check_untouched},
    telemetry::Metrics,
    user,
};

/// The migrations of each database, by name.
const MIGRATIONS: [(&str, &[Migration]); 3] = [
    ("auth", auth::MIGRATIONS),
    ("user", user::MIGRATIONS),
    ("social_log", social_log::MIGRATIONS),
];

/// How many steps of migration this program knows for a database.
pub(super) fn known_version(name: &str) -> u32 {
    let steps = MIGRATIONS.iter().find(|(known, _)| *known == name);
    steps.map_or(0, |(_, steps)| u32::try_from(steps.len()).unwrap_or(u32::MAX))
}

/// Checks every page of every database of a stopped appliance and walks along the audit chain. Reads
/// whole files, so it takes as long as the disk does; a file that is not there has no place in the answer.
pub fn check_files(config: &Config, data: &DataDir) -> Check {
    let mut check = Check::default();
    for (name, path) in data.stores() {
        if !path.exists() {
            continue;
        }
        let mut database = DatabaseCheck {
            name: name.to_owned(),
            path: path.display().to_string(),
            known_version: known_version(name),
            examined: "every page has its checksum".to_owned(),
            ..DatabaseCheck::default()
        };
        match check_untouched(&path) {
            Ok(state) => {
                database.schema_version = Some(state.schema_version);
                database.made_by = Some(state.made_by).filter(|made_by| !made_by.is_empty());
            }
            Err(OpenError::Unreadable { reason, .. }) => database.fault = Some(reason),
            Err(error) => database.fault = Some(error.to_string()),
        }
        let is_sound = database.fault.is_none();
        let is_known =
            database.schema_version.is_some_and(|version| version <= database.known_version);
        if name == "social_log" && is_sound && is_known {
            check.audit = Some(check_audit_of(config, data));
        }
        check.databases.push(database);
    }
    check
}

/// Walks along the audit chain of a file that nobody has open.
fn check_audit_of(config: &Config, data: &DataDir) -> AuditCheck {
    let walk = || -> Result<AuditCheck, String> {
        let metrics = Metrics::new().map_err(|error| error.to_string())?.store("social_log");
        let cache_bytes = usize::try_from(config.store.cache_mib).unwrap_or(64) << 20;
        let options = StoreOptions { cache_bytes, ..StoreOptions::default() };
        let path = data.social_log_store();
        let store = Store::open_untouched(&path, options, social_log::MIGRATIONS, metrics)
            .map_err(|error| error.to_string())?;
        // The chain needs no cursor, so their key may be any.
        let social_log =
            SocialLogService::open(store.clone(), Clock::system(), Cursors::new([0; 32]));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let audit = runtime.block_on(check_audit(&social_log));
        store.close();
        Ok(audit)
    };
    let failed = |fault| AuditCheck { entries: 0, newest_at: None, fault: Some(fault) };
    walk().unwrap_or_else(failed)
}
