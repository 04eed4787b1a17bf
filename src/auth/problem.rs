//! How each refusal looks to a client.

use poem::http::StatusCode;

use super::AuthError;
use crate::{
    http::{Problem, SecretKind},
    limit::Policy,
};

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid(faults) => Self::invalid(faults),
            AuthError::HasherBusy => Self::busy(),
            AuthError::Store(error) => error.into(),
            AuthError::Internal(cause) => Self::internal(cause),
            AuthError::TooManyRegistrations(seconds) => {
                refusal(&error).exceeds(Policy::Registration, seconds)
            }
            AuthError::TooManyRefused(seconds) => {
                refusal(&error).exceeds(Policy::RefusedRegistration, seconds)
            }
            AuthError::TooManyFailures(seconds) => {
                refusal(&error).exceeds(Policy::LoginAccount, seconds)
            }
            AuthError::TooManyResets(seconds) => {
                refusal(&error).exceeds(Policy::PasswordReset, seconds)
            }
            refused => match wrong(&refused) {
                Some(secret) => refusal(&refused).for_wrong(secret),
                None => refusal(&refused),
            },
        }
    }
}

/// The secret that was not right, where a refusal says so. A refresh token that is not good any more, a link
/// that is used up, and a token or a key that has expired were once given out, and are no guesses.
const fn wrong(error: &AuthError) -> Option<SecretKind> {
    match error {
        AuthError::InvalidCredentials | AuthError::SecondFactorInvalid => {
            Some(SecretKind::Password)
        }
        AuthError::TokenInvalid | AuthError::KeyInvalid => Some(SecretKind::Bearer),
        AuthError::SetupInvalid => Some(SecretKind::Link),
        AuthError::InviteInvalid => Some(SecretKind::Invitation),
        _ => None,
    }
}

