//! What became of mail.

use prometheus::{IntCounterVec, Registry};

use super::metrics::counters;

/// What became of mail.
#[derive(Clone)]
pub struct MailMetrics(IntCounterVec);

impl MailMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let name = "appliance_mails_total";
        let all = counters(r, name, "Tries to send mail, by what became of it.", &["outcome"])?;
        for outcome in ["sent", "retried", "dropped"] {
            all.with_label_values(&[outcome]).reset();
        }
        Ok(Self(all))
    }

    /// Counts one that the mail server took.
    pub fn sent(&self) {
        self.count("sent");
    }

    /// Counts one that it did not take, and that is tried again.
    pub fn retried(&self) {
        self.count("retried");
    }

    /// Counts one that is given up.
    pub fn dropped(&self) {
        self.count("dropped");
    }

    fn count(&self, outcome: &str) {
        self.0.with_label_values(&[outcome]).inc();
    }
}
