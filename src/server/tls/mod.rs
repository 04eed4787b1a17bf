//! TLS: versions, protocols, and where the certificate comes from.
//!
//! TLS 1.2 and 1.3 with rustls' defaults on aws-lc, the one provider in the binary; ALPN offers HTTP/2
//! and HTTP/1.1. `self_signed` makes a certificate when nobody else does, `probe` is the other end: how
//! the health check asks the appliance on the same machine.

mod inspect;
mod probe;
mod self_signed;

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig as TlsServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use super::StartError;
use crate::{
    clock::Clock,
    config::{ServerConfig, TlsConfig, TlsMode},
    paths::DataDir,
};

pub use inspect::{TlsFiles, UnreadableCertificate, certificate_status};
pub use probe::probe;

/// The acceptor for the public listener.
pub(super) fn acceptor(
    config: &TlsConfig,
    server: &ServerConfig,
    data: &DataDir,
    clock: &Clock,
) -> Result<TlsAcceptor, StartError> {
    let TlsFiles { certificate, key } = TlsFiles::of(config, data);
    let mut tls = match config.mode {
        TlsMode::Off => return Err(StartError::Tls("TLS is off".to_owned())),
        TlsMode::Files => with_files(&certificate, &key)?,
        TlsMode::SelfSigned => {
            let now = clock.now();
            self_signed::keep(config, server, data, now)?;
            match with_files(&certificate, &key) {
                Ok(tls) => tls,
                // Cut off between the two, a start leaves a key and another one's certificate.
                Err(error) => {
                    tracing::warn!(%error, "the self-signed certificate is made anew");
                    self_signed::make_anew(config, server, data, now)?;
                    with_files(&certificate, &key)?
                }
            }
        }
    };
    // Every suite is a good one; that we choose keeps an old client from choosing the least of them.
    tls.ignore_client_order = true;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

/// TLS with the certificate chain and the key of these files, which must belong together.
fn with_files(certificate: &Path, key: &Path) -> Result<TlsServerConfig, StartError> {
    let unreadable = |path: &Path, reason: String| {
        StartError::Tls(format!("{} cannot be used for TLS: {reason}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(certificate, error.to_string()))?;
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error.to_string()))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    TlsServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::Tls(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| unreadable(certificate, error.to_string()))
}
