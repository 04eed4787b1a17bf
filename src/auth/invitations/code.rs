//! The code of an invitation: made, shown, read.

use crate::{
    base32,
    crypto::{self, NoRandomness},
};

/// 96 bits: nobody guesses it, and it can still be typed.
const BYTES: usize = 12;
/// Characters that are shown together.
const GROUP: usize = 5;

/// What is stored of a code.
pub(in crate::auth) type CodeHash = [u8; 32];

/// A code.
pub(super) struct Code([u8; BYTES]);

impl Code {
    /// A fresh one.
    pub(super) fn generate() -> Result<Self, NoRandomness> {
        crypto::random().map(Self)
    }

    /// Reads what somebody typed: any case, with or without the hyphens and spaces.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain: String =
            text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
        base32::decode(&plain)?.try_into().ok().map(Self)
    }

    /// The code in groups, as people read it: `7KQ2M-0XD9F-3RVB8-T5GZ0`.
    pub(super) fn reveal(&self) -> String {
        let text = base32::encode(&self.0);
        let mut shown = String::with_capacity(text.len() + text.len() / GROUP);
        for (place, character) in text.chars().enumerate() {
            if place > 0 && place.is_multiple_of(GROUP) {
                shown.push('-');
            }
            shown.push(character);
        }
        shown
    }

    pub(super) fn hash(&self) -> CodeHash {
        crypto::sha256(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_shown_in_groups_and_read_however_it_is_typed() {
        let code = Code::generate().unwrap();
        let shown = code.reveal();
        assert_eq!(shown.split('-').map(str::len).collect::<Vec<_>>(), [5, 5, 5, 5]);
        let typed =
            [shown.clone(), shown.to_lowercase(), shown.replace('-', ""), format!(" {shown} ")];
        for typed in typed.iter().chain([&shown.replace('-', " - ")]) {
            assert_eq!(Code::parse(typed).unwrap().hash(), code.hash(), "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_reads_as_none() {
        for text in [
            "",
            "-",
            "7KQ2M-0XD9F-3RVB8-T5GZ",
            "7KQ2M-0XD9F-3RVB8-T5GZ0-00000",
            "UUUUU-UUUUU-UUUUU-UUUUU",
        ] {
            assert!(Code::parse(text).is_none(), "{text}");
        }
        assert!(Code::parse(&"0".repeat(1_000_000)).is_none());
    }
}
