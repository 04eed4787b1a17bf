//! Second step: who is asking. Decided once, for limits, log and handlers alike.

use poem::{Request, http::header};

use crate::{
    http::{Authenticator, Caller, ClientNetwork},
    token::opaque::{API_KEY, DISPLAY},
};

/// Authenticates the bearer of a token (RFC 6750 §2.1): an API key and a display token by what they begin
/// with, anything else as an access token. A bad token refuses nothing here: pages and public operations
/// answer anyone, and the rest refuses when it asks for its caller.
pub(super) fn authenticate(
    request: &Request,
    network: ClientNetwork,
    authenticator: &dyn Authenticator,
) -> Caller {
    let header = request.header(header::AUTHORIZATION).unwrap_or_default();
    let Some((scheme, token)) = header.split_once(' ') else { return Caller::Anonymous };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Caller::Anonymous;
    }
    let token = token.trim();
    let authenticated = if token.starts_with(API_KEY) {
        authenticator.api_key(token, network).map(Caller::SignedIn)
    } else if token.starts_with(DISPLAY) {
        authenticator.display(token).map(Caller::Display)
    } else {
        authenticator.session(token).map(Caller::SignedIn)
    };
    authenticated.unwrap_or_else(Caller::Refused)
}
