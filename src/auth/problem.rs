//! How each refusal looks to a client.

use poem::http::StatusCode;

use super::{AuthError, InvalidField};
use crate::http::{FieldError, Problem};

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid(fields) => {
                Self::invalid(fields.into_iter().map(FieldError::from).collect())
            }
            AuthError::EmailTaken => Self::new(
                StatusCode::CONFLICT,
                "USER_EXISTS",
                "There is already an account with this e-mail address.",
                "Esiste già un account con questo indirizzo e-mail.",
            ),
            AuthError::UsernameTaken => Self::new(
                StatusCode::CONFLICT,
                "USERNAME_TAKEN",
                "This username is taken.",
                "Questo nome utente è già in uso.",
            ),
            AuthError::RegistrationClosed => Self::new(
                StatusCode::FORBIDDEN,
                "REGISTRATION_CLOSED",
                "Registration is closed. Ask an administrator for an account.",
                "La registrazione è chiusa. Chiedi un account a un amministratore.",
            ),
            AuthError::InvalidCredentials => Self::new(
                StatusCode::UNAUTHORIZED,
                "INVALID_CREDENTIALS",
                "The name or the password is not right.",
                "Il nome o la password non sono corretti.",
            ),
            AuthError::AccountDisabled => Self::new(
                StatusCode::FORBIDDEN,
                "ACCOUNT_DISABLED",
                "This account is disabled. Ask an administrator.",
                "Questo account è disabilitato. Rivolgiti a un amministratore.",
            ),
            AuthError::TooManyFailures(seconds) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TOO_MANY_ATTEMPTS",
                "Too many failed attempts. Please wait a little.",
                "Troppi tentativi falliti. Attendi un momento.",
            )
            .retry_after(seconds),
            AuthError::HasherBusy => Self::busy(),
            AuthError::TokenInvalid => Self::new(
                StatusCode::UNAUTHORIZED,
                "TOKEN_INVALID",
                "The access token is not valid.",
                "Il token di accesso non è valido.",
            ),
            AuthError::TokenExpired => Self::new(
                StatusCode::UNAUTHORIZED,
                "TOKEN_EXPIRED",
                "The access token has expired. Refresh it.",
                "Il token di accesso è scaduto. Rinnovalo.",
            ),
            AuthError::SessionEnded => Self::new(
                StatusCode::UNAUTHORIZED,
                "SESSION_ENDED",
                "The session has ended. Please sign in again.",
                "La sessione è terminata. Accedi di nuovo.",
            ),
            AuthError::RefreshInvalid => Self::new(
                StatusCode::UNAUTHORIZED,
                "REFRESH_INVALID",
                "The refresh token is not valid. Please sign in again.",
                "Il token di rinnovo non è valido. Accedi di nuovo.",
            ),
            AuthError::RefreshReused => Self::new(
                StatusCode::UNAUTHORIZED,
                "REFRESH_REUSED",
                "The refresh token was used before, so the session was ended. Please sign in again.",
                "Il token di rinnovo era già stato usato: la sessione è stata chiusa. Accedi di nuovo.",
            ),
            AuthError::SetupInvalid => Self::new(
                StatusCode::FORBIDDEN,
                "SETUP_INVALID",
                "This set-up link is not valid any more. The newest one is in the server's output.",
                "Questo link di configurazione non è più valido. Il più recente è nell'output del server.",
            ),
            AuthError::UserNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "USER_NOT_FOUND",
                "There is no such person.",
                "Questa persona non esiste.",
            ),
            AuthError::LastAdministrator => Self::new(
                StatusCode::CONFLICT,
                "LAST_ADMIN",
                "The last administrator must stay one.",
                "L'ultimo amministratore deve restare tale.",
            ),
            AuthError::OwnRole => Self::new(
                StatusCode::CONFLICT,
                "OWN_ROLE",
                "You cannot change your own role.",
                "Non puoi cambiare il tuo stesso ruolo.",
            ),
            AuthError::Store(error) => error.into(),
            AuthError::Internal(cause) => Self::internal(cause),
        }
    }
}

impl From<InvalidField> for FieldError {
    fn from(fault: InvalidField) -> Self {
        Self { field: fault.field.to_owned(), message: fault.message }
    }
}
