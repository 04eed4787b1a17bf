//! The first entry of an archive: what is in it. How to tell that it is whole is the last one, `checksums`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AuditHead, BackupError, DataFile};
use crate::clock::Time;

/// The form of archives that this program writes and reads.
const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub(super) const FILE_BYTES: u64 = 1 << 42;

/// What is in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the archive.
    format: u32,
    /// The version of the appliance that took it.
    pub appliance: String,
    /// The moment that all files are of: RFC 3339, UTC.
    pub created_at: String,
    /// The files, in the order of the archive.
    pub files: Vec<FileManifest>,
    /// Where the audit chain ends; nothing when its file is of an older schema.
    pub audit: Option<AuditHead>,
}

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileManifest {
    /// Its name.
    pub name: String,
    /// The number of migration steps it has taken.
    pub schema_version: u32,
    /// The version of the appliance that took the last of them.
    pub made_by: String,
    /// Its length.
    pub bytes: u64,
    /// The number of rows by table.
    pub rows: BTreeMap<String, u64>,
}

/// As much as every format has.
#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
    appliance: String,
}

impl Manifest {
    pub(super) fn new(time: Time, files: Vec<FileManifest>, audit: Option<AuditHead>) -> Self {
        let appliance = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT, appliance, created_at: time.to_string(), files, audit }
    }

    /// Reads a manifest that anybody may have written.
    pub(super) fn parse(bytes: &[u8], known: &[DataFile]) -> Result<Self, BackupError> {
        let unreadable =
            |error| BackupError::refused(format_args!("its manifest does not read: {error}"));
        let any: AnyFormat = serde_json::from_slice(bytes).map_err(unreadable)?;
        if any.format > FORMAT {
            return Err(BackupError::refused(format_args!(
                "it was taken by a newer appliance ({}); install that version to restore it",
                printable(&any.appliance)
            )));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        manifest.check(known)?;
        Ok(manifest)
    }

    fn check(&self, known: &[DataFile]) -> Result<(), BackupError> {
        let refused = |reason: String| Err(BackupError::refused(reason));
        if self.format != FORMAT {
            return refused(format!("there is no format {}", self.format));
        }
        if self.time().is_none() {
            return refused("it does not say when it was taken".to_owned());
        }
        if !self.files.iter().map(|file| file.name.as_str()).eq(known.iter().map(|file| file.name))
        {
            let names: Vec<_> = known.iter().map(|file| file.name).collect();
            return refused(format!("its files must be {}", names.join(", ")));
        }
        for (file, known) in self.files.iter().zip(known) {
            let FileManifest { schema_version: found, made_by, .. } = file;
            if *found > known.newest_schema() {
                return refused(format!(
                    "{} was made by a newer appliance ({}, schema {found}; this one knows {}); \
                     install that version to restore it",
                    known.name,
                    printable(made_by),
                    known.newest_schema()
                ));
            }
            if !(1..=FILE_BYTES).contains(&file.bytes) {
                return refused(format!("{} has a size that makes no sense", known.name));
            }
        }
        Ok(())
    }

    /// When it was taken.
    pub fn time(&self) -> Option<Time> {
        Time::parse_rfc3339(&self.created_at).ok()
    }

    /// The bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }

    /// The rows of all tables together.
    pub fn rows(&self) -> u64 {
        let rows = self.files.iter().flat_map(|file| file.rows.values());
        rows.fold(0, |sum, rows| sum.saturating_add(*rows))
    }
}

/// What a stranger wrote, fit for a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
