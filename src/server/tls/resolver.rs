//! Which certificate a handshake gets. What is offered can be exchanged at any moment: a connection that
//! is open has its certificate behind it, and the next handshake gets the new one.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{
    challenges::{ACME_TLS, Challenges},
    choice::{Candidate, choose},
    inspect::KeyKind,
    pair::Pair,
};

/// What is offered, and the answers for an ACME directory.
#[derive(Debug)]
pub(in crate::server) struct Resolver {
    pairs: RwLock<Arc<[Pair]>>,
    challenges: Arc<Challenges>,
}

impl Resolver {
    pub(in crate::server) fn new(pairs: Vec<Pair>, challenges: Arc<Challenges>) -> Self {
        Self { pairs: RwLock::new(pairs.into()), challenges }
    }

    /// Offers others from now on.
    pub(in crate::server) fn offer(&self, pairs: Vec<Pair>) {
        *self.pairs.write().unwrap_or_else(PoisonError::into_inner) = pairs.into();
    }

    /// What is offered.
    pub(in crate::server) fn offered(&self) -> Arc<[Pair]> {
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
            names: &pair.facts.names,
            is_rsa: matches!(pair.facts.key, KeyKind::Rsa(_)),
            can_sign: pair.key.key.choose_scheme(hello.signature_schemes()).is_some(),
        });
        let place = choose(candidates, hello.server_name())?;
        pairs.get(place).map(|pair| Arc::clone(&pair.key))
    }
}
