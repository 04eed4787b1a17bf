//! The wire shapes of logins and sessions.

use poem_openapi::Object;

use crate::http::Person;

/// Who wants to log in.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct LoginRequest {
    /// An e-mail address or a username, any case.
    pub(super) identifier: String,
    /// The password.
    pub(super) password: String,
    /// Put the refresh token into an `HttpOnly` cookie, out of reach of scripts, instead of the body.
    #[oai(default)]
    pub(super) use_cookie: bool,
}

impl poem_openapi::types::Example for LoginRequest {
    fn example() -> Self {
        Self {
            identifier: "ada@example.org".to_owned(),
            password: "correct horse battery".to_owned(),
            use_cookie: false,
        }
    }
}

/// Which session to go on with.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub(super) struct RefreshRequest {
    /// The newest refresh token; without it the cookie is read.
    pub(super) refresh_token: Option<String>,
}

/// What a client needs to go on.
#[derive(Object)]
pub(super) struct Session {
    /// For `Authorization: Bearer …`.
    pub(super) access_token: String,
    /// Always `Bearer`.
    pub(super) token_type: String,
    /// Seconds that the access token lives.
    pub(super) expires_in: u32,
    /// Trades once for the next session answer; null when it is in the cookie.
    pub(super) refresh_token: Option<String>,
    /// Who is logged in.
    pub(super) user: Person,
}
