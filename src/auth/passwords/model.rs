//! A password, parsed at the edge.

use crate::field::Fault;

/// A new password: 8 characters to 1 KiB, any characters, no rules of composition (NIST SP 800-63B
/// §3.1.1.2). Not printable, so that it cannot reach a log.
pub struct NewPassword(String);

impl NewPassword {
    /// Checks the length, and that it is not simply the address or name it belongs to.
    ///
    /// # Errors
    /// [`Fault`] for `password`.
    pub fn parse(text: String, own: &[&str]) -> Result<Self, Fault> {
        if text.chars().count() < 8 {
            return Err(Fault::new(
                "password",
                "must be at least 8 characters long",
                "deve avere almeno 8 caratteri",
            ));
        }
        if text.len() > 1_024 {
            return Err(Fault::new(
                "password",
                "must be at most 1 KiB long",
                "può avere al massimo 1 KiB",
            ));
        }
        if own.iter().any(|own| own.eq_ignore_ascii_case(&text)) {
            return Err(Fault::new(
                "password",
                "must not be your own e-mail or name",
                "non può essere la tua e-mail o il tuo nome",
            ));
        }
        Ok(Self(text))
    }

    /// The password, for the hasher.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_enough_not_too_long_and_not_the_name() {
        let parse = |text: &str| NewPassword::parse(text.to_owned(), &["mario@example.org"]);
        assert!(parse("1234567").is_err());
        assert!(parse("ùùùùùùùù").is_ok(), "eight characters, whatever their bytes");
        assert!(parse(&"a".repeat(1_024)).is_ok());
        assert!(parse(&"a".repeat(1_025)).is_err());
        assert!(parse("Mario@Example.org").is_err());
    }
}
