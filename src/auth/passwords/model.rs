//! A password, parsed at the edge.

use crate::field::FieldError;

/// A new password: 8 characters to 1 KiB, any characters, no rules of composition (NIST SP 800-63B
/// §3.1.1.2), taken exactly as typed. Not printable, so that it cannot reach a log.
///
/// How soon it would be guessed is judged before it is hashed (`strength`), which takes too long for here.
#[derive(Clone)]
pub struct NewPassword {
    field: &'static str,
    text: String,
}

impl NewPassword {
    /// Checks the length, and that it is not simply the address or name it belongs to. `field` is what it
    /// is called on the wire.
    ///
    /// # Errors
    /// [`FieldError`] for `field`.
    pub fn parse(field: &'static str, text: String, own: &[&str]) -> Result<Self, FieldError> {
        if text.chars().count() < 8 {
            return Err(FieldError::new(
                field,
                "must be at least 8 characters long",
                "deve avere almeno 8 caratteri",
            ));
        }
        if text.len() > 1_024 {
            return Err(FieldError::new(
                field,
                "must be at most 1 KiB long",
                "può avere al massimo 1 KiB",
            ));
        }
        if own.iter().any(|own| own.eq_ignore_ascii_case(&text)) {
            return Err(FieldError::new(
                field,
                "must not be your own e-mail or name",
                "non può essere la tua e-mail o il tuo nome",
            ));
        }
        Ok(Self { field, text })
    }

    /// What it is called on the wire.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The password, for the hasher.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_enough_not_too_long_and_not_the_name() {
        let parse =
            |text: &str| NewPassword::parse("password", text.to_owned(), &["mario@example.org"]);
        assert!(parse("1234567").is_err());
        assert!(parse("ùùùùùùùù").is_ok(), "eight characters, whatever their bytes");
        assert!(parse(&"a".repeat(1_024)).is_ok());
        assert!(parse(&"a".repeat(1_025)).is_err());
        assert!(parse("Mario@Example.org").is_err());
    }

    #[test]
    fn a_password_is_kept_as_it_was_typed() {
        for typed in [" spaces around ", "e\u{301}toile filante", "\tcavallo\u{a0}blu\t"] {
            let parsed = NewPassword::parse("new", typed.to_owned(), &[]);
            assert_eq!(parsed.ok().unwrap().reveal(), typed);
        }
    }
}
