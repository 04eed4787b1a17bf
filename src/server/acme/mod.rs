//! Certificates of a directory that speaks ACME (RFC 8555): when to ask, and how.
//!
//! `rules` decides when, `failures` remembers in vain tries across restarts, `order` is one order from the
//! account to the chain, `client` carries it over HTTPS. The protocol itself is `instant-acme`'s. Serving
//! what comes of it, and the tries' timing by the clock, is `certificates`.

mod ca;
mod client;
mod failures;
mod order;
mod rules;

use super::tls::{CertificateInfo, CertificateWithKey, Challenges};
use crate::{
    clock::{Clock, Time},
    config::{ServerConfig, TlsConfig},
    paths::{DataDir, write_atomically},
};
use ca::{AcmeCa, LABEL, identifier};
use client::AcmeHttpClient;
use failures::Failures;
pub(super) use order::OrderError;

const HOUR: i64 = 3_600;
/// How often a directory is asked when a certificate is best renewed, whatever it says (RFC 9773 §4.3.2).
const SUGGESTED_EVERY_SECONDS: (i64, i64) = (HOUR, 24 * HOUR);
/// After a question that was not answered.
const SUGGESTED_AGAIN_SECONDS: i64 = 6 * HOUR;

/// The certificates of one directory.
#[derive(Debug)]
pub(super) struct Acme {
    directory: AcmeCa,
    failures: Failures,
    clock: Clock,
    suggestion: Suggestion,
    /// The directory that the kept certificate is of.
    issued_by: Option<String>,
}

/// When the directory suggests to renew a certificate.
#[derive(Debug, Default)]
struct Suggestion {
    /// The serial number of the certificate, and the window.
    window: Option<(Vec<u8>, (Time, Time))>,
    /// When to ask again.
    ask_after: Option<Time>,
}

/// Why nothing was asked for.
#[derive(Debug)]
pub(super) enum NotObtained {
    /// The failures of the last hour are as many as may be; from this moment on it can be tried again.
    OutOfBudget(Time),
    /// It was tried.
    Failed(String),
}

impl Acme {
    pub(super) fn new(
        config: &TlsConfig,
        server: &ServerConfig,
        data: &DataDir,
        clock: Clock,
    ) -> Self {
        let directory = AcmeCa {
            url: config.acme_directory.clone(),
            root: config.acme_root.clone(),
            contact: config.acme_contact.clone(),
            names: config.acme_identifiers(server),
            challenge: config.acme_challenge,
            account_key: data.acme_account_key(),
            certificate: data.acme_certificate(),
        };
        let failures = Failures::kept_at(data.acme_failures());
        let issued_by = directory.issued_by();
        Self { directory, failures, clock, suggestion: Suggestion::default(), issued_by }
    }

    /// When a certificate is to be asked for, when this one is served; nothing is served without `info`.
    pub(super) fn due(&self, info: Option<&CertificateInfo>) -> Time {
        let due = info.filter(|info| self.is_wanted(info)).map_or(Time::EPOCH, |info| {
            let (begins, ends, jitter) = (info.not_before, info.not_after, info.jitter);
            match &self.suggestion.window {
                Some((serial, window)) if *serial == info.serial => {
                    rules::renewal_as_suggested(*window, begins, ends, jitter)
                }
                _ => rules::renewal(begins, ends, jitter),
            }
        });
        due.max(self.failures.pause_until(self.clock.now()))
    }

    /// Whether a certificate is for the names that are configured, and of the directory.
    fn is_wanted(&self, info: &CertificateInfo) -> bool {
        let has = |name: &String| info.names.iter().any(|it| it.eq_ignore_ascii_case(name));
        self.directory.names.iter().all(has)
            && info.names.len() == self.directory.names.len()
            && self.issued_by.as_ref().is_none_or(|url| *url == self.directory.url)
    }

