//! What is kept of the backup that was taken before an upgrade until a start has succeeded: which archive it is, so
//! that a start that fails again and again takes one and not many, and what the audit trail is to hear of it.

use std::{collections::BTreeMap, io};

use serde::{Deserialize, Serialize};

use crate::{
    audit_event::AuditEvent,
    backup::{BackupDirectory, BackupError, BackupName, FileManifest},
    paths::{DataDir, write_atomically},
};

/// The note of such a backup.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::server) struct BeforeUpgrade {
    /// The name of the archive.
    archive: String,
    /// The files as they were then.
    files: Vec<FileThen>,
    /// What is not in the audit trail yet. It knows an event by its id, and so each of them once.
    pub(in crate::server) events: Vec<AuditEvent>,
}

/// A file as it was when the archive was made of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::server) struct FileThen {
    pub(in crate::server) name: String,
    pub(in crate::server) schema_version: u32,
    pub(in crate::server) rows: BTreeMap<String, u64>,
}

impl BeforeUpgrade {
    /// Of an archive of these files; what an earlier one had to say is still to be said.
    pub(in crate::server) fn new(
        archive: BackupName,
        files: &[FileManifest],
        event: AuditEvent,
        earlier: Option<Self>,
    ) -> Self {
        let files = files.iter().map(|file| FileThen {
            name: file.name.clone(),
            schema_version: file.schema_version,
            rows: file.rows.clone(),
        });
        let mut events = earlier.map(|earlier| earlier.events).unwrap_or_default();
        events.push(event);
        Self { archive: archive.to_string(), files: files.collect(), events }
    }

    /// The note that is there. One that does not read is none.
    pub(in crate::server) fn read(data: &DataDir) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(data.before_upgrade()).ok()?).ok()
    }

    pub(in crate::server) fn write(&self, data: &DataDir) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        write_atomically(&data.before_upgrade(), &text, 0o600)
    }

    /// Whether it names this archive.
    pub(in crate::server) fn is_of(&self, name: BackupName) -> bool {
        self.archive == name.to_string()
    }

    /// Whether its archive is there, verified, and of these files: each is as it was then, or the upgrade, which is
    /// not finished, has stepped it forward. Rows tell whether an older version has served them meanwhile.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(in crate::server) fn serves(
        &self,
        files: &[FileThen],
        directory: &BackupDirectory,
    ) -> Result<bool, BackupError> {
        let listed = directory.list()?;
        let is_there = listed.iter().any(|listed| listed.verified && self.is_of(listed.name));
        let is_same = |now: &FileThen| {
            let stepped = |then: &FileThen| then.schema_version < now.schema_version;
            let then = self.files.iter().find(|then| then.name == now.name);
            then.is_some_and(|then| then == now || stepped(then))
        };
        Ok(is_there && files.iter().all(is_same))
    }

    /// Removes the note, once a start has succeeded and the audit trail knows all that it says.
    pub(in crate::server) fn forget(data: &DataDir) {
        if Self::read(data).is_some_and(|note| !note.events.is_empty()) {
            return;
        }
        match std::fs::remove_file(data.before_upgrade()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "cannot forget which backup was taken before the upgrade");
            }
            _ => {}
        }
    }
}
