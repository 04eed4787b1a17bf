//! The data directory, looked at before anything in it is opened, and which databases are in it.

use std::ops::ControlFlow;

use super::StartError;
use crate::{
    auth,
    backup::{AuditChain, AuditHead, BackupError, DataFile, finish_restore, sweep_working},
    config::Config,
    paths::{ClaimKind, DataDir},
    social_log,
    store::{Snapshot, StoreError},
    user,
};

/// Makes the data directory and looks whether it can be used.
///
/// # Errors
/// [`StartError::DataDir`], in words for the person who runs it.
pub fn prepare_data(config: &Config) -> Result<DataDir, StartError> {
    let data = DataDir::new(&config.data.directory);
    let refused = |error: std::io::Error| {
        let path = data.root().display();
        StartError::DataDir(match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                format!(
                    "{path} may not be used by this user; give it to them (chown) or set data.directory"
                )
            }
            std::io::ErrorKind::StorageFull => {
                format!("no space left on the disk that holds {path}")
            }
            _ => format!("{path} cannot be used as the data directory: {error}"),
        })
    };
    data.create().map_err(refused)?;
    if data.is_open_to_others().map_err(refused)? {
        tracing::warn!(path = %data.root().display(), "others can read the data directory; chmod 700");
    }
    loop {
        finish_restore(&DATA_FILES, &data)?;
        let claim = data.claim(ClaimKind::Shared).map_err(refused)?.ok_or_else(|| {
            let path = data.root().display();
            BackupError::InUse(format!("{path} is being restored; try again when that is done"))
        })?;
        // A restore that was decided and killed in between is finished as well.
        if !data.restore_ready().exists() {
            sweep_working(data.root());
            return Ok(data.claimed(claim));
        }
    }
}

/// Looks for the data directory that is there already, for verbs that make nothing: a mistyped name must
/// not become a directory.
///
/// # Errors
/// [`StartError::NoData`] when there is none or it holds no accounts, else as [`prepare_data`].
pub fn existing_data(config: &Config) -> Result<DataDir, StartError> {
    let data = DataDir::new(&config.data.directory);
    let nothing = data.stores().iter().all(|(_, path)| path.try_exists().is_ok_and(|there| !there));
    if nothing {
        let path = data.root().display();
        return Err(StartError::NoData(format!(
            "{path} holds no data; check --data-dir and data.directory, or make a first account with \
             'appliance user create'"
        )));
    }
    prepare_data(config)
}

/// The three databases, in the order in which they are kept in a backup.
pub static DATA_FILES: [DataFile; 3] = [
    DataFile { name: "auth.redb", tables: auth::TABLES, migrations: auth::MIGRATIONS, audit: None },
    DataFile { name: "user.redb", tables: user::TABLES, migrations: user::MIGRATIONS, audit: None },
    DataFile {
        name: "social_log.redb",
        tables: social_log::TABLES,
        migrations: social_log::MIGRATIONS,
        audit: Some(AuditChain { head: audit_head, verify: verify_audit }),
    },
];

fn audit_head(snapshot: &Snapshot) -> Result<AuditHead, StoreError> {
    social_log::audit_head_in(snapshot).map(as_backup_sees)
}

fn verify_audit(
    snapshot: &Snapshot,
    go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Result<AuditHead, String>, StoreError> {
    let found = social_log::verify_audit_in(snapshot, go_on)?;
    Ok(match found.broken {
        None => Ok(as_backup_sees(found.verified)),
        Some(broken) => Err(format!("the audit chain is broken at entry {}", broken.sequence)),
    })
}

fn as_backup_sees(head: social_log::Head) -> AuditHead {
    AuditHead { sequence: head.sequence, hash: head.hash.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSources;

    #[test]
    fn what_a_killed_restore_was_working_on_is_gone_after_a_start() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().to_string_lossy().into_owned();
        let flags = vec![("data.directory".to_owned(), path)];
        let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
        let [left, used] = ["left", "used"].map(|name| {
            let path = home.path().join(format!(".appliance-working-{name}"));
            std::fs::create_dir(&path).unwrap();
            path
        });
        let lock = std::fs::File::open(&used).unwrap();
        lock.lock().unwrap();
        prepare_data(&config).unwrap();
        assert!(!left.exists() && used.exists());
    }
}
