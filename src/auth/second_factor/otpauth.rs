//! The `otpauth://` address that an authenticator app reads from a picture (Key Uri Format).

/// The alphabet of RFC 4648 §6, which these apps expect: not the one of our own codes.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret as a person types it into an app that cannot see the picture.
pub(super) fn secret_text(secret: &[u8]) -> String {
    let mut text = String::new();
    for chunk in secret.chunks(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let bits = bits << (8 * (5 - chunk.len()));
        let digits = (chunk.len() * 8).div_ceil(5);
        for digit in 0..digits {
            let index = usize::try_from((bits >> (35 - 5 * digit)) & 31).unwrap_or(0);
            text.extend(ALPHABET.get(index).map(|digit| char::from(*digit)));
        }
    }
    text
}

/// The address, for an account at an issuer; both are shown by the app.
pub(super) fn address(secret: &[u8], issuer: &str, account: &str) -> String {
    let (issuer, account) = (percent_encoded(issuer), percent_encoded(account));
    let secret = secret_text(secret);
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6\
         &period=30"
    )
}

/// Everything but the unreserved characters of RFC 3986 §2.3 is escaped.
fn percent_encoded(text: &str) -> String {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let written = |byte: u8| {
        if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_written_as_rfc_4648_section_10_does() {
        let cases = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ];
        for (plain, text) in cases {
            assert_eq!(secret_text(plain.as_bytes()), text);
        }
    }

    #[test]
    fn names_with_signs_of_their_own_stay_one_name() {
        assert_eq!(
            address(b"foobar", "Liceo & Co: Roma", "ada@example.org"),
            "otpauth://totp/Liceo%20%26%20Co%3A%20Roma:ada%40example.org?secret=MZXW6YTBOI\
             &issuer=Liceo%20%26%20Co%3A%20Roma&algorithm=SHA1&digits=6&period=30"
        );
    }
}
