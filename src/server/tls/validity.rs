//! When a certificate ends, read from the certificate itself.
//!
//! Only the way to one field of X.509 (RFC 5280 §4.1) is walked, in DER as rustls has it. What does not
//! read is nothing: it is for watching, and TLS itself has its own opinion.

use rustls::pki_types::CertificateDer;

use crate::clock::Time;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The moment after which a certificate does not hold.
pub(super) fn not_after(certificate: &CertificateDer<'_>) -> Option<Time> {
    let (certificate, _) = value(certificate, SEQUENCE)?;
    let (mut rest, _) = value(certificate, SEQUENCE)?;
    if let Some((_, after)) = value(rest, VERSION) {
        rest = after;
    }
    for before in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = value(rest, before)?;
    }
    let (validity, _) = value(rest, SEQUENCE)?;
    let (_, rest) = time(validity)?;
    Some(time(rest)?.0)
}

/// The content of the DER value (X.690 §8.1) at the beginning of some bytes, if it has this tag; and
/// what comes behind it.
fn value(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        short @ ..0x80 => (usize::from(*short), rest),
        long => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7F))?;
            let add = |sum: usize, byte: &u8| sum.checked_mul(256)?.checked_add((*byte).into());
            (length.iter().try_fold(0, add)?, rest)
        }
    };
    if *found == tag { rest.split_at_checked(length) } else { None }
}

/// A time in either of the two forms that RFC 5280 §4.1.2.5 allows.
fn time(bytes: &[u8]) -> Option<(Time, &[u8])> {
    let (text, rest, century) = match value(bytes, UTC_TIME) {
        Some((text, rest)) => (text, rest, true),
        None => value(bytes, GENERALIZED_TIME).map(|(text, rest)| (text, rest, false))?,
    };
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let full = match (century, text.get(..2)?.parse::<u8>().ok()?) {
        (true, 50..) => format!("19{text}"),
        (true, _) => format!("20{text}"),
        (false, _) => text.to_owned(),
    };
    let part = |range: std::ops::Range<usize>| full.get(range);
    let moment = format!(
        "{}-{}-{}T{}:{}:{}",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..full.len())?,
    );
    Some((Time::parse_rfc3339(&moment).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(end: i32) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["example.org".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 2);
        params.not_after = date_time_ymd(end, 3, 4);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn the_end_of_a_certificate_is_read_in_both_forms_of_a_time() {
        for end in [2027, 2049, 2050, 2100] {
            let expected = Time::parse_rfc3339(&format!("{end}-03-04T00:00:00Z")).ok();
            assert_eq!(not_after(&certificate(end)), expected);
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = certificate(2027);
        for length in 0..whole.len() {
            let cut = CertificateDer::from(whole[..length].to_vec());
            assert_eq!(not_after(&cut), None, "cut at {length}");
        }
    }
}
