//! The format against files that the reference implementation in Rust (age 0.12) wrote, and against
//! whoever changes a byte.

use proptest::prelude::*;

use super::*;

const SECRET: &str = "AGE-SECRET-KEY-1C54KWL0ZVJ49E6NP0Z8V7HANM9760EN7G2M6JZ5UPCWAXLJZRHSS6WLK2H";
const PUBLIC: &str = "age1luw0ej4gfr9j954ckn3am4u9kyn0ymdpgxswvqws239jx8m7a38qsltehd";
const PASSPHRASE: &str = "correct horse battery";

/// "backup", to `PUBLIC`; the second stanza is of nobody ("grease").
const TO_KEY: (&str, &str) = (
    "age-encryption.org/v1\n\
     -> X25519 Qt9FKlES9lAx37I2AlG3/oD70UgRNl6Q7BA6RzfFWiM\n\
     GMo9eHRL9QlrnR+IK4VuL7zvP2i/BnpH8XbmPZM/VBY\n\
     -> Qj,WA}2z-grease AY?Pq ;)& ~ uzOn\n\
     xXaUhx0Tq/efTcOgUTc8OQ\n\
     --- N0hUGB7f4Xchgj+k4NqWNIJb8bNF3D2c8UZO0AQZQtY\n\
     ",
    "059588cfa87e943415307f369da1fc49c179b2e33c507c4f10dd0d612bc29c4ec0f3d489f277",
);
/// "backup", with `PASSPHRASE` and a work factor of 10.
const WITH_PASSPHRASE: (&str, &str) = (
    "age-encryption.org/v1\n\
     -> scrypt Re1b8f/utbBx7rrBlDs5UQ 10\n\
     7gzhofPmwjmb27iH7trb1G4hXtc7SWWrI7669j7wyGg\n\
     --- NYgLsUS0EhJlgJ6rXdrE3kiLUrfDN/cAJDwm0DLNGy0\n\
     ",
    "124e46c2dd824e491c6a2c2533f51e31235fef25b8e9b69888adaef0eb5cb62e42afbec76a80",
);

fn file((header, payload): (&str, &str)) -> Vec<u8> {
    // The lines of the constants are indented.
    let header: String = header.lines().map(|line| line.trim_start().to_owned() + "\n").collect();
    let byte = |at| u8::from_str_radix(&payload[at..at + 2], 16).unwrap();
    header.into_bytes().into_iter().chain((0..payload.len()).step_by(2).map(byte)).collect()
}

pub(super) fn keys(secret: [u8; 32]) -> Identity {
    Identity::Keys(vec![secret])
}

fn opened(file: &[u8], identity: &Identity) -> Result<Vec<u8>, AgeError> {
    let mut bytes = Vec::new();
    decrypt(file, identity)?.read_to_end(&mut bytes).map_err(AgeError::Io)?;
    Ok(bytes)
}

pub(super) fn sealed(bytes: &[u8], recipient: &Recipient) -> Vec<u8> {
    let mut file = Vec::new();
    let (mut out, _) = encrypt(&mut file, recipient).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap();
    file
}

#[test]
fn files_of_the_reference_implementation_are_opened() {
    let secret = parse_identity(SECRET).unwrap();
    assert_eq!(parse_recipient(PUBLIC), crypto::x25519_public(&secret));
    assert_eq!(opened(&file(TO_KEY), &keys(secret)).unwrap(), b"backup");
    let passphrase = Identity::Passphrase(PASSPHRASE.to_owned());
    assert_eq!(opened(&file(WITH_PASSPHRASE), &passphrase).unwrap(), b"backup");
}

