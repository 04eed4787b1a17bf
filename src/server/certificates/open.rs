//! Reading or making what is offered first, and the [`RenewalTask`] that exchanges it from then on.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::{
    Certificates, RenewalState, Shared, load,
    renewal::{CertificateSource, RenewalTask},
};
use crate::{
    clock::{Clock, Time},
    config::{AcmeChallenge, Config, TlsMode},
    paths::DataDir,
    server::{
        StartError,
        acme::Acme,
        tls::{self, CertificateWithKey, Challenges, Resolver, TlsFiles},
    },
    telemetry::CertificateMetrics,
};

/// How many may wait to be done. They are done one after another, and each does for all that wait.
const WAITING: usize = 16;

impl Certificates {
    /// Reads or makes what is to be offered.
    ///
    /// # Errors
    /// [`StartError::Tls`], in words for the person who starts it.
    pub(in crate::server) fn open(
        config: &Config,
        data: &DataDir,
        clock: Clock,
        metrics: CertificateMetrics,
    ) -> Result<(Self, RenewalTask), StartError> {
        let mode = config.tls.mode;
        let files = TlsFiles::of(&config.tls, data);
        let acme = || Acme::new(&config.tls, &config.server, data, clock.clone());
        let found = match mode {
            TlsMode::Files | TlsMode::Off => {
                Some(load(&files).map_err(|error| StartError::Tls(error.0))?)
            }
            TlsMode::SelfSigned => None,
            TlsMode::Acme => kept_of_directory(&files),
        };
        let provisional = mode == TlsMode::Acme && found.is_none();
        let pairs = match found {
            Some(pairs) => pairs,
            None => vec![self_signed(config, data, clock.now())?],
        };
        if provisional {
            tracing::warn!(
                directory = config.tls.acme_directory,
                "there is no certificate of the directory yet; a self-signed one is served until then"
            );
        }
        let source = match mode {
            TlsMode::SelfSigned => CertificateSource::self_signed(config, data),
            // Without TLS there are none.
            TlsMode::Files | TlsMode::Off => CertificateSource::files(files),
            TlsMode::Acme => CertificateSource::Acme(Box::new(acme()), files),
        };
        let (asks, asked) = mpsc::channel(WAITING);
        let challenges = Arc::new(Challenges::default());
        let certificates = Self(Arc::new(Shared {
            mode,
            proves_in_handshakes: mode == TlsMode::Acme
                && config.tls.acme_challenge == AcmeChallenge::TlsAlpn01,
            resolver: Arc::new(Resolver::new(pairs, Arc::clone(&challenges))),
            challenges,
            metrics,
            clock,
            renewal_state: Mutex::new(RenewalState { provisional, ..RenewalState::default() }),
            asks,
        }));
        certificates.tell();
        let renewal = RenewalTask::new(certificates.clone(), source, asked);
        Ok((certificates, renewal))
    }
}

/// What a directory has given before, if it can be served. Its end does not matter: whoever cannot reach the
/// directory is helped as little by a certificate that nobody knows.
fn kept_of_directory(files: &[TlsFiles]) -> Option<Vec<CertificateWithKey>> {
    if files.iter().any(|file| !file.certificate.exists()) {
        return None;
    }
    match load(files) {
        Ok(pairs) => Some(pairs),
        Err(error) => {
            tracing::error!(%error, "the certificate that the directory gave is lost");
            None
        }
    }
}

/// The certificate that the appliance makes for itself.
pub(super) fn self_signed(
    config: &Config,
    data: &DataDir,
    now: Time,
) -> Result<CertificateWithKey, StartError> {
    tls::keep(&config.tls, &config.server, data, now)?;
    let files = TlsFiles::self_signed(data);
    let again = match files.load() {
        Ok(pair) => return Ok(pair),
        Err(error) => error,
    };
    // Cut off between the two, a start leaves a key and another one's certificate.
    tracing::warn!(error = %again, "the self-signed certificate is made anew");
    tls::make_anew(&config.tls, &config.server, data, now)?;
    files.load().map_err(|error| StartError::Tls(error.0))
}
