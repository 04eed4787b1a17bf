//! The two languages that every word to a person exists in, and how a client says what it prefers.

mod fold;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use fold::{folded, is_combining_mark, plain};

/// A language that the appliance speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Language {
    /// English, for whoever asks for neither.
    #[default]
    English,
    /// Italian.
    Italian,
}

impl Language {
    /// The ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Italian => "it",
        }
    }

    /// The language of an ISO 639-1 code, or of a tag that begins with one (`it-CH`).
    pub fn from_code(tag: &str) -> Option<Self> {
        match tag.split('-').next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "it" => Some(Self::Italian),
            _ => None,
        }
    }

    /// The language that an `Accept-Language` value (RFC 9110 §12.5.4) prefers; English without one.
    pub fn negotiate(accept_language: &str) -> Self {
        preferred(accept_language, Self::from_code).unwrap_or_default()
    }
}

/// What the value of an `Accept` header weighs most (RFC 9110 §12.4.2) among the offers that `known`
/// knows; of equals the first. Nothing when it accepts none of them.
pub fn preferred<T>(accept: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut best = (0.0, None);
    for offer in accept.split(',') {
        let mut parts = offer.split(';').map(str::trim);
        let candidate = parts.next().and_then(&known);
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
        if candidate.is_some() && weight > best.0 {
            best = (weight, candidate);
        }
    }
    best.1
}

/// One message in both languages, so that neither can be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: Cow<'static, str>,
    /// Italian.
    pub it: Cow<'static, str>,
}

impl Text {
    /// A message that is known when the program is written.
    pub const fn fixed(en: &'static str, it: &'static str) -> Self {
        Self { en: Cow::Borrowed(en), it: Cow::Borrowed(it) }
    }

    /// A message with values in it.
    pub const fn made(en: String, it: String) -> Self {
        Self { en: Cow::Owned(en), it: Cow::Owned(it) }
    }

    /// The message in `language`.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Italian => &self.it,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_wins_and_english_is_the_fallback() {
        assert_eq!(Language::negotiate("it-IT,it;q=0.9,en;q=0.8"), Language::Italian);
        assert_eq!(Language::negotiate("en;q=0.5, it;q=0.7"), Language::Italian);
        assert_eq!(Language::negotiate("de, fr;q=0.5"), Language::English);
        assert_eq!(Language::negotiate("it;q=0"), Language::English);
        assert_eq!(Language::negotiate(""), Language::English);
    }
}
