//! TLS: versions, protocols, and where the certificate comes from.
//!
//! TLS 1.2 and 1.3 with rustls' defaults on aws-lc, the one provider in the binary; ALPN offers HTTP/2
//! and HTTP/1.1. `self_signed` makes a certificate when nobody else does, `probe` is the other end: how
//! the health check asks the appliance on the same machine.

mod probe;
mod self_signed;
mod validity;

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig as TlsServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use super::StartError;
use crate::{
    clock::{Clock, Time},
    config::{ServerConfig, TlsConfig, TlsMode},
    paths::DataDir,
};

pub use probe::probe;

/// What speaks TLS on the public listener, and until when its certificate holds, if that can be read.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) certificate_ends: Option<Time>,
}

/// The acceptor for the public listener.
pub(super) fn acceptor(
    config: &TlsConfig,
    server: &ServerConfig,
    data: &DataDir,
    clock: &Clock,
) -> Result<Tls, StartError> {
    let (certificate, key) = match config.mode {
        TlsMode::Files => (config.certificate.clone(), config.key.clone()),
        TlsMode::SelfSigned => {
            self_signed::keep(config, server, data, clock.now())?;
            (data.self_signed_certificate(), data.self_signed_key())
        }
    };
    let unreadable = |path: &Path, reason: String| {
        StartError::Tls(format!("{} cannot be used for TLS: {reason}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&certificate, error.to_string()))?;
    let private =
        PrivateKeyDer::from_pem_file(&key).map_err(|error| unreadable(&key, error.to_string()))?;
    let certificate_ends = chain.first().and_then(validity::not_after);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut tls = TlsServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::Tls(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| unreadable(&certificate, error.to_string()))?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(tls)), certificate_ends })
}
