//! Letters on their way, in the background.
//!
//! Few may wait and fewer are sent at once: a mail server that is down takes little memory here, and one that
//! is slow little of the network. What is dropped leaves a line in the log and is counted. Letters are not
//! stored: those that still wait when the appliance stops are lost, and people ask again.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{MailError, MailMessage, SmtpTransport};
use crate::{config::MailConfig, telemetry::MailMetrics};

/// Letters that may wait.
const WAITING: usize = 64;
/// Letters that are sent at once.
const SENDING: usize = 2;
/// The pauses before each further try, in seconds: a server that restarts is back before the second, and a
/// link that is good for an hour is not kept for longer than it is of use.
const PAUSES: [u64; 5] = [2, 10, 60, 300, 900];

/// Takes messages and delivers them. Clones share everything.
#[derive(Clone)]
pub struct MailQueue(Arc<Inner>);

struct Inner {
    transport: SmtpTransport,
    waiting: Arc<Semaphore>,
    sending: Semaphore,
    metrics: MailMetrics,
}

impl MailQueue {
    /// The way to the configured server; nothing when there is none. `own_host` is what it is told that we
    /// are.
    ///
    /// # Errors
    /// [`MailError::Unusable`], naming the key.
    pub fn open(
        config: &MailConfig,
        own_host: &str,
        metrics: MailMetrics,
    ) -> Result<Option<Self>, MailError> {
        if !config.is_on() {
            return Ok(None);
        }
        let inner = Inner {
            transport: SmtpTransport::open(config, own_host)?,
            waiting: Arc::new(Semaphore::new(WAITING)),
            sending: Semaphore::new(SENDING),
            metrics,
        };
        Ok(Some(Self(Arc::new(inner))))
    }

    /// Takes a message. Must be called where tokio runs; does not wait.
    pub fn send(&self, message: MailMessage) {
        let inner = Arc::clone(&self.0);
        let Ok(place) = Arc::clone(&inner.waiting).try_acquire_owned() else {
            inner.metrics.dropped();
            return tracing::warn!(about = message.about, "a mail was dropped: too many wait");
        };
        tokio::spawn(inner.deliver(message, place));
    }
}

impl Inner {
    async fn deliver(self: Arc<Self>, message: MailMessage, _place: OwnedSemaphorePermit) {
        let mut pauses = PAUSES.into_iter();
        let mut waiting = None;
        loop {
            let Err(error) = self.try_once(&message).await else {
                self.metrics.sent();
                tracing::info!(about = message.about, "a mail was sent");
                return;
            };
            let pause = if error.may_pass() { pauses.next() } else { None };
            let Some(pause) = pause else {
                self.metrics.dropped();
                tracing::error!(%error, about = message.about, "a mail was dropped");
                return;
            };
            self.metrics.retried();
            waiting.get_or_insert_with(|| Waiting::begin(&self.metrics));
            tracing::warn!(%error, about = message.about, again_in_seconds = pause, "a mail was not sent");
            tokio::time::sleep(Duration::from_secs(pause)).await;
        }
    }

    async fn try_once(&self, message: &MailMessage) -> Result<(), MailError> {
        // Never closed.
        let _turn = self.sending.acquire().await;
        self.transport.send(message).await
    }
}

/// One message more that waits for another try, for as long as this lives.
struct Waiting(MailMetrics);

impl Waiting {
    fn begin(metrics: &MailMetrics) -> Self {
        metrics.waits();
        Self(metrics.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waited();
    }
}
