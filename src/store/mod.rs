//! The store: one redb file behind one writer that commits in groups.
//!
//! The way of a write: [`Store::submit`] queues a command → the writer thread gathers what is waiting
//! into one transaction (`writer`) → the command reads, decides and, only then, writes ([`Outcome`])
//! → one commit, one fsync → every command of the group is answered.
//! The way of a read: [`Store::read`] opens a [`Snapshot`], which never waits for the writer.
//!
//! What holds here, and is tested in `tests/store` against a disk that forgets:
//!
//! - **Acknowledged means fsynced.** No answer leaves before the commit that it rests on.
//! - **A refusal writes nothing.** The types say so: the half of a command that decides is handed a
//!   [`ReadView`], which cannot write; only the half that it returns is handed a [`WriteTxn`].
//! - **One bad command hurts itself alone.** A storage error or a panic aborts the group, and each of
//!   its commands is then tried in a transaction of its own.
//! - **An I/O error is final.** The store stops taking commands, [`Store::stopped`] wakes whoever runs
//!   the process, and only a restart opens it again: after a failed fsync nobody knows what the disk
//!   holds, so it is never tried twice (PostgreSQL learnt this in 2018).
//! - **A full disk is seen before it is full** ([`DiskMonitor`]): below a floor, what would grow a file is
//!   refused, and reads and whatever gives space back go on.
//! - **A full queue says so** ([`StoreError::Busy`]) instead of growing.
//!
//! Architecture invariant: nothing here knows a domain, and outside of this folder only a domain's
//! `tables`, `records`, `store` and `migrations` build on it.

mod at_rest;
mod commit_cache;
mod copy;
mod create;
mod disk_monitor;
mod error;
mod gathered;
mod migrate;
mod open;
mod pause;
mod progress;
mod record;
mod size;
mod table;
mod transaction;
mod unsynced;
mod untouched;
mod view;
mod writer;

pub use at_rest::{AtRest, check_pages};
pub use commit_cache::CommitCache;
pub use copy::{AnyTable, copy, missing_tables};
pub use disk_monitor::{DiskLevel, DiskMonitor};
pub use error::{IoFailure, OpenError, StoreError};
pub use migrate::{About, Migration};
pub use open::{Store, StoreOptions};
pub use pause::WriterPause;
pub use progress::{OpenProgress, OpenStep};
pub use record::{Origin, Record, first_version};
pub use size::{Compacted, Sizes, compact, compact_backend, compact_if_asked};
pub use table::{Direction, Table};
pub use untouched::check_untouched;
pub use view::{ReadView, Reader, Snapshot, WriteTxn};
pub use writer::Outcome;

/// The storage below redb: a file in production, a disk that loses power in tests.
pub use redb::StorageBackend;
