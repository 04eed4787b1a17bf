//! Stepwise migrations: how a file of an older appliance becomes one of this.
//!
//! A file's schema version is the number of steps it has taken. Each step is one named function and
//! one transaction together with the new version number, so a power cut leaves a file between two
//! steps, never inside one. Steps are for tables and indexes; values upgrade when read (`record`).

use redb::Database;

use super::{
    OpenError, OpenProgress, OpenStep, StoreError, Table, progress::percent,
    table::create_sequences, transaction::begin_write, view::Snapshot, view::WriteTxn,
};

/// One step: its name, for people, and what it does.
pub struct Migration {
    /// What it does, in a few words (`create accounts and sessions`).
    pub name: &'static str,
    /// Does it.
    pub apply: fn(&WriteTxn<'_>) -> Result<(), StoreError>,
}

/// How far a file has come, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The number of steps it has taken; 0 for a file that has taken none.
    pub schema_version: u32,
    /// The version of the appliance that took the last of them; empty before the first.
    pub made_by: String,
}

/// What a file says of itself.
pub(super) const META: Table<&'static str, String> = Table::new("meta");
const SCHEMA_VERSION: &str = "schema_version";
const MADE_BY: &str = "made_by";

/// Brings a file to the newest schema; refuses one that is newer.
pub(super) fn migrate(
    database: &Database,
    path: &std::path::Path,
    steps: &[Migration],
    progress: &OpenProgress,
) -> Result<(), OpenError> {
    let failed = |step: &'static str| {
        move |source: StoreError| match source {
            StoreError::Io(failure) if failure.is_disk_full() => {
                OpenError::DiskFull(path.to_owned())
            }
            source => OpenError::Migration { path: path.to_owned(), step, source },
        }
    };
    let read = redb::ReadableDatabase::begin_read(database).map_err(StoreError::from);
    let about = read.and_then(|transaction| Snapshot::new(transaction).about());
    let About { schema_version: taken, made_by } =
        about.map_err(failed("read the schema version"))?;
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if taken > known {
        return Err(OpenError::Newer { path: path.to_owned(), found: taken, known, made_by });
    }
    for (version, step) in (1..).zip(steps).skip(usize::try_from(taken).unwrap_or(usize::MAX)) {
        if !progress.is_wanted() {
            return Err(OpenError::GivenUp(path.to_owned()));
        }
        let name = step.name;
        progress.report(&OpenStep { file: path, name, percent: None });
        let told = |done, whole| {
            progress.report(&OpenStep { file: path, name, percent: Some(percent(done, whole)) });
        };
        take_step(database, step, version, &told).map_err(failed(name))?;
        tracing::info!(file = %path.display(), version, step = step.name, "migrated");
    }
    Ok(())
}

impl Snapshot {
    /// How far the file has come. Needs no step forward, so it reads files of any appliance.
    ///
    /// # Errors
    /// When the file cannot be read or does not say.
    pub fn about(&self) -> Result<About, StoreError> {
        if self.rows()?.is_empty() {
            return Ok(About { schema_version: 0, made_by: String::new() });
        }
        let version = META.get(self, SCHEMA_VERSION)?.unwrap_or_default();
        let made_by = META.get(self, MADE_BY)?.unwrap_or_default();
        let corrupt =
            |_| StoreError::Corrupt { table: "meta", reason: format!("version {version}") };
        Ok(About { schema_version: version.parse().map_err(corrupt)?, made_by })
    }
}

fn take_step(
    database: &Database,
    step: &Migration,
    version: u32,
    told: &dyn Fn(u64, u64),
) -> Result<(), StoreError> {
    let transaction = begin_write(database)?;
    {
        let txn = WriteTxn::told(&transaction, told);
        create_sequences(&txn)?;
        (step.apply)(&txn)?;
        META.put(&txn, SCHEMA_VERSION, &version.to_string())?;
        META.put(&txn, MADE_BY, &env!("CARGO_PKG_VERSION").to_owned())?;
    }
    Ok(transaction.commit()?)
}
