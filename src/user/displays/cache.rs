//! What is remembered of displays until the next commit.

use std::sync::Arc;

use crate::{clock::Time, http::Display, ids::RandomId, store::CommitCache};

/// Displays that are remembered between two commits.
const REMEMBERED: usize = 1_024;

/// What is remembered of displays.
pub(in crate::user) struct DisplayCache(pub(super) CommitCache<RandomId, Arc<CachedDisplay>>);

/// A display whose token was seen.
pub(in crate::user) struct CachedDisplay {
    pub(super) hash: [u8; 32],
    pub(super) ends_at: Time,
    pub(super) display: Arc<Display>,
}

impl Default for DisplayCache {
    fn default() -> Self {
        Self(CommitCache::new(REMEMBERED))
    }
}
