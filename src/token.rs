//! Access tokens: JSON Web Tokens (RFC 7519) of the `at+jwt` profile (RFC 9068), HS256.
//!
//! A token says who and which session, for ten minutes; everything else about a person is read when
//! it is used. Every check that the library leaves optional is on: algorithm pinned, `typ`, `iss`,
//! `aud` and `exp` required, five seconds of leeway, and the time is an argument.
//!
//! Tokens that say nothing, and are looked up instead, are in [`opaque`].

pub mod opaque;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Time,
    ids::{RandomId, UserId},
};

const ISSUER: &str = "appliance";
const AUDIENCE: &str = "appliance-api";
const TYPE: &str = "at+jwt";
/// How long after its end a token is still taken, for clocks that differ a little.
pub const LEEWAY_SECONDS: i64 = 5;

/// A symmetric key with the name that tokens carry in `kid`.
#[derive(Clone)]
pub struct SigningKey {
    /// The name.
    pub id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl SigningKey {
    /// A key of 256 bits.
    pub fn new(id: String, secret: &[u8; 32]) -> Self {
        Self {
            id,
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }
}

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Who.
    pub user: UserId,
    /// Of which session.
    pub session: RandomId,
}

/// Why a token does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// It did, until its `exp`.
    Expired,
    /// It never did, or is not ours.
    Invalid,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
}

/// Makes a token that lives for `minutes` from `now`.
///
/// # Errors
/// When signing fails, which is a bug.
pub fn sign(
    key: &SigningKey,
    access: Access,
    now: Time,
    minutes: u16,
) -> Result<String, jsonwebtoken::errors::Error> {
    let header = Header {
        typ: Some(TYPE.to_owned()),
        kid: Some(key.id.clone()),
        ..Header::new(Algorithm::HS256)
    };
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: access.user.to_string(),
        sid: access.session.to_string(),
        iat: now.as_seconds(),
        exp: now.plus_minutes(minutes.into()).as_seconds(),
    };
    encode(&header, &claims, &key.encoding)
}

/// Checks a token against the keys in force at `now`; gives what it says and until when it holds.
///
/// # Errors
/// [`TokenError::Expired`] only for a token that was once good; anything else is invalid.
pub fn verify(keys: &[SigningKey], token: &str, now: Time) -> Result<(Access, Time), TokenError> {
    let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
    if header.typ.as_deref() != Some(TYPE) || header.alg != Algorithm::HS256 {
        return Err(TokenError::Invalid);
    }
    let key = keys.iter().find(|key| header.kid.as_ref() == Some(&key.id));
    let key = key.ok_or(TokenError::Invalid)?;
    let data = decode::<Claims>(token, &key.decoding, &validation());
    let claims = data.map_err(|_| TokenError::Invalid)?.claims;
    let access = Access {
        user: UserId(claims.sub.parse().map_err(|_| TokenError::Invalid)?),
        session: RandomId::parse(&claims.sid).ok_or(TokenError::Invalid)?,
    };
    let ends = Time::EPOCH.plus_seconds(claims.exp.saturating_add(LEEWAY_SECONDS));
    if now > ends {
        return Err(TokenError::Expired);
    }
    Ok((access, ends))
}

/// The library checks everything but the time, which it would take from the machine.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn access() -> Access {
        Access { user: UserId(7), session: RandomId([9; 16]) }
    }

    fn key(id: &str, byte: u8) -> SigningKey {
        SigningKey::new(id.to_owned(), &[byte; 32])
    }

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
}
