//! What a person typed into one field, and what is wrong with it.
//!
//! Shared by whoever reads such fields, so that a name is a name everywhere and every fault of a form is
//! told at once. What a domain alone asks of a field is in its `model` or `rules`.

use std::borrow::Cow;

use crate::language::Text;

/// The longest given or family name, in characters.
const NAME_LENGTH: usize = 80;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name on the wire.
    pub field: Cow<'static, str>,
    /// What a person reads beside it: the end of a sentence that the field's name begins.
    pub message: Text,
}

impl FieldError {
    /// A fault with words that are known when the program is written.
    pub const fn new(field: &'static str, en: &'static str, it: &'static str) -> Self {
        Self { field: Cow::Borrowed(field), message: Text::fixed(en, it) }
    }
}

/// Gathers every fault of a form, so that a person can mend them all at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Passes on what holds, and keeps the fault of what does not.
    pub fn check<T>(&mut self, checked: Result<T, FieldError>) -> Option<T> {
        checked.map_err(|fault| self.0.push(fault)).ok()
    }

    /// The faults, in the order in which they were found.
    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }
}

/// Reads a line of 1 to `most` characters: trimmed, without control characters, otherwise verbatim,
/// markup too. Whoever shows a line escapes it for the place where it is shown.
///
/// # Errors
/// The fault of `field`.
pub fn line(field: &'static str, text: &str, most: usize) -> Result<String, FieldError> {
    let line = text.trim();
    if line.is_empty() {
        return Err(FieldError::new(field, "must not be empty", "non può essere vuoto"));
    }
    if line.chars().nth(most).is_some() {
        let message = Text::made(
            format!("must have at most {most} characters"),
            format!("può avere al massimo {most} caratteri"),
        );
        return Err(FieldError { field: field.into(), message });
    }
    if line.chars().any(char::is_control) {
        return Err(FieldError::new(
            field,
            "must not contain control characters",
            "non può contenere caratteri di controllo",
        ));
    }
    Ok(line.to_owned())
}

/// Reads a given or family name: a line of 1 to 80 characters.
///
/// # Errors
/// The fault of `field`.
pub fn person_name(field: &'static str, text: &str) -> Result<String, FieldError> {
    line(field, text, NAME_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        line("name", text, 5).ok()
    }

    #[test]
    fn a_line_is_trimmed_and_otherwise_kept_verbatim() {
        assert_eq!(read("  Zoë "), Some("Zoë".to_owned()));
        assert_eq!(read("<b>&"), Some("<b>&".to_owned()));
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert_eq!(read("ééééé"), Some("ééééé".to_owned()));
        assert_eq!(read("éééééé"), None);
    }

    #[test]
    fn nothing_and_control_characters_are_refused() {
        for text in ["", " \t ", "a\0b", "a\nb", "a\u{7f}", "a\u{85}b"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_has_at_most_eighty_characters() {
        assert!(person_name("name", &"a".repeat(80)).is_ok());
        assert!(person_name("name", &"a".repeat(81)).is_err());
    }
}
