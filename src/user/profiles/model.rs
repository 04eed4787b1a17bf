//! What a profile is made of.

use super::super::{
    error::{Fault, Faults, UserError},
    line::line,
};
use crate::{clock::Time, language::Language};

/// The longest given or family name, in characters.
const NAME_LENGTH: usize = 80;

/// A given or family name: trimmed, 1 to 80 characters, no control characters. Markup is kept as it
/// is; whoever shows a name escapes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Reads a name that came in `field`.
    ///
    /// # Errors
    /// The fault, when it is not one.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Fault> {
        line(field, text, NAME_LENGTH).map(Self)
    }

    /// The name.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A profile that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// Given name.
    pub name: PersonName,
    /// Family name.
    pub surname: PersonName,
    /// The language that they read.
    pub language: Language,
    /// When the account was made.
    pub created_at: Time,
}

impl NewProfile {
    /// Checks what a person registers with, before the account is made.
    ///
    /// # Errors
    /// [`UserError::Invalid`] with the faults of `name` and `surname`.
    pub fn parse(
        name: &str,
        surname: &str,
        language: Language,
        created_at: Time,
    ) -> Result<Self, UserError> {
        let mut faults = Faults::default();
        let name = faults.sift(PersonName::parse("name", name));
        let surname = faults.sift(PersonName::parse("surname", surname));
        match (name, surname) {
            (Some(name), Some(surname)) => Ok(Self { name, surname, language, created_at }),
            _ => Err(faults.into_error()),
        }
    }
}

/// What a person wants to change of their profile; nothing stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfileChanges {
    /// Given name.
    pub name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// Username; the account's, and checked there.
    pub username: Option<String>,
    /// The language that they read.
    pub language: Option<Language>,
}
