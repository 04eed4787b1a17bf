//! `appliance cert`: which certificates are served, and getting another one now.

use clap::Subcommand;

use super::{Failure, Global, print};
use crate::{
    clock::Clock,
    config::TlsMode,
    control::{self, AskError, CertificateReport, CertificateRequest, CertificateStatus, Request},
    server::{certificates_at_rest, existing_data, renew_at_rest},
};

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Cert {
    /// Show what is served: names, issuer, kind of key, beginning and end, file, next renewal.
    Show,
    /// Get another certificate now; of files, read them again.
    Renew,
}

impl Cert {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let config = global.load(&[])?;
        let data = global.enter(&config.data.directory)?;
        let socket = config.server.control_socket_or(data.control_socket());
        let request = match self {
            Self::Show => CertificateRequest::Show,
            Self::Renew => CertificateRequest::Renew,
        };
        if config.tls.mode == TlsMode::Off {
            return Err(Failure::NotFound(
                "tls.mode is \"off\": the proxy that speaks TLS has the certificate".to_owned(),
            ));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let request = Request::Certificate(request);
        let report = match runtime.block_on(control::ask(&socket, &request, |_| {})) {
            Ok(answer) => serde_json::from_value(answer)?,
            Err(AskError::NotRunning) => {
                global.say("no appliance runs on it; this is what a start would serve");
                let clock = Clock::system();
                match (self, config.tls.mode) {
                    (Self::Show, _) => {}
                    (Self::Renew, TlsMode::SelfSigned) => {
                        renew_at_rest(&config, &existing_data(&config)?, clock.now())?;
                    }
                    (Self::Renew, _) => {
                        return Err(Failure::NotFound(
                            "no appliance runs on this data directory, and only one that runs can prove \
                             a name to a directory or read files again; start it"
                                .to_owned(),
                        ));
                    }
                }
                certificates_at_rest(&config, &data, &clock)
            }
            Err(error) => return Err(error.into()),
        };
        if global.json {
            return print(serde_json::to_string_pretty(&report)?);
        }
        print(as_text(&report))
    }
}

fn as_text(report: &CertificateReport) -> String {
    let mut lines = vec![row("mode", &report.mode)];
    if report.provisional {
        lines.push(row("", "self-signed, until the directory gives one"));
    }
    lines.extend(report.next_renewal.iter().map(|time| row("next renewal", time)));
    lines.extend(report.trouble.iter().map(|reason| row("trouble", reason)));
    if report.certificates.is_empty() {
        lines.push(row("certificate", "none yet"));
    }
    lines.extend(report.certificates.iter().map(|it| format!("\n{}", of_certificate(it))));
    lines.join("\n")
}

fn of_certificate(it: &CertificateStatus) -> String {
    let until = match it.days_left {
        days @ 0.. => format!("{}, in {days} days", it.not_after),
        _ => format!("{}, which is over", it.not_after),
    };
    let rows = [
        ("names", it.names.join(", ")),
        ("issuer", it.issuer.clone()),
        ("key", it.key.clone()),
        ("from", it.not_before.clone()),
        ("until", until),
        ("file", it.source.clone()),
    ];
    rows.map(|(name, value)| row(name, &value)).join("\n")
}

fn row(name: &str, value: &str) -> String {
    format!("{name:13}{value}")
}
