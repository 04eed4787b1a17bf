//! Which certificate a handshake gets. What is offered can be exchanged at any moment: a connection that
//! is open has its certificate behind it, and the next handshake gets the new one.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{
    certificate_with_key::CertificateWithKey,
    challenges::{ACME_TLS, Challenges},
    inspect::KeyKind,
    selection::{Candidate, choose},
};

/// What is offered, and the answers for an ACME directory.
#[derive(Debug)]
pub(in crate::server) struct Resolver {
    pairs: RwLock<Arc<[CertificateWithKey]>>,
    challenges: Arc<Challenges>,
}

impl Resolver {
    pub(in crate::server) fn new(
        pairs: Vec<CertificateWithKey>,
        challenges: Arc<Challenges>,
    ) -> Self {
        Self { pairs: RwLock::new(pairs.into()), challenges }
    }

    /// Offers others from now on.
    pub(in crate::server) fn offer(&self, pairs: Vec<CertificateWithKey>) {
        *self.pairs.write().unwrap_or_else(PoisonError::into_inner) = pairs.into();
    }

    /// What is offered.
    pub(in crate::server) fn offered(&self) -> Arc<[CertificateWithKey]> {
        Arc::clone(&self.pairs.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Whoever offers this protocol and no other is a directory that wants a proof (RFC 8737 §4).
        if hello.alpn().is_some_and(|mut protocols| {
            protocols.next() == Some(ACME_TLS) && protocols.next().is_none()
        }) {
            return self.challenges.over_tls(hello.server_name()?);
        }
        let pairs = self.offered();
        let candidates = pairs.iter().map(|pair| Candidate {
            names: &pair.info.names,
            is_rsa: matches!(pair.info.key, KeyKind::Rsa(_)),
            can_sign: pair.key.key.choose_scheme(hello.signature_schemes()).is_some(),
        });
        let place = choose(candidates, hello.server_name())?;
        pairs.get(place).map(|pair| Arc::clone(&pair.key))
    }
}
