//! The public id of an event: its name in lower-case ASCII, then its date.
//!
//! It stands in paths, in file names and in the audit trail, so it holds nothing but `a-z`, `0-9` and
//! single hyphens. Accented Latin letters become plain ones; other alphabets leave nothing, and a
//! name that leaves nothing at all is called `event`.

use crate::language::{is_combining_mark, plain};

/// The longest slug of a name, in characters.
const MOST: usize = 60;

/// The id of an event of this name on this date. The first such event gets the plain one; when two
/// names make the same slug on one date, the `ordinal` tells them apart.
pub(super) fn event_id(name: &str, date: &str, ordinal: u32) -> String {
    let slug = slug(name);
    if ordinal <= 1 { format!("{slug}-{date}") } else { format!("{slug}-{date}-{ordinal}") }
}

fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(MOST);
    let mut between_words = false;
    for character in name.chars().flat_map(char::to_lowercase) {
        if is_combining_mark(character) {
            continue;
        }
        let letters = plain(character);
        if letters.is_empty() {
            between_words = true;
            continue;
        }
        let hyphen = between_words && !slug.is_empty();
        if slug.len() + usize::from(hyphen) + letters.len() > MOST {
            break;
        }
        if hyphen {
            slug.push('-');
        }
        slug.push_str(letters);
        between_words = false;
    }
    if slug.is_empty() { "event".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_becomes_plain_words_with_single_hyphens() {
        assert_eq!(slug("Corso di Rust"), "corso-di-rust");
        assert_eq!(slug("  L'Università… è QUI!  "), "l-universita-e-qui");
        assert_eq!(slug("Straße & Œuvre"), "strasse-oeuvre");
        assert_eq!(slug("cafe\u{301} 2.0"), "cafe-2-0");
    }

    #[test]
    fn a_name_that_leaves_nothing_is_called_event() {
        assert_eq!(slug("講義"), "event");
        assert_eq!(slug("<!-- -->"), "event");
    }

    #[test]
    fn a_long_name_is_cut_and_does_not_end_in_a_hyphen() {
        assert_eq!(slug(&"a".repeat(100)), "a".repeat(60));
        assert_eq!(slug(&format!("{} b", "a".repeat(59))), "a".repeat(59));
    }

    #[test]
    fn the_second_of_a_slug_gets_a_number() {
        assert_eq!(event_id("Corso", "2026-11-23", 1), "corso-2026-11-23");
        assert_eq!(event_id("Corso!", "2026-11-23", 2), "corso-2026-11-23-2");
    }

    proptest! {
        #[test]
        fn every_slug_is_safe_in_a_path(name in "\\PC{0,150}") {
            let slug = slug(&name);
            prop_assert!((1..=MOST).contains(&slug.len()));
            prop_assert!(slug.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-'));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--"));
        }
    }
}
