//! Access tokens: JSON Web Tokens (RFC 7519) of the `at+jwt` profile (RFC 9068), HS256.
//!
//! A token says who and which session, for ten minutes; everything else about a person is read when
//! it is used. Every check that the library leaves optional is on: `iss`, `aud` and `exp` required, five
//! seconds of leeway, and the time is an argument. The header must be the very one that we write, and
//! the claims no others: algorithm and `typ` are pinned by that, a `crit` that asks for what we do not do
//! (RFC 7515 §4.1.11) and an `nbf` that we would not heed are refused, and a key that the token itself
//! brings or points to is never looked at.
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
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl SigningKey {
    /// A key of 256 bits.
    pub fn new(id: String, secret: &[u8; 32]) -> Self {
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        Self {
            id,
            header,
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
#[serde(deny_unknown_fields)]
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
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: access.user.to_string(),
        sid: access.session.to_string(),
        iat: now.as_seconds(),
        exp: now.plus_minutes(minutes.into()).as_seconds(),
    };
    encode(&key.header, &claims, &key.encoding)
}

/// Checks a token against the keys in force at `now`; gives what it says and until when it holds.
///
/// # Errors
/// [`TokenError::Expired`] only for a token that was once good; anything else is invalid.
pub fn verify(keys: &[SigningKey], token: &str, now: Time) -> Result<(Access, Time), TokenError> {
    let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
    let key = keys.iter().find(|key| key.header == header);
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
mod tests;
