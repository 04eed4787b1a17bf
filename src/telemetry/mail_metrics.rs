//! What became of mail.

use prometheus::{IntCounterVec, IntGauge, Registry};

use super::registry::{counters, register};

/// What became of mail.
#[derive(Clone)]
pub struct MailMetrics {
    all: IntCounterVec,
    waiting: IntGauge,
}

impl MailMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let name = "appliance_mails_total";
        let all = counters(r, name, "Tries to send mail, by what became of it.", &["outcome"])?;
        for outcome in ["sent", "retried", "dropped"] {
            all.with_label_values(&[outcome]).reset();
        }
        let waiting = IntGauge::new(
            "appliance_mails_waiting",
            "Mails that the mail server did not take, and that are tried again.",
        )?;
        Ok(Self { all, waiting: register(r, waiting)? })
    }

    /// Begins to count one that waits for another try.
    pub fn waits(&self) {
        self.waiting.inc();
    }

    /// Ends to count one that waited.
    pub fn waited(&self) {
        self.waiting.dec();
    }

    /// How many wait for another try.
    pub fn waiting(&self) -> u64 {
        u64::try_from(self.waiting.get()).unwrap_or(0)
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
        self.all.with_label_values(&[outcome]).inc();
    }
}
