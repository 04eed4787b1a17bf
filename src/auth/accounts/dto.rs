//! The wire shapes of making an account of one's own.

use poem_openapi::Object;

use super::model::Registration;

/// What a person registers with.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct RegisterRequest {
    /// An e-mail address; case does not matter.
    email: String,
    /// 8 characters to 1 KiB, any of them, and hard to guess.
    password: String,
    /// Given name, 1 to 80 characters.
    name: String,
    /// Family name, 1 to 80 characters.
    surname: String,
    /// 1 to 64 letters, digits, dots, hyphens, underscores; made of the address when not given.
    username: Option<String>,
    /// The code of an invitation: needed where registration is by invitation.
    pub(super) invite: Option<String>,
}

impl poem_openapi::types::Example for RegisterRequest {
    fn example() -> Self {
        Self {
            email: "ada@example.org".to_owned(),
            password: "correct horse battery".to_owned(),
            name: "Ada".to_owned(),
            surname: "Lovelace".to_owned(),
            username: None,
            invite: None,
        }
    }
}

impl From<RegisterRequest> for Registration {
    fn from(body: RegisterRequest) -> Self {
        let RegisterRequest { email, password, name, surname, username, .. } = body;
        Self { email, password, name, surname, username }
    }
}

/// What the first administrator is made of.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub(super) struct SetupRequest {
    /// The token behind the `#` of the set-up link.
    pub(super) token: String,
    /// As in a registration.
    email: String,
    /// As in a registration.
    password: String,
    /// As in a registration.
    name: String,
    /// As in a registration.
    surname: String,
    /// As in a registration.
    username: Option<String>,
}

impl From<SetupRequest> for Registration {
    fn from(body: SetupRequest) -> Self {
        let SetupRequest { email, password, name, surname, username, .. } = body;
        Self { email, password, name, surname, username }
    }
}
