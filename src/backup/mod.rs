//! Backups: taken while the appliance runs, proven before they are trusted, restored as a whole.
//!
//! The way of a backup: [`SnapshotSet`] is one moment of all files, for which the writers are paused while three
//! snapshots are taken → [`create_backup`] copies each into a fresh, compact file, describes them in a
//! [`Manifest`] and writes both into an `archive` (tar in zstd, perhaps in age), their hashes last. Then it
//! reads the archive back as [`verify`] does, and only what is whole gets the name of an archive and a line in
//! `verified`; by those lines [`expired`] tells which may be removed.
//! The way back: [`verify`] unpacks into a private directory and reads every page, record and audit entry
//! → [`restore`] does the same and then swaps the files in one decision (`staged` says how).
//!
//! Everything here is synchronous and told the time, the files and the directories, so that a running
//! server, its schedule and the command line use the same functions on threads of their own.
//!
//! Architecture invariant: no domain is named here. What the files are is handed in as [`DataFile`], by
//! `server/domains`.

mod age;
mod archive;
mod atomic_file;
mod checksums;
mod create;
mod directory;
mod encryption;
mod error;
mod files;
mod manifest;
mod name;
mod progress;
mod restore;
mod retention;
mod schedule;
mod snapshot_set;
mod staged;
mod tar;
mod temp_dir;
mod verified;
mod verify;
mod workplace;

pub use atomic_file::AtomicFile;
pub use create::{CreatedBackup, Destination, create_backup};
pub use directory::{BackupDirectory, HandedOver, Listed};
pub use encryption::{Decryption, Encryption};
pub use error::BackupError;
pub use files::{AuditChain, AuditHead, DataFile, VerifyChain};
pub use manifest::{FileManifest, Manifest};
pub use name::{BackupName, NotAName};
pub use progress::{BackupProgress, BackupStep, ProgressFn};
pub use restore::{Restored, rehearse, restore};
pub use retention::{Retention, expired};
pub use schedule::{MARGIN_MINUTES, next_after, overdue_from};
pub use snapshot_set::SnapshotSet;
pub use staged::{StagedFiles, finish_restore};
pub use temp_dir::{is_working_directory, sweep_working};
pub use verify::verify;
pub use workplace::Workplace;

#[cfg(test)]
mod tests;
