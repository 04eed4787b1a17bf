//! First step: name the request and note what its head says about the client.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use poem::{
    Request,
    http::{StatusCode, header},
};

use super::client::Client;
use crate::{
    crypto,
    http::{BodyLimits, Problem, RequestContext, too_large},
    ids::RandomId,
    language::Language,
};

/// What is known of a request from its head; where it came from is decided in `client`.
pub(super) fn identify(request: &Request, client: &Client, body: BodyLimits) -> RequestContext {
    let text = |name| request.header(name).unwrap_or_default();
    RequestContext {
        id: next_id(),
        network: client.network,
        connection: client.connection,
        language: Language::negotiate(text(header::ACCEPT_LANGUAGE)),
        user_agent: request.headers().get(header::USER_AGENT).cloned(),
        body,
    }
}

/// The next request's id: unique, hard to confuse, and no secret. The first half is random for the
/// process; the second counts, stirred so that ids that follow each other look nothing alike.
fn next_id() -> RandomId {
    static PROCESS: LazyLock<u64> =
        LazyLock::new(|| crypto::random().map_or(0, u64::from_be_bytes));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // SplitMix64's finalizer, a bijection: no two counts give the same half.
    let mut half = COUNT.fetch_add(1, Ordering::Relaxed) ^ *PROCESS;
    half = (half ^ (half >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    half = (half ^ (half >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    half ^= half >> 31;
    RandomId(((u128::from(*PROCESS) << 64) | u128::from(half)).to_be_bytes())
}

/// Refuses a head with too many fields: each costs memory of its own, however short it is.
pub(super) fn refuse_many_fields(request: &Request, most: usize) -> Result<(), Problem> {
    if request.headers().len() <= most {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "TOO_MANY_HEADERS",
        "The request has more header fields than allowed.",
        "La richiesta ha più campi di intestazione del consentito.",
    ))
}

/// Refuses a body that is compressed: a few bytes of it can become any number (RFC 9110 §8.4).
pub(super) fn refuse_encoded(request: &Request) -> Result<(), Problem> {
    let codings = request.headers().get_all(header::CONTENT_ENCODING);
    if codings.iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_CONTENT_ENCODING",
        "Send the body as it is, without Content-Encoding.",
        "Invia il corpo così com'è, senza Content-Encoding.",
    ))
}

/// Refuses a body whose announced length is already too much, before a byte of it is read. One that
/// announces nothing is cut off while it is read (`http/body`).
pub(super) fn refuse_large(request: &Request, limits: &BodyLimits) -> Result<(), Problem> {
    let announced = request.header(header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
    if announced.is_some_and(|length: usize| length > limits.bytes) {
        return Err(too_large());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_requests_have_the_same_id() {
        let ids: std::collections::HashSet<_> = (0..10_000).map(|_| next_id()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