    /// Asks the directory when this certificate is best renewed, if it is time to.
    pub(super) async fn look_for_suggestion(&mut self, info: &CertificateInfo) {
        let now = self.clock.now();
        let is_other = |(serial, _): &(Vec<u8>, _)| *serial != info.serial;
        if self.suggestion.window.as_ref().is_some_and(is_other) {
            self.suggestion = Suggestion::default();
        }
        if self.suggestion.ask_after.is_some_and(|time| now < time) || !self.is_wanted(info) {
            return;
        }
        let again = match self.suggestion_for(info).await {
            Ok((window, again)) => {
                let (opens, closes) = window;
                tracing::debug!(%opens, %closes, "the directory suggests when to renew");
                self.suggestion.window = Some((info.serial.clone(), window));
                again.clamp(SUGGESTED_EVERY_SECONDS.0, SUGGESTED_EVERY_SECONDS.1)
            }
            Err(reason) => {
                tracing::debug!(reason, "the directory does not suggest when to renew");
                SUGGESTED_AGAIN_SECONDS
            }
        };
        self.suggestion.ask_after = Some(now.plus_seconds(again));
    }

    async fn suggestion_for(&self, info: &CertificateInfo) -> Result<((Time, Time), i64), String> {
        let identifier = identifier(info).ok_or("it does not name the key that signed it")?;
        let client = AcmeHttpClient::trusting(&self.directory.root, self.clock.clone())?;
        let visitor = order::visitor(&self.directory, &client).await;
        let visitor = visitor.map_err(|fault| fault.reason)?;
        let (info, again) =
            visitor.renewal_info(&identifier).await.map_err(|error| error.to_string())?;
        let moment = |seconds| Time::EPOCH.plus_seconds(seconds);
        let window = info.suggested_window;
        let window = (window.start.unix_timestamp(), window.end.unix_timestamp());
        if window.1 <= window.0 {
            return Err("its window closes before it opens".to_owned());
        }
        let again = i64::try_from(again.as_secs()).unwrap_or(i64::MAX);
        Ok(((moment(window.0), moment(window.1)), again))
    }

    /// Gets a certificate and keeps it.
    pub(super) async fn obtain(
        &mut self,
        challenges: &Challenges,
        replaced: Option<&CertificateInfo>,
    ) -> Result<CertificateWithKey, NotObtained> {
        let now = self.clock.now();
        let free = self.failures.within_budget(now);
        if now < free {
            return Err(NotObtained::OutOfBudget(free));
        }
        let obtained = self.order(challenges, replaced).await;
        challenges.clear();
        match obtained {
            Ok(pair) => {
                let rest = rules::rest(pair.info.not_before, pair.info.not_after);
                self.failures.end(self.clock.now().plus_seconds(rest));
                self.suggestion = Suggestion::default();
                self.issued_by = Some(self.directory.url.clone());
                Ok(pair)
            }
            Err(fault) => {
                self.failures.add(self.clock.now(), fault.is_counted, fault.is_over_a_limit);
                Err(NotObtained::Failed(fault.reason))
            }
        }
    }

    async fn order(
        &self,
        challenges: &Challenges,
        replaced: Option<&CertificateInfo>,
    ) -> Result<CertificateWithKey, OrderError> {
        let directory = &self.directory;
        let client = AcmeHttpClient::trusting(&directory.root, self.clock.clone());
        let client = client.map_err(OrderError::here)?;
        tracing::info!(
            directory = directory.url,
            names = directory.names.join(", "),
            "asking for a certificate"
        );
        let pem = order::order(directory, &client, challenges, replaced).await?;
        let path = &directory.certificate;
        let pair = CertificateWithKey::of_pem(&pem, path.display().to_string());
        let pair =
            pair.map_err(|error| OrderError::there(format!("the directory's answer: {error}")))?;
        let text = format!("{LABEL}{}\n{pem}", directory.url);
        if let Err(error) = write_atomically(path, text.as_bytes(), 0o600) {
            // It is good all the same; a restart has to ask for another.
            tracing::error!(%error, file = %path.display(), "cannot keep the certificate");
        }
        Ok(pair)
    }
}
