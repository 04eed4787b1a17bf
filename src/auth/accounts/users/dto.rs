//! The wire shapes of people whom administrators look after.

use poem_openapi::{Enum, Object, types::Example};

use super::model::{UserChanges, UserForm};
use crate::{
    auth::passwords::Reset,
    http::{RoleBody, UserBody, UserStatusBody},
    language::Language,
};

/// A role to give.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(super) struct RoleRequest {
    /// The role.
    pub(super) role: RoleBody,
}

impl Example for RoleRequest {
    fn example() -> Self {
        Self { role: RoleBody::Staff }
    }
}

/// A page of people.
#[derive(Object)]
#[oai(rename = "PersonPage")]
pub(super) struct UserPage {
    /// By id; perhaps fewer than asked for, even none, when the filters let little through.
    pub(super) items: Vec<UserBody>,
    /// For the next page; null on the last.
    pub(super) next_cursor: Option<String>,
}

/// Somebody to add.
#[derive(Object)]
#[oai(rename = "NewUser", deny_unknown_fields, example)]
pub(super) struct NewUserBody {
    /// An e-mail address; case does not matter.
    email: String,
    /// Given name, 1 to 80 characters.
    name: String,
    /// Family name, 1 to 80 characters.
    surname: String,
    /// 1 to 64 letters, digits, dots, hyphens, underscores; made of the address when not given.
    username: Option<String>,
    /// `user` when not given.
    role: Option<RoleBody>,
    /// The language that they read; that of this request when not given.
    language: Option<ReadLanguage>,
    /// 8 characters to 1 KiB; without one they cannot log in until they have set one.
    pub(super) password: Option<String>,
}

impl Example for NewUserBody {
    fn example() -> Self {
        Self {
            email: "ada@example.org".to_owned(),
            name: "Ada".to_owned(),
            surname: "Lovelace".to_owned(),
            username: None,
            role: Some(RoleBody::Staff),
            language: Some(ReadLanguage::It),
            password: None,
        }
    }
}

impl From<NewUserBody> for UserForm {
    fn from(body: NewUserBody) -> Self {
        Self {
            email: body.email,
            name: body.name,
            surname: body.surname,
            username: body.username,
            role: body.role.map(Into::into),
            language: body.language.map(Into::into),
        }
    }
}

/// Somebody who was added.
#[derive(Object)]
#[oai(rename = "AddedUser")]
pub(super) struct AddedUserBody {
    /// Who.
    pub(super) user: UserBody,
    /// With which they set their password, when they were given none.
    pub(super) reset: Option<Reset>,
}

/// What to change about somebody. What is left out stays.
#[derive(Object)]
#[oai(rename = "UserChanges", deny_unknown_fields, example)]
pub(super) struct UserChangesBody {
    /// An e-mail address.
    email: Option<String>,
    /// A username; unique whatever the case.
    username: Option<String>,
    /// Given name, 1 to 80 characters.
    name: Option<String>,
    /// Family name, 1 to 80 characters.
    surname: Option<String>,
    /// The language that they read.
    pub(super) language: Option<ReadLanguage>,
    /// `disabled` ends every session and lets nobody log in as them.
    status: Option<UserStatusBody>,
}

impl Example for UserChangesBody {
    fn example() -> Self {
        Self {
            email: Some("countess@example.org".to_owned()),
            username: None,
            name: None,
            surname: None,
            language: None,
            status: Some(UserStatusBody::Disabled),
        }
    }
}

impl From<UserChangesBody> for UserChanges {
    fn from(body: UserChangesBody) -> Self {
        Self {
            email: body.email,
            username: body.username,
            name: body.name,
            surname: body.surname,
            disabled: body.status.map(is_disabled),
        }
    }
}

/// Whether a status means that nobody may log in.
pub(super) fn is_disabled(status: UserStatusBody) -> bool {
    status == UserStatusBody::Disabled
}

/// A language that somebody reads, by its ISO 639-1 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub(super) enum ReadLanguage {
    /// English.
    En,
    /// Italian.
    It,
}

impl From<ReadLanguage> for Language {
    fn from(language: ReadLanguage) -> Self {
        match language {
            ReadLanguage::En => Self::English,
            ReadLanguage::It => Self::Italian,
        }
    }
}
