//! Second step: who is asking. Decided once, for limits, log and handlers alike.

use poem::{Request, http::header};

use crate::http::{Authenticator, Caller};

/// Recognises the bearer of a token (RFC 6750 §2.1). A bad token refuses nothing here: pages and
/// public operations answer anyone, and the rest refuses when it asks for its caller.
pub(super) fn recognise(request: &Request, authenticator: &dyn Authenticator) -> Caller {
    let header = request.header(header::AUTHORIZATION).unwrap_or_default();
    let Some((scheme, token)) = header.split_once(' ') else { return Caller::Anonymous };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Caller::Anonymous;
    }
    match authenticator.authenticate(token.trim()) {
        Ok(principal) => Caller::SignedIn(principal),
        Err(problem) => Caller::Refused(problem),
    }
}
