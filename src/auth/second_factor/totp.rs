//! Codes of a moment (RFC 6238 over RFC 4226): HMAC-SHA-1, six digits, steps of thirty seconds, because
//! that is what every authenticator app speaks. SHA-1 is sound in an HMAC (NIST SP 800-107 §5.3.4).

use crate::{clock::Time, crypto};

/// A secret of as many bits as the hash has (RFC 4226 §4, R6).
pub(super) const SECRET_BYTES: usize = 20;
/// Seconds that a code lives.
pub(super) const STEP_SECONDS: i64 = 30;
/// Steps that a clock may be wrong by, either way.
const DRIFT: i64 = 1;
const DIGITS: usize = 6;

/// The step whose code this is: of now, or of one step to either side, and later than `last`. Every
/// candidate is compared, in a time that does not depend on which of them matches.
pub(super) fn matching_step(secret: &[u8], code: &str, now: Time, last: u64) -> Option<u64> {
    let step = now.as_seconds().div_euclid(STEP_SECONDS);
    let mut found = None;
    for candidate in step - DRIFT..=step + DRIFT {
        let Ok(candidate) = u64::try_from(candidate) else { continue };
        let is_it = crypto::equal(code_of(secret, candidate).as_bytes(), code.as_bytes());
        if is_it && candidate > last {
            found = Some(candidate);
        }
    }
    found
}

/// The code of a step, as six digits.
fn code_of(secret: &[u8], step: u64) -> String {
    let tag = crypto::hmac_sha1(secret, &step.to_be_bytes());
    // RFC 4226 §5.3: the low four bits of the last byte say where the 31 bits of the code begin.
    let begin = usize::from(tag.last().map_or(0, |last| last & 15));
    let word = tag.get(begin..begin + 4).and_then(|word| word.try_into().ok());
    let number = u32::from_be_bytes(word.unwrap_or_default()) & 0x7FFF_FFFF;
    format!("{:0DIGITS$}", number % 1_000_000)
}

/// Whether a text has the form of a code; anything else may be a recovery code.
pub(super) fn is_code(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let cases = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in cases {
            assert_eq!(code_of(SECRET, seconds / 30), code);
        }
    }

    #[test]
    fn a_code_is_good_for_one_step_more_to_either_side() {
        let now = Time::EPOCH.plus_seconds(1_111_111_109);
        let step = 1_111_111_109 / 30;
        let matches = |at: Time, last| matching_step(SECRET, "081804", at, last);
        for seconds in [-30, 0, 30] {
            assert_eq!(matches(now.plus_seconds(seconds), 0), Some(step), "{seconds}");
        }
        for seconds in [-60, 60] {
            assert_eq!(matches(now.plus_seconds(seconds), 0), None, "{seconds}");
        }
    }

    #[test]
    fn a_step_that_was_used_is_used_up_and_so_are_those_before_it() {
        let now = Time::EPOCH.plus_seconds(1_111_111_109);
        let step = 1_111_111_109 / 30;
        assert_eq!(matching_step(SECRET, "081804", now, step - 1), Some(step));
        for last in [step, step + 1] {
            assert_eq!(matching_step(SECRET, "081804", now, last), None);
        }
    }

    #[test]
    fn what_is_no_code_never_matches() {
        let now = Time::EPOCH.plus_seconds(59);
        for text in ["", "28708", "2870820", " 287082", "２８７０８２", "287 082"] {
            assert!(!is_code(text));
            assert_eq!(matching_step(SECRET, text, now, 0), None);
        }
        assert_eq!(matching_step(SECRET, "287082", Time::EPOCH.plus_seconds(-3_000), 0), None);
    }
}
