//! What is a token of ours, and what only looks like one.

mod forgeries;
mod wycheproof;

use super::*;

const NOW: Time = Time::from_millis(1_800_000_000_000);

fn access() -> Access {
    Access { user: UserId(7), session: RandomId([9; 16]) }
}

fn key(id: &str, byte: u8) -> SigningKey {
    SigningKey::new(id.to_owned(), &[byte; 32])
}

/// A token that was changed before it was signed.
fn forged(change: impl FnOnce(&mut Header, &mut serde_json::Value)) -> String {
    let mut header = Header {
        typ: Some(TYPE.to_owned()),
        kid: Some("a".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let mut claims = serde_json::json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "7", "sid": "09".repeat(16),
        "iat": NOW.as_seconds(), "exp": NOW.as_seconds() + 600,
    });
    change(&mut header, &mut claims);
    encode(&header, &claims, &key("a", 1).encoding).unwrap()
}

#[test]
fn a_token_holds_until_its_end_and_five_seconds() {
    let token = sign(&key("a", 1), access(), NOW, 10).unwrap();
    let keys = [key("b", 2), key("a", 1)];
    let good = Ok((access(), NOW.plus_seconds(605)));
    assert_eq!(verify(&keys, &token, NOW), good);
    assert_eq!(verify(&keys, &token, NOW.plus_seconds(605)), good);
    assert_eq!(verify(&keys, &token, NOW.plus_seconds(606)), Err(TokenError::Expired));
}

#[test]
fn a_token_of_another_key_is_invalid_even_under_the_same_name() {
    let token = sign(&key("a", 1), access(), NOW, 10).unwrap();
    assert_eq!(verify(&[key("a", 2)], &token, NOW), Err(TokenError::Invalid));
    assert_eq!(verify(&[key("b", 1)], &token, NOW), Err(TokenError::Invalid));
    assert_eq!(verify(&[], &token, NOW), Err(TokenError::Invalid));
}

#[test]
fn the_forgery_that_changes_nothing_is_good() {
    let verified = verify(&[key("a", 1)], &forged(|_, _| ()), NOW);
    assert_eq!(verified.map(|(access, _)| access), Ok(access()));
}

#[test]
fn every_claim_and_the_type_are_checked() {
    type Change = fn(&mut Header, &mut serde_json::Value);
    let changes: [(&str, Change); 10] = [
        ("typ", |header, _| header.typ = Some("JWT".to_owned())),
        ("no typ", |header, _| header.typ = None),
        ("no kid", |header, _| header.kid = None),
        ("iss", |_, claims| claims["iss"] = "else".into()),
        ("aud", |_, claims| claims["aud"] = "else".into()),
        ("exp as text", |_, claims| claims["exp"] = "9999999999".into()),
        ("no exp", |_, claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
        ("sub", |_, claims| claims["sub"] = "seven".into()),
        ("sid", |_, claims| claims["sid"] = "x".into()),
        ("no aud", |_, claims| drop(claims.as_object_mut().unwrap().remove("aud"))),
    ];
    for (what, change) in changes {
        let token = forged(change);
        assert_eq!(verify(&[key("a", 1)], &token, NOW), Err(TokenError::Invalid), "{what}");
    }
}

#[test]
fn another_algorithm_is_invalid() {
    let token = forged(|header, _| header.alg = Algorithm::HS512);
    assert_eq!(verify(&[key("a", 1)], &token, NOW), Err(TokenError::Invalid));
    let (_, rest) = token.split_once('.').unwrap();
    let (claims, _) = rest.split_once('.').unwrap();
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoiYSJ9.{claims}.");
    assert_eq!(verify(&[key("a", 1)], &none, NOW), Err(TokenError::Invalid));
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648 §5, without padding.
fn base64url(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::new();
    for chunk in bytes.as_ref().chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]));
        }
    }
    text
}

/// The same backwards; nothing for a text that no bytes have.
fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for (at, digit) in chunk.iter().enumerate() {
            let value = DIGITS.iter().position(|known| known == digit)?;
            bits |= u32::try_from(value).ok()? << (18 - 6 * at);
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    (base64url(&bytes) == text).then_some(bytes)
}
