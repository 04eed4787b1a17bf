//! Authenticating a display, on every request.

use std::sync::Arc;

use super::{cache::CachedDisplay, model::ends_at, store::display};
use crate::{
    http::Display,
    ids::RandomId,
    store::StoreError,
    token::opaque::{DISPLAY, OpaqueToken},
    user::{UserError, UserService, tables::EVENTS},
};

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
