//! Recovery codes: ten texts to print out, each of which takes the place of an authenticator once.

use crate::{
    base32,
    crypto::{self, NoRandomness},
};

/// How many there are.
pub(super) const COUNT: usize = 10;
/// 120 bits: enough for a plain hash to keep them safe (OWASP ASVS 5.0, V6.5.2), and 24 characters.
const BYTES: usize = 15;
const GROUP: usize = 4;

/// A fresh set, as they are shown, and what is stored of each.
pub(super) fn generate() -> Result<(Vec<String>, Vec<[u8; 32]>), NoRandomness> {
    let secrets = (0..COUNT).map(|_| crypto::random::<BYTES>()).collect::<Result<Vec<_>, _>>()?;
    let shown = secrets.iter().map(|secret| grouped(&base32::encode(secret)));
    let stored = secrets.iter().map(|secret| crypto::sha256(secret));
    Ok((shown.collect(), stored.collect()))
}

/// What is stored of the code that a person typed, however they grouped it; nothing of what is none.
pub(super) fn hash_of(typed: &str) -> Option<[u8; 32]> {
    let is_separator = |character: &char| character.is_whitespace() || *character == '-';
    let text: String = typed.chars().filter(|character| !is_separator(character)).collect();
    let secret = base32::decode(&text).filter(|secret| secret.len() == BYTES)?;
    Some(crypto::sha256(&secret))
}

fn grouped(text: &str) -> String {
    let mut grouped = String::with_capacity(text.len() * 5 / 4);
    for (number, character) in text.chars().enumerate() {
        if number > 0 && number % GROUP == 0 {
            grouped.push('-');
        }
        grouped.push(character);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_recognised_however_it_was_typed() {
        let (shown, stored) = generate().unwrap();
        assert_eq!((shown.len(), stored.len()), (COUNT, COUNT));
        for (shown, stored) in shown.iter().zip(&stored) {
            assert_eq!(shown.len(), 29, "{shown}");
            let typed = [shown.clone(), shown.to_lowercase(), shown.replace('-', " ")];
            for typed in typed {
                assert_eq!(hash_of(&typed), Some(*stored), "{typed}");
            }
        }
        assert_eq!(hash_of("1234"), None);
        assert_eq!(hash_of(&shown[0][..28]), None);
    }
}
