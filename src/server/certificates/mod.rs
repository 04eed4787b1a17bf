//! The certificates of the public listener while it runs: which are offered, what people are told of them,
//! and when they are exchanged.
//!
//! What handshakes see is the `Resolver` of `tls`; exchanging what it offers drops no connection. The
//! [`RenewalTask`] is the one task that does so: it looks every few seconds whether files changed or a renewal is
//! due, and does what it is asked over the control socket or by a signal. What cannot be read or had leaves
//! everything as it was, and says so in the log, to whoever asks, and in a metric.

mod offline;
mod open;
mod renewal;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

use super::{
    StartError, reload,
    tls::{
        self, CertificateInfo, CertificateWithKey, Challenges, Resolver, TlsFiles,
        UnreadableCertificate,
    },
};
use crate::{
    clock::{Clock, Time},
    config::TlsMode,
    control::{CertificateReport, CertificateStatus},
    telemetry::{CertificateMetrics, CertificateState, ServedCertificate},
};
pub use offline::{certificates_at_rest, renew_at_rest};
pub(super) use renewal::RenewalTask;

/// What is offered, and how it stands with it. Clones share it.
#[derive(Clone)]
pub(super) struct Certificates(Arc<Shared>);

struct Shared {
    mode: TlsMode,
    proves_in_handshakes: bool,
    resolver: Arc<Resolver>,
    challenges: Arc<Challenges>,
    metrics: CertificateMetrics,
    clock: Clock,
    renewal_state: Mutex<RenewalState>,
    asks: mpsc::Sender<Ask>,
}

#[derive(Debug, Default)]
struct RenewalState {
    /// Whether what is offered was made here, until a directory gives one.
    provisional: bool,
    trouble: Option<String>,
    next_renewal: Option<Time>,
}

/// What the renewal is asked for.
enum Ask {
    /// Read what is there again, and tell when that is done.
    Reload(oneshot::Sender<()>),
    /// Get another one.
    Renew(oneshot::Sender<Result<(), NotRenewed>>),
}

/// Why there is no other certificate.
#[derive(Debug)]
pub(super) enum NotRenewed {
    /// The directory refused as often as it may in an hour; from this moment on it can be tried again.
    OutOfBudget(Time),
    /// It was tried.
    Failed(String),
    /// The appliance is stopping.
    Stopping,
}

impl fmt::Display for NotRenewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBudget(free) => write!(
                f,
                "the last tries failed, and one more within the hour would come near the limits of the \
                 directory; try again after {free}"
            ),
            Self::Failed(reason) => f.write_str(reason),
            Self::Stopping => f.write_str("the appliance is stopping"),
        }
    }
}

impl Certificates {
    /// The acceptor of the public listener; nothing when a proxy speaks TLS.
    pub(super) fn acceptor(&self) -> Result<Option<TlsAcceptor>, StartError> {
        if self.0.mode == TlsMode::Off {
            return Ok(None);
        }
        tls::acceptor(Arc::clone(&self.0.resolver), self.0.proves_in_handshakes).map(Some)
    }

    /// What is proven to a directory at the moment.
    pub(super) fn challenges(&self) -> Arc<Challenges> {
        Arc::clone(&self.0.challenges)
    }

    /// What a reload reads again. What came of it is said in the log.
    pub(super) fn reload(&self) -> reload::ReloadTarget {
        let asks = self.0.asks.clone();
        Box::new(move || {
            let asks = asks.clone();
            Box::pin(async move {
                let (done, is_done) = oneshot::channel();
                if asks.send(Ask::Reload(done)).await.is_ok() {
                    let _ = is_done.await;
                }
            })
        })
    }

    /// Gets another certificate, or reads the files again, and says what came of it.
    pub(super) async fn renew(&self) -> Result<(), NotRenewed> {
        let (answer, answered) = oneshot::channel();
        let asked = self.0.asks.send(Ask::Renew(answer)).await;
        asked.map_err(|_| NotRenewed::Stopping)?;
        answered.await.unwrap_or(Err(NotRenewed::Stopping))
    }

    /// What people are told who ask.
    pub(super) fn report(&self) -> CertificateReport {
        let now = self.0.clock.now();
        let renewal_state = self.renewal_state();
        CertificateReport {
            mode: self.0.mode.as_str().to_owned(),
            certificates: self.offered().iter().map(|pair| pair.info.status(now)).collect(),
            provisional: renewal_state.provisional,
            trouble: renewal_state.trouble.clone(),
            next_renewal: renewal_state.next_renewal.map(|time| time.to_string()),
        }
    }

    /// The certificate that ends first.
    pub(super) fn first_to_end(&self) -> Option<CertificateStatus> {
        let pairs = self.offered();
        let first = pairs.iter().min_by_key(|pair| pair.info.not_after)?;
        Some(first.info.status(self.0.clock.now()))
    }

    /// Why the last try to get or read another one failed.
    pub(super) fn trouble(&self) -> Option<String> {
        self.renewal_state().trouble.clone()
    }

    fn offered(&self) -> Arc<[CertificateWithKey]> {
        self.0.resolver.offered()
    }

    /// What a directory has given, if that is what is offered.
    fn of_directory(&self) -> Option<CertificateInfo> {
        if self.renewal_state().provisional {
            return None;
        }
        self.offered().first().map(|pair| pair.info.clone())
    }

    /// Offers others from now on.
    fn offer(&self, pairs: Vec<CertificateWithKey>) {
        for CertificateInfo { names, key, not_after, .. } in pairs.iter().map(|pair| &pair.info) {
            tracing::info!(names = names.join(", "), %key, until = %not_after, "serving a certificate");
        }
        self.0.resolver.offer(pairs);
        let mut renewal_state = self.renewal_state();
        renewal_state.provisional = false;
        renewal_state.trouble = None;
        drop(renewal_state);
        self.0.metrics.tried(true);
        self.tell();
    }

    /// Stays with what is offered.
    fn stay(&self, reason: String) {
        tracing::error!(reason, "no other certificate, so the old one stays");
        self.renewal_state().trouble = Some(reason);
        self.0.metrics.tried(false);
        self.tell();
    }

    fn plan(&self, next_renewal: Option<Time>) {
        self.renewal_state().next_renewal = next_renewal;
    }

    /// Tells the metrics how it stands.
    fn tell(&self) {
        let pairs = self.offered();
        let renewal_state = self.renewal_state();
        let state = match (renewal_state.provisional, &renewal_state.trouble) {
            (true, _) => CertificateState::Provisional,
            (false, Some(_)) => CertificateState::Kept,
            (false, None) => CertificateState::Current,
        };
        drop(renewal_state);
        let first = pairs.iter().map(|pair| &pair.info).min_by_key(|info| info.not_after);
        if let Some(CertificateInfo { not_before, not_after, .. }) = first {
            let (not_before, not_after) = (*not_before, *not_after);
            self.0.metrics.serves(ServedCertificate { not_before, not_after, state });
        }
    }

    fn renewal_state(&self) -> MutexGuard<'_, RenewalState> {
        self.0.renewal_state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of these files, or why one of them cannot be served.
fn load(files: &[TlsFiles]) -> Result<Vec<CertificateWithKey>, UnreadableCertificate> {
    files.iter().map(TlsFiles::load).collect()
}