/// The status, the code and the words of what is refused.
#[allow(clippy::too_many_lines, reason = "a table reads best in one piece")]
fn refusal(error: &AuthError) -> Problem {
    let (status, code, en, it) = match error {
        AuthError::EmailTaken => (
            StatusCode::CONFLICT,
            "USER_EXISTS",
            "There is already an account with this e-mail address.",
            "Esiste già un account con questo indirizzo e-mail.",
        ),
        AuthError::UsernameTaken => (
            StatusCode::CONFLICT,
            "USERNAME_TAKEN",
            "This username is taken.",
            "Questo nome utente è già in uso.",
        ),
        AuthError::RegistrationClosed => (
            StatusCode::FORBIDDEN,
            "REGISTRATION_CLOSED",
            "Registration is closed. Ask an administrator for an account.",
            "La registrazione è chiusa. Chiedi un account a un amministratore.",
        ),
        AuthError::InviteRequired => (
            StatusCode::FORBIDDEN,
            "INVITE_REQUIRED",
            "You need an invitation to register. Ask an administrator for one.",
            "Per registrarti serve un invito. Chiedilo a un amministratore.",
        ),
        AuthError::InviteInvalid => (
            StatusCode::FORBIDDEN,
            "INVITE_INVALID",
            "This invitation is not valid, or not any more. Ask for another.",
            "Questo invito non è valido, o non lo è più. Chiedine un altro.",
        ),
        AuthError::InvitationNotFound => (
            StatusCode::NOT_FOUND,
            "INVITATION_NOT_FOUND",
            "There is no such invitation.",
            "Questo invito non esiste.",
        ),
        AuthError::TooManyRegistrations(_) | AuthError::TooManyRefused(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_REGISTRATIONS",
            "Too many people have registered from your network just now. Please wait a little.",
            "Troppe registrazioni dalla tua rete in poco tempo. Attendi un momento.",
        ),
        AuthError::InvalidCredentials => (
            StatusCode::UNAUTHORIZED,
            "INVALID_CREDENTIALS",
            "The name or the password is not right.",
            "Il nome o la password non sono corretti.",
        ),
        AuthError::PasswordWrong => (
            StatusCode::UNAUTHORIZED,
            "PASSWORD_WRONG",
            "This is not your current password.",
            "Questa non è la tua password attuale.",
        ),
        AuthError::SecondFactorMissing => (
            StatusCode::UNAUTHORIZED,
            "TOTP_REQUIRED",
            "Please enter the code of your authenticator app too.",
            "Inserisci anche il codice della tua app di autenticazione.",
        ),
        AuthError::SecondFactorInvalid => (
            StatusCode::UNAUTHORIZED,
            "TOTP_INVALID",
            "The code is not right, or was used before. Wait for the next one.",
            "Il codice non è corretto o è già stato usato. Attendi il prossimo.",
        ),
        AuthError::SecondFactorEnrolled => (
            StatusCode::CONFLICT,
            "TOTP_ENROLLED",
            "You have a second factor already.",
            "Hai già un secondo fattore.",
        ),
        AuthError::SecondFactorNotStarted => (
            StatusCode::CONFLICT,
            "TOTP_NOT_STARTED",
            "You have no second factor yet.",
            "Non hai ancora un secondo fattore.",
        ),
        AuthError::SecondFactorRequired => (
            StatusCode::CONFLICT,
            "SECOND_FACTOR_REQUIRED",
            "Your role must have a second factor.",
            "Il tuo ruolo richiede un secondo fattore.",
        ),
        AuthError::OwnFactors => (
            StatusCode::CONFLICT,
            "OWN_FACTORS",
            "Change your own password and second factor on your account page.",
            "Cambia la tua password e il tuo secondo fattore dalla pagina del tuo account.",
        ),
        AuthError::SessionNotFound => (
            StatusCode::NOT_FOUND,
            "SESSION_NOT_FOUND",
            "There is no such session.",
            "Questa sessione non esiste.",
        ),
        AuthError::AccountDisabled => (
            StatusCode::FORBIDDEN,
            "ACCOUNT_DISABLED",
            "This account is disabled. Ask an administrator.",
            "Questo account è disabilitato. Rivolgiti a un amministratore.",
        ),
        AuthError::TooManyFailures(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_ATTEMPTS",
            "Too many failed attempts. Please wait a little.",
            "Troppi tentativi falliti. Attendi un momento.",
        ),
        AuthError::ResetInvalid => (
            StatusCode::GONE,
            "RESET_INVALID",
            "This link is not valid any more. Ask for another one.",
            "Questo link non è più valido. Chiedine un altro.",
        ),
        AuthError::TooManyResets(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_RESETS",
            "Too many people on your network have forgotten their password just now. Please wait a little.",
            "Troppe password dimenticate dalla tua rete in poco tempo. Attendi un momento.",
        ),
        AuthError::MailOff => (
            StatusCode::CONFLICT,
            "MAIL_OFF",
            "This server sends no mail. Ask an administrator for a link.",
            "Questo server non invia e-mail. Chiedi un link a un amministratore.",
        ),
        AuthError::UserDisabled => (
            StatusCode::CONFLICT,
            "USER_DISABLED",
            "This account is disabled. Enable it first.",
            "Questo account è disabilitato. Prima va riabilitato.",
        ),
        AuthError::TokenInvalid => (
            StatusCode::UNAUTHORIZED,
            "TOKEN_INVALID",
            "The access token is not valid.",
            "Il token di accesso non è valido.",
        ),
        AuthError::TokenExpired => (
            StatusCode::UNAUTHORIZED,
            "TOKEN_EXPIRED",
            "The access token has expired. Refresh it.",
            "Il token di accesso è scaduto. Rinnovalo.",
        ),
        AuthError::SessionEnded => (
            StatusCode::UNAUTHORIZED,
            "SESSION_ENDED",
            "The session has ended. Please sign in again.",
            "La sessione è terminata. Accedi di nuovo.",
        ),
        AuthError::RefreshInvalid => (
            StatusCode::UNAUTHORIZED,
            "REFRESH_INVALID",
            "The refresh token is not valid. Please sign in again.",
            "Il token di rinnovo non è valido. Accedi di nuovo.",
        ),
        AuthError::RefreshReused => (
            StatusCode::UNAUTHORIZED,
            "REFRESH_REUSED",
            "The refresh token was used before, so the session was ended. Please sign in again.",
            "Il token di rinnovo era già stato usato: la sessione è stata chiusa. Accedi di nuovo.",
        ),
        AuthError::KeyInvalid => (
            StatusCode::UNAUTHORIZED,
            "KEY_INVALID",
            "The API key is not valid.",
            "La chiave API non è valida.",
        ),
        AuthError::KeyExpired => (
            StatusCode::UNAUTHORIZED,
            "KEY_EXPIRED",
            "The API key has expired. Ask an administrator for another.",
            "La chiave API è scaduta. Chiedine un'altra a un amministratore.",
        ),
        AuthError::KeyNotFound => (
            StatusCode::NOT_FOUND,
            "KEY_NOT_FOUND",
            "There is no such API key.",
            "Questa chiave API non esiste.",
        ),
        AuthError::SetupInvalid => (
            StatusCode::FORBIDDEN,
            "SETUP_INVALID",
            "This set-up link is not valid any more. The newest one is in the server's output.",
            "Questo link di configurazione non è più valido. Il più recente è nell'output del server.",
        ),
        AuthError::UserNotFound => (
            StatusCode::NOT_FOUND,
            "USER_NOT_FOUND",
            "There is no such person.",
            "Questa persona non esiste.",
        ),
        AuthError::LastAdministrator => (
            StatusCode::CONFLICT,
            "LAST_ADMIN",
            "The last administrator must stay one.",
            "L'ultimo amministratore deve restare tale.",
        ),
        AuthError::OwnRole => (
            StatusCode::CONFLICT,
            "OWN_ROLE",
            "You cannot change your own role.",
            "Non puoi cambiare il tuo stesso ruolo.",
        ),
        AuthError::OwnStatus => (
            StatusCode::CONFLICT,
            "OWN_STATUS",
            "You cannot disable yourself.",
            "Non puoi disabilitare te stesso.",
        ),
        AuthError::OwnAccount => (
            StatusCode::CONFLICT,
            "OWN_ACCOUNT",
            "You cannot delete yourself. Ask another administrator.",
            "Non puoi eliminare te stesso. Rivolgiti a un altro amministratore.",
        ),
        AuthError::Invalid(_)
        | AuthError::HasherBusy
        | AuthError::Store(_)
        | AuthError::Internal(_) => {
            return Problem::internal(error);
        }
    };
    Problem::new(status, code, en, it)
}
