//! What is known of a directory, which one a kept certificate is of, and how it knows a certificate.

use std::path::PathBuf;

use instant_acme::CertificateIdentifier;
use rustls::pki_types::Der;

use crate::{config::AcmeChallenge, server::tls::CertificateInfo};

/// Explanatory text before the certificate (RFC 7468 §2): which directory it is of.
pub(super) const LABEL: &str = "Directory: ";

/// A directory, and what it is asked for.
#[derive(Debug, Clone)]
pub(in crate::server) struct AcmeCa {
    pub(super) url: String,
    pub(super) root: PathBuf,
    pub(super) contact: String,
    pub(super) names: Vec<String>,
    pub(super) challenge: AcmeChallenge,
    pub(super) account_key: PathBuf,
    pub(super) certificate: PathBuf,
}

impl AcmeCa {
    /// The directory that the kept certificate is of, by its label.
    pub(super) fn issued_by(&self) -> Option<String> {
        let pem = std::fs::read_to_string(&self.certificate).ok()?;
        pem.lines().find_map(|line| line.strip_prefix(LABEL)).map(str::to_owned)
    }
}

/// How a directory knows a certificate (RFC 9773 §4.1).
pub(super) fn identifier(facts: &CertificateInfo) -> Option<CertificateIdentifier<'static>> {
    let authority = facts.authority_key.as_deref()?;
    let (authority, serial) = (Der::from_slice(authority), Der::from_slice(&facts.serial));
    Some(CertificateIdentifier::new(authority, serial).into_owned())
}
