//! First step: name the request and note what its head says about the client.

use poem::{Request, http::header};

use crate::{
    http::{BodyLimits, ClientNetwork, Problem, RequestContext, too_large},
    ids::RandomId,
    language::Language,
};

const DEVICE_LENGTH: usize = 200;

/// What is known of a request from its head. The address is the peer's: no header is believed.
pub(super) fn identify(request: &Request, body: BodyLimits) -> RequestContext {
    let text = |name| request.header(name).unwrap_or_default();
    let peer = request.remote_addr().as_socket_addr().map(std::net::SocketAddr::ip);
    let device: String = text(header::USER_AGENT)
        .chars()
        .filter(|character| !character.is_control())
        .take(DEVICE_LENGTH)
        .collect();
    RequestContext {
        // Without randomness no request is served well anyway; the id then tells nothing.
        id: RandomId::generate().unwrap_or(RandomId([0; 16])),
        network: ClientNetwork::of(peer.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into())),
        language: Language::negotiate(text(header::ACCEPT_LANGUAGE)),
        device,
        body,
    }
}

/// Refuses a body whose announced length is already too much, before a byte of it is read. One that
/// announces nothing is cut off while it is read (`http/body`).
pub(super) fn refuse_large(request: &Request, limits: BodyLimits) -> Result<(), Problem> {
    let announced = request.header(header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
    if announced.is_some_and(|length: usize| length > limits.bytes) {
        return Err(too_large());
    }
    Ok(())
}
