//! Keys as text: Bech32 (BIP 173) of 32 bytes.

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// 32 bytes in groups of five bits.
const DIGITS: usize = 52;

/// Reads a key of this kind (`age`), whose letters are of one case.
pub(super) fn decode(kind: &str, text: &str) -> Option<[u8; 32]> {
    let lower = text.to_ascii_lowercase();
    if text != lower && text != text.to_ascii_uppercase() {
        return None;
    }
    let digits = lower.strip_prefix(&kind.to_ascii_lowercase())?.strip_prefix('1')?;
    let digit = |letter| {
        let place = ALPHABET.iter().position(|known| *known == letter)?;
        u8::try_from(place).ok()
    };
    let digits: Vec<u8> = digits.bytes().map(digit).collect::<Option<_>>()?;
    if checksum(kind, &digits) != 1 {
        return None;
    }
    let (digits, _) = digits.split_at_checked(DIGITS).filter(|(_, sum)| sum.len() == 6)?;
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = bits << 5 | u32::from(*digit);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    // What is left over of the last digit is nothing.
    if bits == 0 { bytes.try_into().ok() } else { None }
}

/// The remainder of the whole text, which is 1 when it is right.
fn checksum(kind: &str, digits: &[u8]) -> u32 {
    let kind = kind.to_ascii_lowercase().into_bytes();
    let high = kind.iter().map(|letter| letter >> 5);
    let low = kind.iter().map(|letter| letter & 31);
    high.chain([0]).chain(low).chain(digits.iter().copied()).fold(1, |sum, digit| {
        let top = sum >> 25;
        let shifted = (sum & 0x1ff_ffff) << 5 ^ u32::from(digit);
        let terms = GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        terms.fold(shifted, |sum, (_, term)| sum ^ term)
    })
}
