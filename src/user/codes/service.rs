//! Showing the code of an event.

use super::{
    super::{
        UserService,
        error::UserError,
        events::{self, Phase},
    },
    mac,
    model::ScanRefusal,
    rules,
};
use crate::{clock::Time, qr};

/// The code of an event as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCode {
    /// The link that the picture holds, upper-case.
    pub url: String,
    /// Its last segment.
    pub code: String,
    /// The same for those who type: 8 digits.
    pub typed_code: String,
    /// Since when it is shown.
    pub shown_from: Time,
    /// Until when it is shown; the next one is shown from then on.
    pub shown_until: Time,
    /// The server's time of this answer.
    pub now: Time,
}

impl ShownCode {
    /// The link as an SVG picture.
    ///
    /// # Errors
    /// [`UserError::NotDrawn`] when the link is too long for a picture.
    pub fn svg(&self) -> Result<String, UserError> {
        qr::svg(&self.url).map_err(UserError::NotDrawn)
    }

    /// The link as a PNG picture of at least 512 pixels.
    ///
    /// # Errors
    /// As [`ShownCode::svg`].
    pub fn png(&self) -> Result<Vec<u8>, UserError> {
        qr::png(&self.url).map_err(UserError::NotDrawn)
    }
}

impl UserService {
    /// The code that an event shows now. It is shown before the event opens, so that a projector can
    /// be set up, and no longer once nobody could scan it.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`]; [`UserError::Refused`] with `EVENT_INACTIVE` or `CLOSED`; or the
    /// store's.
    pub fn shown_code(&self, event_id: &str) -> Result<ShownCode, UserError> {
        let found = events::by_id(&self.store.read()?, event_id)?;
        let (number, event) = found.ok_or(UserError::EventNotFound)?;
        let now = self.clock.now();
        if !event.is_active {
            return Err(ScanRefusal::EventInactive.into());
        }
        if event.schedule.phase(now) == Phase::Closed {
            return Err(ScanRefusal::Closed.into());
        }
        let params = event.code_params(number);
        let window = rules::window_at(&params, now);
        let code = mac::code(&event.secret, &params, window);
        let (shown_from, shown_until) = rules::shown_during(&params, window, &event.schedule);
        Ok(ShownCode {
            url: format!("{}/S/{code}", self.public_origin.to_ascii_uppercase()),
            typed_code: mac::typed_code(&event.secret, &params, window),
            code,
            shown_from,
            shown_until,
            now,
        })
    }
}
