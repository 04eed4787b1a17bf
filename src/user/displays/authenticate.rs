//! Authenticating a display, on every request.

use std::sync::Arc;

use super::{model::ends_at, store::display};
use crate::{
    clock::Time,
    http::Display,
    ids::RandomId,
    store::{CommitCache, StoreError},
    token::opaque::{DISPLAY, OpaqueToken},
    user::{UserError, UserService, tables::EVENTS},
};

/// Displays that are remembered between two commits.
const REMEMBERED: usize = 1_024;

/// What is remembered of displays.
pub(in crate::user) struct DisplayCache(CommitCache<RandomId, Arc<CachedDisplay>>);

struct CachedDisplay {
    hash: [u8; 32],
    ends_at: Time,
    display: Arc<Display>,
}

impl Default for DisplayCache {
    fn default() -> Self {
        Self(CommitCache::new(REMEMBERED))
    }
}

impl UserService {
    /// The display that bears a token.
    ///
    /// # Errors
    /// [`UserError::DisplayInvalid`] for a token that never was, was revoked or has ended with its event,
    /// or the store's.
    pub fn display_of(&self, text: &str) -> Result<Arc<Display>, UserError> {
        let token = OpaqueToken::parse(DISPLAY, text).ok_or(UserError::DisplayInvalid)?;
        let known =
            self.displays.0.get_or_read(&self.store, token.id, |id| self.known_display(*id))?;
        let now = self.clock.now();
        let good = known.filter(|known| token.matches(&known.hash) && now < known.ends_at);
        good.map(|known| Arc::clone(&known.display)).ok_or(UserError::DisplayInvalid)
    }

    fn known_display(&self, id: RandomId) -> Result<Option<Arc<CachedDisplay>>, StoreError> {
        let snapshot = self.store.read()?;
        let Some(found) = display(&snapshot, id)? else { return Ok(None) };
        let event = EVENTS.get(&snapshot, found.event)?;
        Ok(event.map(|event| {
            let ends_at = ends_at(&event.schedule);
            let display = Arc::new(Display { id, event_id: event.event_id });
            Arc::new(CachedDisplay { hash: found.hash, ends_at, display })
        }))
    }
}
