//! One moment of all files: what a backup is made of.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use super::{AuditHead, BackupError, BackupProgress, BackupStep, DataFile, progress::ProgressFn};
use crate::{
    paths::create_new,
    store::{About, AtRest, Snapshot, Store, copy},
};

/// How much of a file is copied as it is between two looks at whether to go on.
const PIECE_BYTES: u64 = 1 << 20;

/// One moment of all files.
pub struct SnapshotSet {
    pub(super) files: Vec<SnapshotFile>,
    paused: Duration,
}

/// One file of that moment.
pub(super) struct SnapshotFile {
    pub(super) file: DataFile,
    pub(super) about: About,
    pub(super) audit: Option<AuditHead>,
    snapshot: Snapshot,
    /// The file below the snapshot, while nobody writes to it.
    at_rest: Option<AtRest>,
}

impl SnapshotSet {
    /// Of files that an appliance has open: all writers are paused while the snapshots are taken, which
    /// takes as long as the commits in progress.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of_running(stores: &[(DataFile, &Store)]) -> Result<Self, BackupError> {
        let start = Instant::now();
        let writers: Vec<_> = stores.iter().map(|(_, store)| store.pause()).collect();
        let snapshots: Result<Vec<_>, _> = stores.iter().map(|(_, store)| store.read()).collect();
        drop(writers);
        let paused = start.elapsed();
        let files = stores.iter().zip(snapshots?);
        let files = files.map(|((file, _), snapshot)| SnapshotFile::new(*file, snapshot, None));
        Ok(Self { files: files.collect::<Result<_, _>>()?, paused })
    }

    /// Of files that nobody writes to, whatever their schema. While the set lives, nobody can.
    ///
    /// # Errors
    /// When a file is missing, in use or damaged.
    pub fn offline(files: &[DataFile], directory: &Path) -> Result<Self, BackupError> {
        let open = |file: &DataFile| {
            let path = directory.join(file.name);
            if !path.exists() {
                return Err(BackupError::NotFound(format!("{} is not there", path.display())));
            }
            let at_rest = AtRest::open(&path)?;
            SnapshotFile::new(*file, at_rest.snapshot()?, Some(at_rest))
        };
        let files = files.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { files, paused: Duration::ZERO })
    }

    /// How long writers were paused.
    pub const fn paused(&self) -> Duration {
        self.paused
    }

    /// Where the audit chain ends.
    pub(super) fn audit(&self) -> Option<AuditHead> {
        self.files.iter().find_map(|file| file.audit.clone())
    }
}

impl SnapshotFile {
    fn new(
        file: DataFile,
        snapshot: Snapshot,
        at_rest: Option<AtRest>,
    ) -> Result<Self, BackupError> {
        let about = snapshot.about()?;
        let is_newest = about.schema_version == file.newest_schema();
        let audit = match file.audit {
            Some(chain) if is_newest => Some((chain.head)(&snapshot)?),
            _ => None,
        };
        Ok(Self { file, about, audit, snapshot, at_rest })
    }

    /// Writes the file to `path`, where nothing is yet; answers with the number of rows by table.
    ///
    /// One of the newest schema is written anew, without its holes. One of another schema, whose tables
    /// this program need not know, is copied as it is, which its being at rest allows.
    pub(super) fn write_to(
        &self,
        path: &Path,
        watcher: ProgressFn<'_>,
    ) -> Result<BTreeMap<String, u64>, BackupError> {
        let failed = |error: io::Error| BackupError::io(path, &error);
        let name = self.file.name;
        if self.about.schema_version == self.file.newest_schema() {
            let mut bytes = 0;
            let mut stopped = None;
            let mut copied = |more| {
                bytes += more;
                stopped =
                    watcher(BackupProgress { step: BackupStep::Copying, file: name, bytes }).err();
                if stopped.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let copied = copy(&self.snapshot, self.file.tables, path, &mut copied);
            return stopped.map_or_else(|| Ok(copied?), Err);
        }
        let Some(at_rest) = &self.at_rest else {
            return Err(BackupError::Failed(format!("{name} is of another schema")));
        };
        let mut source = File::open(at_rest.path()).map_err(failed)?;
        let mut copy = create_new(path).map_err(failed)?;
        let mut bytes = 0;
        loop {
            let piece = io::copy(&mut source.by_ref().take(PIECE_BYTES), &mut copy);
            match piece.map_err(failed)? {
                0 => return Ok(self.snapshot.rows()?),
                more => bytes += more,
            }
            watcher(BackupProgress { step: BackupStep::Copying, file: name, bytes })?;
        }
    }
}
