//! Hashes of passwords that come from elsewhere: what may be one, and how much work one may name.
//!
//! A hash says itself how much work it is to check, and a login does that work. So neither a file that is
//! imported nor a database that was restored may name any amount: an Argon2 hash of some gigabytes would let
//! one login take all memory, and bcrypt of 31 steps would stop the hasher for days.

use argon2::{Algorithm, Params, Version, password_hash::phc::PasswordHash};

use crate::field::FieldError;

/// What a login checks within a second or so.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 8;
const BCRYPT_COSTS: std::ops::RangeInclusive<u8> = 4..=14;
/// Each step doubles the time. An import takes less, but earlier ones took more.
const MOST_BCRYPT_STEPS: u32 = 16;
/// Salt and digest of a bcrypt hash, in its own base64.
const BCRYPT_LENGTH: usize = 53;

/// Takes a hash of bcrypt (`$2a$`, `$2b$`, `$2y$`) or Argon2id (a PHC string) as it is.
///
/// # Errors
/// [`FieldError`] for `password_hash`. It never repeats the hash.
pub(in crate::auth) fn imported_hash(text: &str) -> Result<String, FieldError> {
    if is_bcrypt(text) || is_argon2id(text) {
        return Ok(text.to_owned());
    }
    Err(FieldError::new(
        "password_hash",
        "must be a bcrypt hash of cost 4 to 14 or an Argon2id PHC string of at most 256 MiB",
        "dev'essere un hash bcrypt di costo 4-14 o una stringa PHC Argon2id di al massimo 256 MiB",
    ))
}

fn is_bcrypt(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/');
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix));
    rest.and_then(|rest| rest.split_once('$')).is_some_and(|(cost, digits)| {
        cost.len() == 2
            && cost.bytes().all(|digit| digit.is_ascii_digit())
            && cost.parse::<u8>().is_ok_and(|cost| BCRYPT_COSTS.contains(&cost))
            && digits.len() == BCRYPT_LENGTH
            && digits.chars().all(is_digit)
    })
}

fn is_argon2id(text: &str) -> bool {
    let Ok(hash) = PasswordHash::new(text) else { return false };
    let Ok(params) = Params::try_from(&hash) else { return false };
    hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(u32::from(Version::V0x13))
        && hash.salt.is_some()
        && hash.hash.is_some()
        && is_bearable(&params, None)
}

/// Whether a login may do as much work as these parameters name: what an import may, and what is configured
/// for new hashes.
pub(super) fn is_bearable(params: &Params, configured: Option<&Params>) -> bool {
    let within = |most: (u32, u32, u32)| {
        params.m_cost() <= most.0 && params.t_cost() <= most.1 && params.p_cost() <= most.2
    };
    let configured = configured.map(|most| (most.m_cost(), most.t_cost(), most.p_cost()));
    within((MOST_MEMORY_KIB, MOST_PASSES, MOST_LANES)) || configured.is_some_and(within)
}

/// Whether a login may do as many steps of bcrypt.
pub(super) const fn are_bearable_steps(steps: u32) -> bool {
    steps <= MOST_BCRYPT_STEPS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `bcrypt` and `argon2` print for some password.
    const BCRYPT: &str = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    const ARGON2ID: &str =
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b27xw9Vg+iAj6eYJKyiOjsFmDY";

    #[test]
    fn hashes_of_both_kinds_are_taken_as_they_are() {
        for hash in [BCRYPT, ARGON2ID, &BCRYPT.replace("$2b$", "$2y$")] {
            assert_eq!(imported_hash(hash), Ok(hash.to_owned()));
        }
    }

    #[test]
    fn what_is_no_hash_or_would_cost_too_much_is_refused_without_repeating_it() {
        for hash in [
            "",
            "secret",
            &BCRYPT.replace("$12$", "$15$"),
            &BCRYPT.replace("$12$", "$+9$"),
            &BCRYPT[..59],
            &format!("{BCRYPT}x"),
            &BCRYPT.replace("$2b$", "$2x$"),
            &ARGON2ID.replace("argon2id", "argon2i"),
            &ARGON2ID.replace("m=65536", "m=4194304"),
            &ARGON2ID.replace("t=3", "t=11"),
            &ARGON2ID.replace("p=4", "p=9"),
            &ARGON2ID.replace("v=19", "v=16"),
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ",
        ] {
            let fault = imported_hash(hash).unwrap_err();
            assert_eq!(fault.field, "password_hash", "{hash}");
            assert!(hash.is_empty() || !fault.message.en.contains(hash));
        }
    }
}
