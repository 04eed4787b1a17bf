//! What an administrator asks about people, parsed at the edge.

use crate::{
    auth::{
        accounts::model::{Email, Username},
        passwords::NewPassword,
    },
    field::{FieldError, FieldErrors, person_name},
    ids::Role,
    language::{Language, folded},
};

/// The longest search, in characters: longer than any name, and short enough to be cheap.
const LONGEST_SEARCH: usize = 100;

/// Which people are asked for: those that fit everything that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Each must be found somewhere; in the form that `folded` gives.
    words: Vec<String>,
    role: Option<Role>,
    disabled: Option<bool>,
}

impl UserFilter {
    /// Reads a filter. Each word of `search` must be part of the address, the username or a name, so
    /// that `lovelace ada` finds her too.
    ///
    /// # Errors
    /// [`FieldError`] for `search`, when it is longer than 100 characters.
    pub fn parse(
        search: Option<&str>,
        role: Option<Role>,
        disabled: Option<bool>,
    ) -> Result<Self, FieldError> {
        let search = search.unwrap_or_default();
        if search.chars().nth(LONGEST_SEARCH).is_some() {
            return Err(FieldError::new(
                "search",
                "must have at most 100 characters",
                "può avere al massimo 100 caratteri",
            ));
        }
        let words = folded(search).split_whitespace().map(str::to_owned).collect();
        Ok(Self { words, role, disabled })
    }

    /// Whether it lets everybody through.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether names and addresses must be looked at.
    pub(super) fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// Whether role and status fit.
    pub(super) fn fits(&self, role: Role, disabled: bool) -> bool {
        self.role.is_none_or(|wanted| wanted == role)
            && self.disabled.is_none_or(|wanted| wanted == disabled)
    }

    /// Whether every word is in one of the texts.
    pub(super) fn finds(&self, texts: &[&str]) -> bool {
        let texts: Vec<_> = texts.iter().map(|text| folded(text)).collect();
        self.words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

/// A person whom an administrator wants to add, as typed.
#[derive(Debug, Default)]
pub struct UserForm {
    /// An e-mail address.
    pub email: String,
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// The wanted username.
    pub username: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// The language that they read.
    pub language: Option<Language>,
}

/// The same, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The address.
    pub email: Email,
    /// The wanted username; made of the address when not given.
    pub username: Option<Username>,
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// What they may do.
    pub role: Role,
    /// The language that they read.
    pub language: Language,
}

impl UserForm {
    /// Parses every field, and the password when there is one. Who says nothing of a language gets
    /// `language`.
    ///
    /// # Errors
    /// Every fault, so that all can be mended at once.
    pub fn parse(
        self,
        password: Option<String>,
        language: Language,
    ) -> Result<(NewUser, Option<NewPassword>), Vec<FieldError>> {
        let mut faults = FieldErrors::default();
        let own = [
            self.email.trim().to_owned(),
            self.username.as_deref().unwrap_or_default().trim().to_owned(),
        ];
        let person = self.check(language, &mut faults);
        let own = own.each_ref().map(String::as_str);
        let password =
            password.map(|password| NewPassword::parse("password", password, &own)).transpose();
        match (person, faults.check(password)) {
            (Some(person), Some(password)) => Ok((person, password)),
            _ => Err(faults.into_vec()),
        }
    }

    /// Parses the fields that say who it is; nothing, and their faults, when some do not hold.
    pub(in crate::auth::accounts) fn check(
        self,
        language: Language,
        faults: &mut FieldErrors,
    ) -> Option<NewUser> {
        let email = faults.check(Email::parse(&self.email));
        let username = faults.check(self.username.as_deref().map(Username::parse).transpose());
        let name = faults.check(person_name("name", &self.name));
        let surname = faults.check(person_name("surname", &self.surname));
        Some(NewUser {
            email: email?,
            username: username?,
            name: name?,
            surname: surname?,
            role: self.role.unwrap_or(Role::User),
            language: self.language.unwrap_or(language),
        })
    }
}

/// What an administrator wants to change about a person, as typed; what is nothing stays.
#[derive(Debug, Default)]
pub struct UserChanges {
    /// An e-mail address.
    pub email: Option<String>,
    /// A username.
    pub username: Option<String>,
    /// Given name.
    pub name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// Whether they may not log in.
    pub disabled: Option<bool>,
}

/// The part of it that is the account's, parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// The address.
    pub email: Option<Email>,
    /// The username.
    pub username: Option<Username>,
    /// Whether they may not log in.
    pub disabled: Option<bool>,
}

/// The given and the family name to change; nothing stays.
pub(super) type Names = (Option<String>, Option<String>);

impl UserChanges {
    /// Parses every field: what is the account's, and the names, which are the profile's.
    ///
    /// # Errors
    /// Every fault, so that all can be mended at once.
    pub(super) fn parse(self) -> Result<(AccountChange, Names), Vec<FieldError>> {
        let mut faults = FieldErrors::default();
        let name = |field, text: Option<String>| text.map(|text| person_name(field, &text));
        let email = faults.check(self.email.as_deref().map(Email::parse).transpose());
        let username = faults.check(self.username.as_deref().map(Username::parse).transpose());
        let given = faults.check(name("name", self.name).transpose());
        let family = faults.check(name("surname", self.surname).transpose());
        match (email, username, given, family) {
            (Some(email), Some(username), Some(given), Some(family)) => {
                Ok((AccountChange { email, username, disabled: self.disabled }, (given, family)))
            }
            _ => Err(faults.into_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(search: &str, texts: &[&str]) -> bool {
        UserFilter::parse(Some(search), None, None).unwrap().finds(texts)
    }

    #[test]
    fn every_word_is_found_somewhere_whatever_case_and_accents() {
        let jose = ["Jose@Example.org", "pepe", "José", "Núñez"];
        for search in ["jose", "NUNEZ", "núñez josé", "example", "", "  ", "pep"] {
            assert!(finds(search, &jose), "{search}");
        }
        for search in ["josef", "jose lopez", "@example.com"] {
            assert!(!finds(search, &jose), "{search}");
        }
    }

    #[test]
    fn a_search_longer_than_any_name_is_refused() {
        assert!(UserFilter::parse(Some(&"è".repeat(100)), None, None).is_ok());
        let fault = UserFilter::parse(Some(&"è".repeat(101)), None, None).unwrap_err();
        assert_eq!(fault.field, "search");
    }

    #[test]
    fn role_and_status_fit_when_they_are_asked_for() {
        let filter = UserFilter::parse(None, Some(Role::Staff), Some(false)).unwrap();
        assert!(filter.fits(Role::Staff, false));
        assert!(!filter.fits(Role::Admin, false) && !filter.fits(Role::Staff, true));
        assert!(UserFilter::parse(Some(" "), None, None).unwrap().is_empty());
    }

    #[test]
    fn every_fault_of_a_change_is_told_at_once_and_what_is_left_out_has_none() {
        let text = |text: &str| Some(text.to_owned());
        let changes = UserChanges {
            email: text("nobody"),
            username: text("a b"),
            name: text(""),
            surname: text("a\u{7}"),
            disabled: None,
        };
        let faults = changes.parse().unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_ref()).collect();
        assert_eq!(fields, ["email", "username", "name", "surname"]);
        let (account, names) = UserChanges::default().parse().unwrap();
        assert_eq!((account, names), (AccountChange::default(), (None, None)));
    }
}
