//! A line of text that a person typed: names of people and of events.
//!
//! Trimmed, neither empty nor endless, without control characters; anything else is kept verbatim,
//! markup too. Whoever shows a line escapes it for the place where it is shown.

use super::error::Fault;
use crate::language::Text;

/// Reads a line of 1 to `most` characters.
pub(crate) fn line(field: &'static str, text: &str, most: usize) -> Result<String, Fault> {
    let line = text.trim();
    if line.is_empty() {
        return Err(Fault::new(field, "must not be empty", "non può essere vuoto"));
    }
    if line.chars().nth(most).is_some() {
        let message = Text::made(
            format!("must have at most {most} characters"),
            format!("può avere al massimo {most} caratteri"),
        );
        return Err(Fault { field, message });
    }
    if line.chars().any(char::is_control) {
        return Err(Fault::new(
            field,
            "must not contain control characters",
            "non può contenere caratteri di controllo",
        ));
    }
    Ok(line.to_owned())
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
}
