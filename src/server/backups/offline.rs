//! A backup of files that no appliance has open, for one verb of the command line.

use std::cell::Cell;

use super::{directory_of, encryption_of, event_of, write_event};
use crate::{
    audit_event::AuditContext,
    backup::{BackupName, CreatedBackup, Destination, ProgressFn, SnapshotSet, create_backup},
    clock::Clock,
    config::Config,
    control::BackupRequest,
    paths::DataDir,
    server::{StartError, data::DATA_FILES, domains::open_auth},
};

/// Takes a backup of the files of a stopped appliance. Before the files are read it is noted in the outbox of the
/// accounts, whence it gets into the audit trail at the next start; one that fails after that is noted, too. Files
/// that are of an older schema stay as they are, and so nothing can be noted in them.
///
/// # Errors
/// As [`take`], and when the keys do not read. A note that cannot be written is a warning: whoever may read the
/// files could as well copy them.
pub fn back_up_offline(
    config: &Config,
    data: &DataDir,
    request: BackupRequest,
    watcher: ProgressFn<'_>,
) -> Result<CreatedBackup, StartError> {
    let BackupRequest { keep, encryption } = request;
    let encryption = encryption.resolve(|| encryption_of(&config.backup))?;
    let destination = if keep { Destination::Directory } else { Destination::HandOver };
    let (clock, directory) = (Clock::system(), directory_of(&config.backup, data));
    let now = clock.now();
    let note = |action, name| {
        if let Err(error) = note(config, data, &clock, action, name, keep) {
            tracing::warn!(%error, "cannot note the backup in the audit trail");
        }
    };
    let noted = Cell::new(None);
    let snapshots = || {
        let name = directory.free_name(now, encryption.encrypts());
        note("backup.created", name);
        noted.set(Some(name));
        SnapshotSet::offline(&DATA_FILES, data.root())
    };
    let taken =
        create_backup(&snapshots, &directory, destination, &encryption, now, watcher, &mut |_| {
            Ok(())
        });
    if let (Err(_), Some(name)) = (&taken, noted.get()) {
        note("backup.failed", name);
    }
    Ok(taken?)
}

fn note(
    config: &Config,
    data: &DataDir,
    clock: &Clock,
    action: &str,
    name: BackupName,
    kept: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    for file in DATA_FILES.iter().filter(|file| data.auth_store().ends_with(file.name)) {
        if file.schema_in(data.root())? != Some(file.newest_schema()) {
            return Err("the files are of another schema, and stay so".into());
        }
    }
    let event = event_of(&AuditContext::COMMAND_LINE, clock.now(), action, name, kept)?;
    let auth = open_auth(config, data, clock.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let noted = runtime.block_on(write_event(auth.store(), event));
    auth.store().close();
    Ok(noted?)
}
