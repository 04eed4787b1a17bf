//! How the refusals of the feed and the audit trail look to a client.

use poem::http::StatusCode;

use super::{BatchFault, MAX_BATCH, SocialLogError, TextFault};
use crate::{field::FieldError, http::Problem, language::Text};

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
            SocialLogError::PostingNotAllowed => Self::new(
                StatusCode::FORBIDDEN,
                "POSTING_NOT_ALLOWED",
                "You may not hand posts in here. An administrator decides who may.",
                "Qui non puoi inviare post. Decide un amministratore chi può farlo.",
            ),
            SocialLogError::QuotaExceeded { quota, left, retry_after } => {
                let detail = Text::made(
                    format!(
                        "This is more than you may hand in today: {left} of {quota} bytes are left. \
                         Nothing of it was stored."
                    ),
                    format!(
                        "È più di quanto puoi inviare oggi: restano {left} byte su {quota}. Nulla è \
                         stato salvato."
                    ),
                );
                match retry_after {
                    Some(seconds) => {
                        Self::with_text(StatusCode::TOO_MANY_REQUESTS, "QUOTA_EXCEEDED", detail)
                            .retry_after(seconds)
                    }
                    // More than a day's quota at once: waiting does not help.
                    None => {
                        Self::with_text(StatusCode::PAYLOAD_TOO_LARGE, "QUOTA_EXCEEDED", detail)
                    }
                }
            }
            SocialLogError::RemovalUnbounded => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "FILTER_REQUIRED",
                "Say which posts are to be removed, or all=true for every one.",
                "Indica quali post rimuovere, oppure all=true per rimuoverli tutti.",
            ),
            SocialLogError::AuthorUnknown => Self::invalid_field(
                "author",
                Text::fixed(
                    "must be user:NUMBER, api-key:NAME or import",
                    "dev'essere user:NUMERO, api-key:NOME o import",
                ),
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
    FieldError { field: field.to_owned().into(), message }
}
