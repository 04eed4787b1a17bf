//! A certificate chain with its key, ready to be served, and what the certificate says of itself.

use std::{fmt, path::PathBuf, sync::Arc};

use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::inspect::{CertificateInfo, UnreadableCertificate, read_chain, unreadable};
use crate::{
    config::{TlsConfig, TlsMode},
    paths::DataDir,
};

/// Where a certificate and its key are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// A certificate chain with its key.
#[derive(Debug, Clone)]
pub(in crate::server) struct CertificateWithKey {
    pub(super) key: Arc<CertifiedKey>,
    pub(in crate::server) info: CertificateInfo,
}

impl TlsFiles {
    /// The files of a configuration, whether they are there or not.
    pub fn of(config: &TlsConfig, data: &DataDir) -> Vec<Self> {
        match config.mode {
            TlsMode::Files => {
                let files = config.certificates.iter().zip(&config.keys);
                files
                    .map(|(certificate, key)| Self {
                        certificate: certificate.clone(),
                        key: key.clone(),
                    })
                    .collect()
            }
            TlsMode::SelfSigned => vec![Self::self_signed(data)],
            TlsMode::Acme => vec![Self::acme(data)],
            TlsMode::Off => vec![],
        }
    }

    /// Those that the appliance makes for itself.
    pub fn self_signed(data: &DataDir) -> Self {
        Self { certificate: data.self_signed_certificate(), key: data.self_signed_key() }
    }

    /// The one file of a directory's certificate.
    pub fn acme(data: &DataDir) -> Self {
        Self { certificate: data.acme_certificate(), key: data.acme_certificate() }
    }

    /// Whether the certificate and its key can be served.
    ///
    /// # Errors
    /// When they do not belong together, or one of them cannot be read.
    pub fn check(&self) -> Result<(), UnreadableCertificate> {
        self.load().map(|_| ())
    }

    /// Reads both.
    pub(in crate::server) fn load(&self) -> Result<CertificateWithKey, UnreadableCertificate> {
        let chain = read_chain(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unreadable(&self.key, &error))?;
        let source = self.certificate.display().to_string();
        CertificateWithKey::new(chain, key, source).map_err(|error| match error {
            NotCertificateAndKey::Certificate(error) => unreadable(&self.certificate, &error),
            NotCertificateAndKey::Key(error) => unreadable(&self.key, &error),
            NotCertificateAndKey::Strangers => {
                let (key, certificate) = (self.key.display(), self.certificate.display());
                UnreadableCertificate(format!("{key} is not the key of {certificate}"))
            }
        })
    }
}

/// Why a chain and a key make no pair.
#[derive(Debug)]
pub(in crate::server) enum NotCertificateAndKey {
    /// The chain makes no sense.
    Certificate(String),
    /// The key makes no sense.
    Key(String),
    /// The key is another's.
    Strangers,
}

impl fmt::Display for NotCertificateAndKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(reason) | Self::Key(reason) => f.write_str(reason),
            Self::Strangers => f.write_str("the key is not the certificate's"),
        }
    }
}

impl CertificateWithKey {
    /// A chain with its key; `source` says where they come from.
    pub(in crate::server) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        source: String,
    ) -> Result<Self, NotCertificateAndKey> {
        let Some(first) = chain.first() else {
            return Err(NotCertificateAndKey::Certificate("it holds no certificate".to_owned()));
        };
        let info = CertificateInfo::of(first, source).map_err(NotCertificateAndKey::Certificate)?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        match key {
            Ok(key) => Ok(Self { key: Arc::new(key), info }),
            Err(rustls::Error::InconsistentKeys(_)) => Err(NotCertificateAndKey::Strangers),
            Err(error) => Err(NotCertificateAndKey::Key(error.to_string())),
        }
    }

    /// The same of PEM: the chain and its key in any order.
    pub(in crate::server) fn of_pem(
        pem: &str,
        source: String,
    ) -> Result<Self, NotCertificateAndKey> {
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| NotCertificateAndKey::Certificate(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| NotCertificateAndKey::Key(error.to_string()))?;
        Self::new(chain, key, source)
    }
}
