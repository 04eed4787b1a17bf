//! What HTTP says of this domain's errors.
//!
//! | code | status |
//! | --- | --- |
//! | `VALIDATION_FAILED` | 422, with the fields at fault |
//! | `USER_NOT_FOUND`, `EVENT_NOT_FOUND` | 404 |
//! | `DISPLAY_INVALID` | 401 |
//! | `DISPLAY_NOT_FOUND` | 404 |
//! | `EVENT_EXISTS` | 409, the detail names the event that is there |
//! | `CODE_INVALID` | 404: no event has such a code |
//! | `CODE_EXPIRED` | 410: it was one, and is gone for good |
//! | `TOO_EARLY`, `CLOSED`, `EVENT_INACTIVE` | 409: the event's state does not allow it |
//! | `NOT_EXPECTED` | 403: this person may not |
//! | `HOLD_OF_ANOTHER_BROWSER` | 403: it was given to another one |
//! | `HOLD_SPENT` | 409: another person has redeemed it |
//! | `TOO_MANY_ATTEMPTS` | 429: too many typed codes were wrong |
//!
//! The store's own problems (503, 500) are in `http/problem`.

use poem::http::StatusCode;

use super::{codes::ScanRefusal, error::UserError};
use crate::{
    http::{Problem, SecretKind},
    language::Text,
    limit::Policy,
};

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Store(error) => error.into(),
            UserError::NoRandomness | UserError::NotDrawn(_) => Self::internal(error),
            UserError::Invalid(faults) => Self::invalid(faults),
            UserError::UserNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "USER_NOT_FOUND",
                "There is no such person.",
                "Questa persona non esiste.",
            ),
            UserError::EventNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "EVENT_NOT_FOUND",
                "There is no such event.",
                "Questo evento non esiste.",
            ),
            UserError::EventExists { event_id } => Self::with_text(
                StatusCode::CONFLICT,
                "EVENT_EXISTS",
                Text::made(
                    format!("There is an event of this name on this date already: {event_id}."),
                    format!("Esiste già un evento con questo nome in questa data: {event_id}."),
                ),
            ),
            UserError::DisplayInvalid => Self::new(
                StatusCode::UNAUTHORIZED,
                "DISPLAY_INVALID",
                "This display token is not valid, or not any more.",
                "Questo token per schermi non è valido, o non lo è più.",
            )
            .for_wrong(SecretKind::Bearer),
            UserError::DisplayNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "DISPLAY_NOT_FOUND",
                "This event has no such display token.",
                "Questo evento non ha questo token per schermi.",
            ),
            UserError::TooManyMisses { retry_after } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TOO_MANY_ATTEMPTS",
                "Too many wrong codes. Scan the code, or wait a little.",
                "Troppi codici sbagliati. Inquadra il codice, oppure attendi un momento.",
            )
            .exceeds(Policy::TypedCode, retry_after),
            UserError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<ScanRefusal> for Problem {
    fn from(refusal: ScanRefusal) -> Self {
        let (status, en, it) = match refusal {
            ScanRefusal::CodeInvalid => (
                StatusCode::NOT_FOUND,
                "This is not a code of any event here.",
                "Questo non è il codice di nessun evento.",
            ),
            ScanRefusal::CodeExpired => (
                StatusCode::GONE,
                "This code has expired. Scan the one that is shown now.",
                "Questo codice è scaduto. Inquadra quello mostrato ora.",
            ),
            ScanRefusal::TooEarly => (
                StatusCode::CONFLICT,
                "This event does not take scans yet.",
                "Questo evento non accetta ancora registrazioni.",
            ),
            ScanRefusal::Closed => (
                StatusCode::CONFLICT,
                "This event has closed and takes no more scans.",
                "Questo evento è chiuso e non accetta più registrazioni.",
            ),
            ScanRefusal::EventInactive => (
                StatusCode::CONFLICT,
                "This event has been deactivated.",
                "Questo evento è stato disattivato.",
            ),
            ScanRefusal::NotExpected => (
                StatusCode::FORBIDDEN,
                "You are not on the list of this event.",
                "Non sei nell'elenco di questo evento.",
            ),
            ScanRefusal::HoldOfAnotherBrowser => (
                StatusCode::FORBIDDEN,
                "This was scanned in another browser. Scan the code that is shown now.",
                "Questo codice è stato inquadrato in un altro browser. Inquadra quello mostrato ora.",
            ),
            ScanRefusal::HoldSpent => (
                StatusCode::CONFLICT,
                "Somebody else has used this already. Scan the code that is shown now.",
                "Qualcun altro l'ha già usato. Inquadra il codice mostrato ora.",
            ),
        };
        let problem = Self::new(status, refusal.code(), en, it);
        match refusal {
            ScanRefusal::CodeInvalid => problem.for_wrong(SecretKind::Code),
            _ => problem,
        }
    }
}
