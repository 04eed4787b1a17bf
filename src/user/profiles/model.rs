//! What a person is called, and what of it they may change.

use crate::{
    field::{FieldError, person_name},
    language::Language,
};

/// A given or family name: trimmed, 1 to 80 characters, no control characters. Markup is kept as it
/// is; whoever shows a name escapes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Reads a name that came in `field`.
    ///
    /// # Errors
    /// The fault, when it is not one.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldError> {
        person_name(field, text).map(Self)
    }

    /// The name.
    pub fn into_string(self) -> String {
        self.0
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
