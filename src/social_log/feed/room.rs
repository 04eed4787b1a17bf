//! Whether the disk has room for posts: the feed stops well before everything else does.
//!
//! What was removed leaves pages in the file that are used again, so a feed that was cleared takes posts although
//! the disk below is as full as before. How many bytes these are is kept in memory: what was removed since
//! the start, and what a look at the file has found.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::{
    model::Removed,
    rules::{free_space_floor, least_free_space},
};
use crate::store::DiskMonitor;

/// Of what was removed, this part is counted on: pages that others share stay in use.
const COUNTED_ON: (u64, u64) = (3, 4);

/// The room of one file. Clones share it.
#[derive(Clone, Default)]
pub(super) struct FeedRoom {
    space: Option<DiskMonitor>,
    floor_bytes: u64,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// What can be written without the file growing.
    unused: AtomicU64,
    /// Since which commit, and what was written that the disk does not show yet.
    on_their_way: Mutex<(u64, u64)>,
}

impl FeedRoom {
    pub(super) fn new(space: Option<DiskMonitor>, floor_bytes: u64) -> Self {
        Self { space, floor_bytes, shared: Arc::default() }
    }

    /// Whether there is room for so many bytes, after so many commits. A disk that does not say has room.
    pub(super) fn has(&self, bytes: u64, commits: u64) -> bool {
        let Some(space) = &self.space else { return true };
        let (Ok(free), Ok(disk)) = (space.free_bytes(), space.total_bytes()) else { return true };
        let of_everything = space.floor_bytes();
        let pending = self.pending(commits).saturating_add(bytes);
        let unused = self.shared.unused.load(Ordering::Relaxed);
        let floor = free_space_floor(self.floor_bytes, of_everything, disk);
        // A page that is changed is written anew before the old one is free, so twice as much is on its way.
        if free.saturating_sub(pending.saturating_mul(2)) >= floor {
            return true;
        }
        // Nobody is stopped even if all of it lay where nothing was removed.
        let others_go_on = free.saturating_sub(pending) >= of_everything;
        unused >= pending && free >= least_free_space(of_everything) && others_go_on
    }

    /// Notes what is written in the commit after so many.
    pub(super) fn writes(&self, bytes: u64, commits: u64) {
        let mut on_their_way = self.lock();
        let before = if on_their_way.0 == commits { on_their_way.1 } else { 0 };
        *on_their_way = (commits, before.saturating_add(bytes));
        drop(on_their_way);
        self.change(|unused| unused.saturating_sub(bytes));
    }

    /// Notes what is free in the file now.
    pub(super) fn frees(&self, removed: Removed) {
        let (part, of) = COUNTED_ON;
        self.change(|unused| unused.saturating_add(removed.bytes / of * part));
    }

    /// Notes how much is free in the file, after a look at it.
    pub(super) fn is_free(&self, bytes: u64) {
        self.shared.unused.store(bytes, Ordering::Relaxed);
    }

    fn pending(&self, commits: u64) -> u64 {
        let on_their_way = self.lock();
        if on_their_way.0 == commits { on_their_way.1 } else { 0 }
    }

    fn change(&self, change: impl Fn(u64) -> u64) {
        let unused = &self.shared.unused;
        // Nobody else changes it but the writer and a look at the file; it never fails.
        let _ = unused
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |unused| Some(change(unused)));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, u64)> {
        self.shared.on_their_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
