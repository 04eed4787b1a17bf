//! What the configuration says of backups: where they are kept, how they are encrypted, and which may go.

use super::before_upgrade::BeforeUpgrade;
use crate::{
    backup::{BackupDirectory, BackupError, BackupName, Encryption, Retention, expired},
    clock::Time,
    config::BackupConfig,
    paths::DataDir,
};

/// Where backups of a data directory are kept.
pub fn directory_of(config: &BackupConfig, data: &DataDir) -> BackupDirectory {
    BackupDirectory::new(config.directory_or(data.backups()), data)
}

/// How backups are encrypted.
///
/// # Errors
/// When a key does not read.
pub fn encryption_of(config: &BackupConfig) -> Result<Encryption, BackupError> {
    Encryption::new(&config.recipients, config.passphrase_file())
}

/// Removes the backups that the configuration no longer keeps; answers with their names. The newest that verified
/// stays whatever it says, and so does the one that was taken before an upgrade until a start has succeeded.
///
/// # Errors
/// When another backup is in progress or the directory does not let it.
pub fn prune(
    directory: &BackupDirectory,
    data: &DataDir,
    config: &BackupConfig,
    now: Time,
) -> Result<Vec<BackupName>, BackupError> {
    let rule = Retention {
        last: config.keep_last,
        daily: config.keep_daily,
        weekly: config.keep_weekly,
        monthly: config.keep_monthly,
    };
    let before = BeforeUpgrade::read(data);
    let may_go = |name: &BackupName| !before.as_ref().is_some_and(|before| before.is_of(*name));
    directory.remove(|listed| {
        expired(listed, rule, &config.zone(), now).into_iter().filter(may_go).collect()
    })
}
