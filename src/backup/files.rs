//! What a backup holds, handed in by whoever composes the domains: this module knows none of them.

use std::{ops::ControlFlow, path::Path};

use serde::{Deserialize, Serialize};

use super::BackupError;
use crate::store::{AnyTable, AtRest, Migration, Snapshot, StoreError};

/// One of the databases.
#[derive(Clone, Copy)]
pub struct DataFile {
    /// Its name in the data directory and in an archive: `auth.redb`.
    pub name: &'static str,
    /// All its tables besides the store's own.
    pub tables: &'static [&'static dyn AnyTable],
    /// The steps to the newest schema.
    pub migrations: &'static [Migration],
    /// How to look at the audit chain, for the file that has it.
    pub audit: Option<AuditChain>,
}

impl DataFile {
    /// The newest schema version that this program knows.
    pub fn newest_schema(&self) -> u32 {
        u32::try_from(self.migrations.len()).unwrap_or(u32::MAX)
    }

    /// The schema version of the file in a data directory that no appliance has open: 0 where it has none yet,
    /// nothing where there is no file.
    ///
    /// # Errors
    /// When the file is in use or damaged.
    pub fn schema_in(&self, directory: &Path) -> Result<Option<u32>, BackupError> {
        let path = directory.join(self.name);
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(AtRest::open(&path)?.snapshot()?.about()?.schema_version))
    }

    /// Whether opening the file takes it to a newer schema. The first steps of a new file are none of these.
    ///
    /// # Errors
    /// As [`Self::schema_in`].
    pub fn is_outdated_in(&self, directory: &Path) -> Result<bool, BackupError> {
        let found = self.schema_in(directory)?;
        Ok(found.is_some_and(|version| version > 0 && version < self.newest_schema()))
    }
}

/// How to look at an audit chain.
#[derive(Clone, Copy)]
pub struct AuditChain {
    /// Where it ends.
    pub head: fn(&Snapshot) -> Result<AuditHead, StoreError>,
    /// Walks along it, asking now and then whether to go on: where it ends, or what is wrong with it.
    pub verify: VerifyChain,
}

/// Walks along the audit chain of a snapshot.
pub type VerifyChain = fn(
    &Snapshot,
    &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Result<AuditHead, String>, StoreError>;

/// Where an audit chain ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    /// The number of its entries.
    pub sequence: u64,
    /// The hash of the last one, as 64 lower-case hex digits.
    pub hash: String,
}
