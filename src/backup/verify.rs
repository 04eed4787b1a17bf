//! Proving an archive: unpacked somewhere private, every page, every record and the audit chain read.

use std::{
    io::Read,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use super::{
    BackupError, BackupProgress, BackupStep, DataFile, Decryption, Manifest, Workplace,
    archive::unpack, manifest::FileManifest, progress::ProgressFn, temp_dir::TempDir,
};
use crate::{
    store::{AtRest, Store, StoreOptions, check_pages},
    telemetry::Metrics,
};

/// Pages of a file that are kept in memory while it is stepped forward.
const CACHE_BYTES: usize = 16 << 20;

/// Verifies an archive as a restore would, in a private directory in `place`, which is removed
/// afterwards.
///
/// # Errors
/// [`BackupError::Refused`] when it is not what it should be.
pub fn verify(
    input: impl Read,
    key: &Decryption,
    files: &[DataFile],
    place: &Workplace,
    watcher: ProgressFn<'_>,
) -> Result<Manifest, BackupError> {
    let temp_dir = TempDir::new(place)?;
    let manifest = unpack(input, key, files, &temp_dir, watcher)?;
    check_files(&manifest, files, temp_dir.path(), watcher)?;
    Ok(manifest)
}

/// Checks everything in files that were unpacked. Those of an older schema are stepped forward, so what is
/// there afterwards is what an appliance can open. None of it is synced.
pub(super) fn check_files(
    manifest: &Manifest,
    files: &[DataFile],
    directory: &Path,
    watcher: ProgressFn<'_>,
) -> Result<(), BackupError> {
    for (file, described) in files.iter().zip(&manifest.files) {
        watcher(BackupProgress { step: BackupStep::Checking, file: file.name, bytes: 0 })?;
        let path = directory.join(file.name);
        // Bytes that hash as the manifest says may still be anything, and redb may panic over them.
        let checked = catch_unwind(AssertUnwindSafe(|| {
            let mut stopped = None;
            let mut go_on = || {
                let at = BackupProgress { step: BackupStep::Checking, file: file.name, bytes: 0 };
                stopped = watcher(at).err();
                if stopped.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let checked = check(file, described, manifest, &path, &mut go_on);
            stopped.map_or(checked, Err)
        }));
        let damaged = |_| Err(BackupError::refused(format_args!("{} is damaged", file.name)));
        checked.unwrap_or_else(damaged)?;
        watcher(BackupProgress {
            step: BackupStep::Checking,
            file: file.name,
            bytes: described.bytes,
        })?;
    }
    Ok(())
}

fn check(
    file: &DataFile,
    described: &FileManifest,
    manifest: &Manifest,
    path: &Path,
    go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<(), BackupError> {
    let refused = |reason: String| BackupError::refused(format_args!("{}: {reason}", file.name));
    check_pages(path).map_err(BackupError::refused)?;
    let at_rest = AtRest::open(path)?;
    let snapshot = at_rest.snapshot()?;
    let about = snapshot.about().map_err(BackupError::refused)?;
    if about.schema_version != described.schema_version {
        return Err(refused(format!("it is of schema {}", about.schema_version)));
    }
    if snapshot.rows()? != described.rows {
        return Err(refused("it does not have the rows that its manifest counts".to_owned()));
    }
    drop((snapshot, at_rest));
    step_forward(file, path)?;
    let at_rest = AtRest::open(path)?;
    let rows = at_rest.check_records(file.tables, go_on).map_err(BackupError::refused)?;
    if about.schema_version == file.newest_schema() && rows != described.rows {
        return Err(refused("it has tables that nobody knows".to_owned()));
    }
    let Some(chain) = file.audit else { return Ok(()) };
    let verified = (chain.verify)(&at_rest.snapshot()?, go_on).map_err(BackupError::refused)?;
    let head = verified.map_err(refused)?;
    match &manifest.audit {
        Some(due) if *due != head => {
            Err(refused("its audit chain ends elsewhere than its manifest says".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Brings a file to the newest schema.
fn step_forward(file: &DataFile, path: &Path) -> Result<(), BackupError> {
    let metrics = Metrics::new().map_err(|error| BackupError::Failed(error.to_string()))?;
    let options = StoreOptions { cache_bytes: CACHE_BYTES, ..StoreOptions::default() };
    let store = Store::open_unsynced(path, options, file.migrations, metrics.store("restore"))?;
    store.close();
    Ok(())
}
