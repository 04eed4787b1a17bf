//! What an account is made of, parsed at the edge so that nothing behind it needs to check again.

use crate::{
    auth::passwords::NewPassword,
    clock::Time,
    field::{FieldError, FieldErrors, person_name},
    ids::Role,
    language::Language,
};

/// An e-mail address, as typed, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks the form that every deliverable address has; the rest only a letter can prove.
    /// Lengths are those of RFC 5321 §4.5.3.1.
    ///
    /// # Errors
    /// [`FieldError`] for `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        let plain = |part: &str| {
            !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        let well_formed = text.len() <= 254
            && text.split_once('@').is_some_and(|(local, domain)| {
                plain(local)
                    && local.len() <= 64
                    && plain(domain)
                    && !domain.contains(['@', ',', ';', '<', '>', '"', '(', ')', '\\'])
                    && !local.contains([',', ';', '<', '>', '"', '(', ')', '\\'])
                    && domain.split('.').all(|label| !label.is_empty())
            });
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(FieldError::new("email", "is not an e-mail address", "non è un indirizzo e-mail"))
        }
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that makes two addresses one: case does not matter.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// A username made of the part before the `@`.
    pub fn suggested_username(&self) -> Username {
        let local = self.0.split('@').next().unwrap_or_default();
        let kept: String = local.chars().filter(|c| Username::allows(*c)).take(60).collect();
        Username(if kept.is_empty() { "user".to_owned() } else { kept })
    }
}

/// A username, as typed, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// 1 to 64 letters and digits of ASCII, dots, hyphens and underscores. Without an `@`, so that it
    /// can never be taken for an e-mail address.
    ///
    /// # Errors
    /// [`FieldError`] for `username`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if (1..=64).contains(&text.len()) && text.chars().all(Self::allows) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FieldError::new(
                "username",
                "must be 1 to 64 letters, digits, dots, hyphens or underscores",
                "dev'essere di 1-64 lettere, cifre, punti, trattini o trattini bassi",
            ))
        }
    }

    const fn allows(character: char) -> bool {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that makes two usernames one: case does not matter.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// This name with a number behind it, for when it is taken; cut so that both fit.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let number = number.to_string();
        let kept: String = self.0.chars().take(64 - number.len()).collect();
        Self(kept + &number)
    }
}

/// What a person registers with, as typed.
pub struct Registration {
    /// An e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// The wanted username.
    pub username: Option<String>,
}

impl Registration {
    /// Parses every field.
    ///
    /// # Errors
    /// Every fault, so that a person can mend them all at once.
    pub fn parse(self, language: Language, role: Role) -> Result<NewAccount, Vec<FieldError>> {
        let mut faults = FieldErrors::default();
        let email = faults.check(Email::parse(&self.email));
        let username = faults.check(self.username.as_deref().map(Username::parse).transpose());
        let name = faults.check(person_name("name", &self.name));
        let surname = faults.check(person_name("surname", &self.surname));
        let own = [self.email.trim(), self.username.as_deref().unwrap_or_default().trim()];
        let password = faults.check(NewPassword::parse("password", self.password, &own));
        match (email, username, name, surname, password) {
            (Some(email), Some(username), Some(name), Some(surname), Some(password)) => {
                Ok(NewAccount { email, username, name, surname, password, language, role })
            }
            _ => Err(faults.into_vec()),
        }
    }
}

/// What a person registers with, parsed.
pub struct NewAccount {
    /// The address.
    pub email: Email,
    /// The wanted username; made from the address when not given.
    pub username: Option<Username>,
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// The password.
    pub password: NewPassword,
    /// The language of the registration form.
    pub language: Language,
    /// The role to begin with.
    pub role: Role,
}

/// What an account was registered with, of which a profile is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredAccount {
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// Language.
    pub language: Language,
    /// When.
    pub created_at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_be_delivered_parse_and_others_do_not() {
        for good in ["a@b.it", " Mario.Rossi+x@Example.org ", "ü@bücher.example", "a@localhost"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}@b.it", "a".repeat(65));
        for bad in ["", "a", "@b.it", "a@", "a@b@c", "a b@c.it", "a@b..it", "<a@b.it>", &long] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_username_is_made_of_any_address() {
        let suggested = |email| Email::parse(email).unwrap().suggested_username();
        assert_eq!(suggested("Mario.Rossi+x@example.org").as_str(), "Mario.Rossix");
        assert_eq!(suggested("ü@example.org").as_str(), "user");
        assert!(Username::parse(suggested("a@b.it").as_str()).is_ok());
        let longest = suggested(&format!("{}@b.it", "a".repeat(64))).numbered(u32::MAX);
        assert_eq!(longest.as_str(), format!("{}4294967295", "a".repeat(54)));
    }

    #[test]
    fn a_username_is_never_an_address() {
        assert!(Username::parse("a@b").is_err());
    }

    #[test]
    fn every_fault_of_a_registration_is_told_at_once() {
        let registration = Registration {
            email: "nobody".to_owned(),
            password: "short".to_owned(),
            name: " ".to_owned(),
            surname: "a\nb".to_owned(),
            username: Some("a b".to_owned()),
        };
        let Err(faults) = registration.parse(Language::English, Role::User) else {
            panic!("nothing of it holds")
        };
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_ref()).collect();
        assert_eq!(fields, ["email", "username", "name", "surname", "password"]);
    }
}
