//! TLS: versions, protocols, and which certificate a handshake gets.
//!
//! TLS 1.2 and 1.3 with rustls' defaults on aws-lc, the one provider in the binary; ALPN offers HTTP/2
//! and HTTP/1.1. Session tickets are sealed with keys that live hours and are thrown away; nothing is
//! stapled, since directories have given up OCSP. `resolver` offers certificates and `choice` decides among
//! them, `pair` and `inspect` read them, `stamps` sees that files changed; `self_signed` makes one when
//! nobody else does, and `challenges` holds what is proven to an ACME directory. When certificates are
//! exchanged is not decided here but in `certificates`. `probe` is the other end: how the health check
//! asks the appliance on the same machine.

mod certificate_with_key;
mod challenges;
mod file_versions;
mod inspect;
mod probe;
mod provider;
mod resolver;
mod selection;
mod self_signed;

use std::sync::Arc;

use rustls::{ServerConfig as TlsServerConfig, crypto::aws_lc_rs};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::StartError;

pub(super) use certificate_with_key::CertificateWithKey;
pub use certificate_with_key::TlsFiles;
pub(super) use challenges::{ACME_PATH, Challenges};
pub(super) use file_versions::FileVersions;
pub(super) use inspect::CertificateInfo;
pub use inspect::{UnreadableCertificate, certificate_status};
pub use probe::probe;
pub(super) use provider::provider;
pub(super) use resolver::Resolver;
pub use selection::covers;
pub(super) use self_signed::{keep, make_anew};

/// The acceptor for the public listener. `proves_names` when an ACME directory asks in handshakes.
pub(super) fn acceptor(
    resolver: Arc<Resolver>,
    proves_names: bool,
) -> Result<TlsAcceptor, StartError> {
    let failed = |error: rustls::Error| StartError::Tls(error.to_string());
    let mut tls = TlsServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if proves_names {
        tls.alpn_protocols.push(challenges::ACME_TLS.to_vec());
    }
    // Every suite is a good one; that we choose keeps an old client from choosing the least of them.
    tls.ignore_client_order = true;
    // A ticket's key is exchanged every six hours and forgotten after twelve.
    tls.ticketer = aws_lc_rs::Ticketer::new().map_err(failed)?;
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

/// Whether a handshake was all that somebody wanted: a directory that was shown a proof.
pub(super) fn was_for_a_proof<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(challenges::ACME_TLS)
}