#[test]
fn a_key_with_a_wrong_letter_is_no_key() {
    for text in [PUBLIC, SECRET] {
        for place in 0..text.len() {
            let mut wrong = text.as_bytes().to_vec();
            wrong[place] = if wrong[place] == b'7' { b'8' } else { b'7' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(parse_recipient(&wrong), None);
            assert_eq!(parse_identity(&wrong), None);
        }
    }
    assert_eq!(parse_recipient(SECRET), None);
    assert_eq!(parse_recipient(&(PUBLIC[..20].to_owned() + &PUBLIC[20..].to_uppercase())), None);
}

#[test]
fn only_whom_it_is_for_can_open_a_file() {
    let [mine, yours, other] = [[1; 32], [2; 32], [3; 32]];
    let public = |secret| crypto::x25519_public(&secret).unwrap();
    let file = sealed(b"x", &Recipient::Keys(vec![public(mine), public(yours)]));
    assert_eq!(opened(&file, &keys(mine)).unwrap(), b"x");
    assert_eq!(opened(&file, &Identity::Keys(vec![other, yours])).unwrap(), b"x");
    assert!(matches!(opened(&file, &keys(other)), Err(AgeError::WrongKey)));
    let passphrase = |text: &str| Identity::Passphrase(text.to_owned());
    assert!(matches!(opened(&file, &passphrase(PASSPHRASE)), Err(AgeError::NeedsKey)));
    let file = sealed(b"x", &Recipient::Passphrase(PASSPHRASE.to_owned()));
    assert_eq!(opened(&file, &passphrase(PASSPHRASE)).unwrap(), b"x");
    assert!(matches!(opened(&file, &passphrase("correct horse")), Err(AgeError::WrongKey)));
    assert!(matches!(opened(&file, &keys(mine)), Err(AgeError::NeedsPassphrase)));
}

#[test]
fn a_file_that_asks_for_too_much_memory_is_refused_before_it_gets_it() {
    let at_once = header::read(
        &mut "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\nAAAA\n\
              --- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
            .as_bytes(),
        &Identity::Passphrase(PASSPHRASE.to_owned()),
    );
    assert!(matches!(at_once, Err(AgeError::TooCostly)));
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let secret = parse_identity(SECRET).unwrap();
    let good = file(TO_KEY);
    for place in 0..good.len() {
        for bit in [1, 0x80] {
            let mut bad = good.clone();
            bad[place] ^= bit;
            assert!(opened(&bad, &keys(secret)).is_err(), "byte {place}");
        }
    }
    for length in 0..good.len() {
        assert!(opened(&good[..length], &keys(secret)).is_err(), "{length} bytes");
    }
    let mut longer = good;
    longer.push(0);
    assert!(opened(&longer, &keys(secret)).is_err());
}

#[test]
fn chunks_that_are_moved_doubled_or_left_off_are_noticed() {
    const SEALED: usize = (64 << 10) + 16;
    let secret = [5; 32];
    let recipient = Recipient::Keys(vec![crypto::x25519_public(&secret).unwrap()]);
    let good = sealed(&vec![7; 3 * (64 << 10) + 5], &recipient);
    let head = good.len() - (3 * SEALED + 5 + 16);
    let chunk = |nth: usize| {
        let from = head + nth * SEALED;
        good[from..good.len().min(from + SEALED)].to_vec()
    };
    let of = |chunks: &[usize]| {
        let chunks = chunks.iter().flat_map(|nth| chunk(*nth));
        good[..head].iter().copied().chain(chunks).collect::<Vec<_>>()
    };
    assert_eq!(opened(&of(&[0, 1, 2, 3]), &keys(secret)).unwrap().len(), 3 * (64 << 10) + 5);
    for wrong in
        [&[0, 1, 2][..], &[0], &[], &[1, 0, 2, 3], &[0, 0, 1, 2, 3], &[0, 1, 2, 3, 3], &[3]]
    {
        assert!(opened(&of(wrong), &keys(secret)).is_err(), "{wrong:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn every_length_is_read_as_it_was_written(
        length in prop_oneof![0_usize..70, 65_500_usize..65_600, 131_050_usize..131_100],
        pieces in 1_usize..70_000,
    ) {
        let secret = [9; 32];
        let recipient = Recipient::Keys(vec![crypto::x25519_public(&secret).unwrap()]);
        let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
        let mut file = Vec::new();
        let (mut out, _) = encrypt(&mut file, &recipient).unwrap();
        bytes.chunks(pieces).for_each(|piece| out.write_all(piece).unwrap());
        out.finish().unwrap();
        prop_assert_eq!(opened(&file, &keys(secret)).unwrap(), bytes);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
        let file = [b"age-encryption.org/v1\n-> X25519 ", bytes.as_slice()].concat();
        prop_assert!(opened(&file, &keys([1; 32])).is_err());
    }
}
