//! Profiles on the wire.

use poem_openapi::{Enum, Object, types::Example};

use super::{super::records::Profile, model::ProfileChanges};
use crate::{
    http::{Principal, UserBody, UserStatusBody},
    language::Language,
};

/// What to change of your profile. What is left out stays.
#[derive(Debug, Object)]
#[oai(rename = "ProfileChanges", deny_unknown_fields, example)]
pub(super) struct ProfileChangesBody {
    /// Given name: 1 to 80 characters.
    name: Option<String>,
    /// Family name: 1 to 80 characters.
    surname: Option<String>,
    /// Username; unique whatever the case.
    username: Option<String>,
    /// The language that you read.
    language: Option<LanguageBody>,
}

impl Example for ProfileChangesBody {
    fn example() -> Self {
        Self {
            name: Some("Ada".to_owned()),
            surname: Some("Lovelace".to_owned()),
            username: None,
            language: Some(LanguageBody::It),
        }
    }
}

impl From<ProfileChangesBody> for ProfileChanges {
    fn from(body: ProfileChangesBody) -> Self {
        Self {
            name: body.name,
            surname: body.surname,
            username: body.username,
            language: body.language.map(Into::into),
        }
    }
}

/// A language, by its ISO 639-1 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Language", rename_all = "lowercase")]
enum LanguageBody {
    /// English.
    En,
    /// Italian.
    It,
}

impl From<LanguageBody> for Language {
    fn from(language: LanguageBody) -> Self {
        match language {
            LanguageBody::En => Self::English,
            LanguageBody::It => Self::Italian,
        }
    }
}

/// The one who asks, as everyone sees them. Whoever can ask is active.
pub(super) fn person(principal: &Principal, username: String, profile: Profile) -> UserBody {
    UserBody {
        id: principal.id.0,
        email: principal.email.clone(),
        username,
        name: profile.name,
        surname: profile.surname,
        role: principal.role.into(),
        status: UserStatusBody::Active,
        language: profile.language.code().to_owned(),
        created_at: principal.created_at.into(),
        last_login_at: principal.last_login_at.map(Into::into),
    }
}
