//! What is proven to an ACME directory at the moment: answers that a listener gives when it is asked for
//! one, and nothing of otherwise.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::{
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
};

/// The protocol in whose handshake a name is proven (RFC 8737 §4).
pub(in crate::server) const ACME_TLS: &[u8] = b"acme-tls/1";
/// Where a name is proven over plain HTTP (RFC 8555 §8.3).
pub(in crate::server) const ACME_PATH: &str = "/.well-known/acme-challenge/";

/// Answers in waiting. Nothing waits but while a certificate is asked for.
#[derive(Debug, Default)]
pub(in crate::server) struct Challenges {
    /// What is said over plain HTTP, by token.
    http: RwLock<HashMap<String, Arc<str>>>,
    /// What is shown in a handshake, by name.
    tls: RwLock<HashMap<String, Arc<CertifiedKey>>>,
}

impl Challenges {
    /// Sets an answer over plain HTTP.
    pub(in crate::server) fn answer_http(&self, token: &str, answer: &str) {
        let mut http = self.http.write().unwrap_or_else(PoisonError::into_inner);
        http.insert(token.to_owned(), answer.into());
    }

    /// Sets the answer in a handshake for `name`: a certificate that holds the digest (RFC 8737 §3).
    ///
    /// # Errors
    /// When it cannot be made.
    pub(in crate::server) fn answer_tls(&self, name: &str, digest: &[u8]) -> Result<(), String> {
        let made = || -> Result<_, rcgen::Error> {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let mut params = CertificateParams::new([name.to_owned()])?;
            params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
            Ok((params.self_signed(&key)?, key))
        };
        let (certificate, key) = made().map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        // Not checked against each other: whoever checks certificates refuses this one's critical extension,
        // which is there so that nobody takes it for another.
        let key = super::provider::provider().key_provider.load_private_key(key);
        let key = key.map_err(|error| error.to_string())?;
        let shown = CertifiedKey::new(vec![certificate.der().clone()], key);
        let mut tls = self.tls.write().unwrap_or_else(PoisonError::into_inner);
        tls.insert(name.to_ascii_lowercase(), Arc::new(shown));
        Ok(())
    }

    /// Forgets every answer.
    pub(in crate::server) fn clear(&self) {
        self.http.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.tls.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What is said over plain HTTP to whoever asks for this path.
    pub(in crate::server) fn over_http(&self, path: &str) -> Option<Arc<str>> {
        let token = path.strip_prefix(ACME_PATH)?;
        self.http.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// What is shown in a handshake to whoever asks for this name.
    pub(super) fn over_tls(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let tls = self.tls.read().unwrap_or_else(PoisonError::into_inner);
        tls.get(&name.to_ascii_lowercase()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_to_whoever_asks_for_it_and_only_while_it_waits() {
        let challenges = Challenges::default();
        challenges.answer_http("token", "token.thumb");
        challenges.answer_tls("Example.org", &[7; 32]).unwrap();
        let said = challenges.over_http("/.well-known/acme-challenge/token");
        assert_eq!(said.as_deref(), Some("token.thumb"));
        for path in ["/", "/token", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/x"]
        {
            assert_eq!(challenges.over_http(path), None, "{path}");
        }
        assert!(challenges.over_tls("example.ORG").is_some());
        assert!(challenges.over_tls("example.com").is_none());
        challenges.clear();
        assert_eq!(challenges.over_http("/.well-known/acme-challenge/token"), None);
        assert!(challenges.over_tls("example.org").is_none());
    }
}
