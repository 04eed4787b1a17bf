//! What a certificate says of itself, for people who ask how the appliance is.

use std::path::{Path, PathBuf};

use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, time::ASN1Time,
};

use crate::{
    clock::Time,
    config::{TlsConfig, TlsMode},
    control::CertificateStatus,
    paths::DataDir,
};

const DAY_SECONDS: i64 = 86_400;

/// Where certificate and key are read from.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Why a certificate cannot be used, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableCertificate(pub String);

impl std::fmt::Display for UnreadableCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnreadableCertificate {}

impl TlsFiles {
    /// The files of a configuration.
    pub fn of(config: &TlsConfig, data: &DataDir) -> Self {
        match config.mode {
            // Without TLS there are none, and no file has this name.
            TlsMode::Off => Self { certificate: PathBuf::new(), key: PathBuf::new() },
            TlsMode::Files => {
                Self { certificate: config.certificate.clone(), key: config.key.clone() }
            }
            TlsMode::SelfSigned => {
                Self { certificate: data.self_signed_certificate(), key: data.self_signed_key() }
            }
        }
    }

    /// Whether the key is the certificate's own.
    ///
    /// # Errors
    /// When it is not, or one of them cannot be read.
    pub fn check_key(&self) -> Result<(), UnreadableCertificate> {
        let chain = read_chain(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unreadable(&self.key, &error))?;
        match CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()) {
            Ok(_) => Ok(()),
            Err(rustls::Error::InconsistentKeys(_)) => {
                let (key, certificate) = (self.key.display(), self.certificate.display());
                Err(UnreadableCertificate(format!("{key} is not the key of {certificate}")))
            }
            Err(error) => Err(unreadable(&self.key, &error)),
        }
    }
}

/// What the first certificate of a PEM file says of itself.
///
/// # Errors
/// When there is none, or it makes no sense.
pub fn certificate_status(
    path: &Path,
    now: Time,
) -> Result<CertificateStatus, UnreadableCertificate> {
    let chain = read_chain(path)?;
    let Some(first) = chain.first() else {
        return Err(unreadable(path, &"it holds no certificate"));
    };
    let (_, certificate) =
        X509Certificate::from_der(first).map_err(|error| unreadable(path, &error))?;
    let moment = |time: ASN1Time| Time::EPOCH.plus_seconds(time.timestamp());
    let validity = certificate.validity();
    let not_after = moment(validity.not_after);
    Ok(CertificateStatus {
        names: names(&certificate),
        not_before: moment(validity.not_before).to_string(),
        not_after: not_after.to_string(),
        days_left: (not_after.as_seconds() - now.as_seconds()).div_euclid(DAY_SECONDS),
    })
}

/// The names and addresses of the subject alternative name, the only place that clients look at
/// (RFC 9525 §2).
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    alternative.value.general_names.iter().filter_map(name).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = || Some(<[u8; 4]>::try_from(bytes).ok().map(std::net::IpAddr::from)?.to_string());
    let sixteen =
        || Some(<[u8; 16]>::try_from(bytes).ok().map(std::net::IpAddr::from)?.to_string());
    four().or_else(sixteen)
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, UnreadableCertificate> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> UnreadableCertificate {
    UnreadableCertificate(format!("{} cannot be used: {reason}", path.display()))
}
