//! The certificates of an appliance that does not run, for the command line.

use super::open::self_signed;
use crate::{
    clock::{Clock, Time},
    config::{Config, TlsMode},
    control::CertificateReport,
    paths::DataDir,
    server::{
        StartError,
        acme::Acme,
        tls::{TlsFiles, make_anew},
    },
};

/// What a start would serve.
pub fn certificates_at_rest(config: &Config, data: &DataDir, clock: &Clock) -> CertificateReport {
    let now = clock.now();
    let (mut certificates, mut trouble, mut next_renewal) = (Vec::new(), None, None);
    let mode = config.tls.mode;
    for files in TlsFiles::of(&config.tls, data) {
        if mode != TlsMode::Files && !files.certificate.exists() {
            // The next start makes one or asks for one.
            continue;
        }
        match files.load() {
            Ok(pair) => {
                if mode == TlsMode::Acme {
                    let acme = Acme::new(&config.tls, &config.server, data, clock.clone());
                    next_renewal = Some(acme.due(Some(&pair.info)).to_string());
                }
                certificates.push(pair.info.status(now));
            }
            Err(error) => trouble = Some(error.to_string()),
        }
    }
    CertificateReport {
        mode: mode.as_str().to_owned(),
        certificates,
        provisional: false,
        trouble,
        next_renewal,
    }
}

/// Makes another self-signed certificate, which the next start serves.
///
/// # Errors
/// [`StartError::Tls`] when it cannot be made or written.
pub fn renew_at_rest(config: &Config, data: &DataDir, now: Time) -> Result<(), StartError> {
    make_anew(&config.tls, &config.server, data, now)?;
    self_signed(config, data, now).map(|_| ())
}
