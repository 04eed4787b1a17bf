//! Headers of any bytes: read without a panic, within a bound, and only as they would be written.

use proptest::{collection::vec, prelude::*};

use super::{
    base64, header,
    tests::keys,
    vectors::{FILE_KEY, Made, SECRET, file_of, outcome},
};

/// Reads a header of any bytes: it takes no more of them than a header may have, and what it takes it would
/// write again.
fn read_any(bytes: &[u8]) {
    let mut rest = bytes;
    if let Ok(header) = header::parse(&mut rest) {
        let taken = bytes.len() - rest.len();
        assert_eq!(header.text().as_bytes(), &bytes[..taken]);
        assert!(taken <= 32 << 10);
    }
    let _ = outcome(bytes, &keys(SECRET));
}

fn argument() -> impl Strategy<Value = String> {
    "[!-~]{1,70}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, begin in 0_usize..3) {
        let beginning = ["", "age-encryption.org/v1\n", "age-encryption.org/v1\n-> X25519 "][begin];
        read_any(&[beginning.as_bytes(), &bytes].concat());
    }

    #[test]
    fn lines_in_any_order_are_read_without_a_panic(lines in vec(prop_oneof![
        Just("age-encryption.org/v1".to_owned()), Just("---".to_owned()), Just(String::new()),
        "-> ([!-~]{1,9} ?){0,4}", "[A-Za-z0-9+/]{0,66}", "--- [A-Za-z0-9+/]{0,45}", "\\PC{0,20}",
    ], 0..12)) {
        read_any((lines.join("\n") + "\n").as_bytes());
        read_any(format!("age-encryption.org/v1\n{}\n", lines.join("\n")).as_bytes());
    }

    #[test]
    fn a_header_is_read_as_it_was_written(
        stanzas in vec((vec(argument(), 1..4), vec(any::<u8>(), 0..200)), 1..5),
        mac in any::<[u8; 32]>(),
        rest: Vec<u8>,
    ) {
        let mut text = "age-encryption.org/v1\n".to_owned();
        for (arguments, body) in stanzas {
            text.extend(["-> ", &arguments.join(" "), "\n"]);
            let body = base64::encode(&body);
            for line in body.as_bytes().chunks(64) {
                text.extend([std::str::from_utf8(line).unwrap(), "\n"]);
            }
            if body.len().is_multiple_of(64) {
                text += "\n";
            }
        }
        text.extend(["--- ", &base64::encode(&mac), "\n"]);
        let file = [text.as_bytes(), &rest].concat();
        let mut input = &file[..];
        let header = header::parse(&mut input).unwrap();
        prop_assert_eq!(header.text(), text);
        prop_assert_eq!(input, &rest[..]);
    }

    #[test]
    fn a_good_header_with_changes_is_read_without_a_panic(
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let mut file = file_of(&Made::new(&FILE_KEY).stanza());
        for (place, byte, kind) in changes {
            let place = place.index(file.len());
            match kind {
                0 => file[place] = byte,
                1 => file.insert(place, byte),
                _ => drop(file.remove(place)),
            }
        }
        read_any(&file);
    }
}
