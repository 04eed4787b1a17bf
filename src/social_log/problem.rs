//! How the refusals of the feed and the audit trail look to a client.

use poem::http::StatusCode;

use super::{BatchFault, MAX_BATCH, SocialLogError, TextFault};
use crate::{
    http::{FieldError, Problem},
    language::Text,
};

impl From<SocialLogError> for Problem {
    fn from(error: SocialLogError) -> Self {
        match error {
            SocialLogError::IdempotencyKeyInvalid => Self::new(
                StatusCode::BAD_REQUEST,
                "IDEMPOTENCY_KEY_INVALID",
                "An idempotency key is 1 to 128 visible ASCII characters, sent once.",
                "Una chiave di idempotenza ha da 1 a 128 caratteri ASCII visibili, inviata una volta.",
            ),
            SocialLogError::IdempotencyKeyReused => Self::new(
                StatusCode::CONFLICT,
                "IDEMPOTENCY_KEY_REUSED",
                "This idempotency key was already used for another body.",
                "Questa chiave di idempotenza è già stata usata per un altro contenuto.",
            ),
            SocialLogError::ActorUnknown => Self::invalid_field(
                "actor",
                Text::fixed(
                    "must be user:NUMBER, anonymous, command_line or system",
                    "dev'essere user:NUMERO, anonymous, command_line o system",
                ),
            ),
            SocialLogError::Store(error) => error.into(),
        }
    }
}

impl From<BatchFault> for Problem {
    fn from(fault: BatchFault) -> Self {
        let message = match fault {
            BatchFault::Empty => {
                Text::fixed("must hold at least one log", "deve contenere almeno un log")
            }
            BatchFault::TooLong => Text::made(
                format!("must hold at most {MAX_BATCH} logs"),
                format!("deve contenere al massimo {MAX_BATCH} log"),
            ),
        };
        Self::invalid_field("lines", message)
    }
}

/// What is wrong with the text of `field`.
pub(super) fn text_fault(field: &str, fault: TextFault) -> FieldError {
    let message = match fault {
        TextFault::Empty => Text::fixed("must not be empty", "non può essere vuoto"),
        TextFault::TooLong { limit } => Text::made(
            format!("must have at most {limit} characters"),
            format!("deve avere al massimo {limit} caratteri"),
        ),
        TextFault::ControlCharacter => Text::fixed(
            "must not contain control characters",
            "non deve contenere caratteri di controllo",
        ),
    };
    FieldError { field: field.to_owned(), message }
}
