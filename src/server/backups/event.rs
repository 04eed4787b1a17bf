//! What the audit trail hears of backups.

use std::convert::Infallible;

use crate::{
    audit_event::{AuditContext, AuditEvent, emit},
    backup::{BackupName, CreatedBackup},
    clock::Time,
    crypto::NoRandomness,
    store::{Outcome, Store, StoreError},
};

/// The event of a backup that was taken.
pub(in crate::server) fn created(
    from: &AuditContext,
    now: Time,
    taken: &CreatedBackup,
) -> Result<AuditEvent, NoRandomness> {
    event_of(from, now, "backup.created", taken.name, taken.kept)
}

/// An event of a backup, which was kept or handed over.
pub(super) fn event_of(
    from: &AuditContext,
    now: Time,
    action: &str,
    name: BackupName,
    kept: bool,
) -> Result<AuditEvent, NoRandomness> {
    let event = from.event(now, action, format!("backup:{name}"))?;
    let after = serde_json::json!({ "encrypted": name.encrypted, "kept": kept });
    Ok(AuditEvent { after: Some(after.to_string()), ..event })
}

/// Writes an event that tells of no other change, also on a disk that is nearly full.
pub(in crate::server) async fn write_event(
    store: &Store,
    event: AuditEvent,
) -> Result<(), StoreError> {
    let noted = store.submit_from_reserve(move |_| {
        let event = event.clone();
        Ok(Outcome::<(), Infallible>::commit(move |txn| emit(txn, &event)))
    });
    let Ok(()) = noted.await?;
    Ok(())
}
