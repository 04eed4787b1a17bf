//! The certificates of the public listener, as far as they are watched.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{IntCounterVec, IntGaugeVec, Registry};

use super::registry::{counters, gauges};
use crate::clock::Time;

const LISTENER: [&str; 1] = ["https"];

/// How the certificate that is served came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// It is the one that is wanted.
    Current,
    /// A newer one could not be had or read, so this one is kept.
    Kept,
    /// The appliance made it for itself, until the directory gives one.
    Provisional,
}

/// When the certificate ends, and what became of the tries to replace it. Clones share the figures.
#[derive(Clone, Debug)]
pub struct CertificateMetrics {
    ends: IntGaugeVec,
    is_current: IntGaugeVec,
    tries: IntCounterVec,
    served: Arc<Mutex<Option<ServedCertificate>>>,
}

/// The certificate that is served; of several the one that ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServedCertificate {
    /// When it begins to be good.
    pub not_before: Time,
    /// When it ends to be good.
    pub not_after: Time,
    /// How it came about.
    pub state: CertificateState,
}

impl CertificateMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        // A gauge without a listener is not shown: where nobody knows, there is no such metric.
        Ok(Self {
            ends: gauges(
                r,
                "appliance_certificate_expires_timestamp_seconds",
                "When the certificate ends, in seconds since the epoch.",
                &["listener"],
            )?,
            is_current: gauges(
                r,
                "appliance_certificate_current",
                "1 when the certificate is the one that is wanted, 0 when an older one or a provisional \
                 one is served because the last try failed.",
                &["listener"],
            )?,
            tries: counters(
                r,
                "appliance_certificate_renewals_total",
                "Tries to get or read another certificate, by outcome (success, failure).",
                &["outcome"],
            )?,
            served: Arc::default(),
        })
    }

    /// Says which certificate is served from now on.
    pub fn serves(&self, served: ServedCertificate) {
        self.ends.with_label_values(&LISTENER).set(served.not_after.as_seconds());
        let is_current = i64::from(served.state == CertificateState::Current);
        self.is_current.with_label_values(&LISTENER).set(is_current);
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = Some(served);
    }

    /// Counts a try.
    pub fn tried(&self, succeeded: bool) {
        let outcome = if succeeded { "success" } else { "failure" };
        self.tries.with_label_values(&[outcome]).inc();
    }

    /// The certificate that is served; nothing where none is.
    pub fn served(&self) -> Option<ServedCertificate> {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_of_a_certificate_that_nobody_serves() {
        let registry = Registry::new();
        let metrics = CertificateMetrics::new(&registry).unwrap();
        assert_eq!(metrics.served(), None);
        assert!(registry.gather().is_empty());
        let served = ServedCertificate {
            not_before: Time::EPOCH,
            not_after: Time::EPOCH.plus_seconds(7),
            state: CertificateState::Kept,
        };
        metrics.serves(served);
        assert_eq!(metrics.served(), Some(served));
        assert_eq!(registry.gather().len(), 2);
    }
}
