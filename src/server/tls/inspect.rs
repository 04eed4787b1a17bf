//! What a certificate says of itself, for people who ask how the appliance is.

use std::{fmt, path::Path};

use rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
    public_key::PublicKey,
    time::ASN1Time,
};

use crate::{clock::Time, control::CertificateStatus, crypto::sha256};

const DAY_SECONDS: i64 = 86_400;

/// Why a certificate cannot be used, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableCertificate(pub String);

impl fmt::Display for UnreadableCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnreadableCertificate {}

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct CertificateInfo {
    /// Names and addresses that it is for.
    pub(in crate::server) names: Vec<String>,
    pub(in crate::server) issuer: String,
    pub(in crate::server) key: KeyKind,
    pub(in crate::server) not_before: Time,
    pub(in crate::server) not_after: Time,
    /// The key that signed it, as far as the certificate says which (RFC 5280 §4.2.1.1).
    pub(in crate::server) authority_key: Option<Vec<u8>>,
    /// The content of its serial number, in DER.
    pub(in crate::server) serial: Vec<u8>,
    /// Two bytes of its hash: a jitter that it draws once, whoever asks and however often.
    pub(in crate::server) jitter: u16,
    /// Where it comes from, in words.
    pub(in crate::server) source: String,
}

/// The kind of a certificate's key, with its size in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum KeyKind {
    Ecdsa(usize),
    Rsa(usize),
    Other,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecdsa(bits) => write!(f, "ECDSA P-{bits}"),
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Other => f.write_str("other"),
        }
    }
}

impl CertificateInfo {
    /// What this certificate says.
    ///
    /// # Errors
    /// In words, when it makes no sense.
    pub(super) fn of(der: &CertificateDer<'_>, source: String) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        let moment = |time: ASN1Time| Time::EPOCH.plus_seconds(time.timestamp());
        let key = match certificate.public_key().parsed() {
            // P-521 fills 66 bytes.
            Ok(PublicKey::EC(point)) => KeyKind::Ecdsa(point.key_size().min(521)),
            Ok(PublicKey::RSA(key)) => KeyKind::Rsa(key.key_size()),
            _ => KeyKind::Other,
        };
        let [high, low, ..] = sha256(der);
        Ok(Self {
            names: names(&certificate),
            issuer: issuer(&certificate),
            key,
            not_before: moment(certificate.validity().not_before),
            not_after: moment(certificate.validity().not_after),
            authority_key: authority_key(&certificate),
            serial: certificate.raw_serial().to_vec(),
            jitter: u16::from_be_bytes([high, low]),
            source,
        })
    }

    /// The same for people and programs that ask.
    pub(in crate::server) fn status(&self, now: Time) -> CertificateStatus {
        CertificateStatus {
            names: self.names.clone(),
            issuer: self.issuer.clone(),
            key: self.key.to_string(),
            not_before: self.not_before.to_string(),
            not_after: self.not_after.to_string(),
            days_left: (self.not_after.as_seconds() - now.as_seconds()).div_euclid(DAY_SECONDS),
            source: self.source.clone(),
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
    let info = CertificateInfo::of(first, path.display().to_string());
    Ok(info.map_err(|error| unreadable(path, &error))?.status(now))
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

/// Who signed it: the common name if there is one, which says more to people than the whole.
fn issuer(certificate: &X509Certificate<'_>) -> String {
    let issuer = certificate.issuer();
    let common = issuer.iter_common_name().find_map(|name| name.as_str().ok());
    common.map_or_else(|| issuer.to_string(), str::to_owned)
}

fn authority_key(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(authority) => {
            authority.key_identifier.as_ref().map(|key| key.0.to_vec())
        }
        _ => None,
    })
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = || Some(<[u8; 4]>::try_from(bytes).ok().map(std::net::IpAddr::from)?.to_string());
    let sixteen =
        || Some(<[u8; 16]>::try_from(bytes).ok().map(std::net::IpAddr::from)?.to_string());
    four().or_else(sixteen)
}

pub(super) fn read_chain(
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, UnreadableCertificate> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, &error))
}

pub(super) fn unreadable(path: &Path, reason: &dyn fmt::Display) -> UnreadableCertificate {
    UnreadableCertificate(format!("{} cannot be used for TLS: {reason}", path.display()))
}
