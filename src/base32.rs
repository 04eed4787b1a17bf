//! Crockford's base32: the one text form of every opaque byte string (codes, tokens, cursors).
//!
//! Upper case, so that a QR picture can use its compact alphanumeric mode; without I, L, O and U, so
//! that a person can read it aloud. Reading forgives case, `I` and `L` for 1, and `O` for 0, which is
//! part of the scheme, but a text has one meaning only: bits left over at the end must be zero.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The number of characters that `bytes` bytes become.
pub const fn encoded_len(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// Writes bytes as text, most significant bits first, without padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_len(bytes.len()));
    let mut window: u16 = 0;
    let mut bits = 0;
    for byte in bytes {
        window = (window << 8) | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(window >> bits));
        }
    }
    if bits > 0 {
        text.push(digit(window << (5 - bits)));
    }
    text
}

/// Reads text back; `None` for a foreign character, a dangling character or bits left over.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let mut window: u16 = 0;
    let mut bits = 0;
    for character in text.bytes() {
        window = (window << 5) | value(character)?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((window >> bits).to_le_bytes()[0]);
        }
    }
    let leftover = window & ((1 << bits) - 1);
    (bits < 5 && leftover == 0).then_some(bytes)
}

fn digit(value: u16) -> char {
    let index = usize::from(value & 31);
    char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
}

fn value(character: u8) -> Option<u16> {
    let canonical = match character.to_ascii_uppercase() {
        b'I' | b'L' => b'1',
        b'O' => b'0',
        other => other,
    };
    let index = ALPHABET.iter().position(|digit| *digit == canonical)?;
    u16::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_alike_reads_alike() {
        assert_eq!(decode("OIL0"), decode("0110"));
        assert_eq!(decode("abc0"), decode("ABC0"));
    }

    #[test]
    fn foreign_characters_and_leftover_bits_are_refused() {
        assert_eq!(decode("U0"), None);
        assert_eq!(decode("00-0"), None);
        assert_eq!(decode("01"), None, "one byte, and a bit that belongs to none");
        assert_eq!(decode("0"), None, "five bits are not a byte");
    }

    proptest! {
        #[test]
        fn bytes_survive_the_round_trip(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            prop_assert_eq!(decode(&text), Some(bytes));
        }

        #[test]
        fn a_text_that_reads_is_the_only_one_of_its_bytes(text in "[0-9A-HJKMNP-TV-Z]{0,40}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
