//! The certificate: whether it can be read, goes with its key, names the host, and for how long it is good.

use super::{Finding, Situation, finding::quoted};
use crate::{
    clock::Time,
    config::{Config, TlsMode},
    control::CertificateStatus,
    server::{TlsFiles, certificate_status},
};

const CHECK: &str = "certificate";
/// Somebody else's certificate is renewed 30 days before its end as a rule.
const RENEWED_BY_DAYS: i64 = 14;

pub(super) fn findings(config: &Config, situation: &Situation, now: Time) -> Vec<Finding> {
    let files = TlsFiles::of(&config.tls, &situation.data);
    if config.tls.mode == TlsMode::Off {
        return vec![Finding::ok(CHECK, "none: tls.mode is \"off\", so a proxy has it")];
    }
    let is_ours = config.tls.mode == TlsMode::SelfSigned;
    if is_ours && !files.certificate.exists() {
        return vec![Finding::ok(CHECK, "the first start makes one")];
    }
    let mend = if is_ours {
        let (certificate, key) = (quoted(&files.certificate), quoted(&files.key));
        format!("rm -f {certificate} {key}, then restart: it is made anew")
    } else {
        "set tls.certificate and tls.key to a chain and its key in PEM".to_owned()
    };
    let status = match certificate_status(&files.certificate, now) {
        Ok(status) => status,
        Err(error) => return vec![Finding::failed(CHECK, error.to_string(), mend)],
    };
    let mut found: Vec<Finding> = files
        .check_key()
        .err()
        .map(|error| Finding::failed(CHECK, error.to_string(), mend))
        .into_iter()
        .chain(time(&status, now, is_ours))
        .chain(host(&status, config.server.public_url.host(), is_ours))
        .collect();
    if found.is_empty() {
        let CertificateStatus { names, days_left, .. } = status;
        let words = format!("for {}, good for {days_left} days", names.join(", "));
        found.push(Finding::ok(CHECK, words));
    }
    found
}

fn time(status: &CertificateStatus, now: Time, is_ours: bool) -> Option<Finding> {
    let renew = if is_ours {
        "systemctl restart appliance makes a new one"
    } else {
        "renew it, then systemctl restart appliance"
    };
    let not_before = Time::parse_rfc3339(&status.not_before).ok()?;
    if not_before > now {
        let words = format!("it is good only from {}", status.not_before);
        return Some(Finding::failed(CHECK, words, "timedatectl shows whether the clock is right"));
    }
    match status.days_left {
        ..0 => Some(Finding::failed(CHECK, format!("it ended {}", status.not_after), renew)),
        0..RENEWED_BY_DAYS => {
            let words = format!("it ends {}, in {} days", status.not_after, status.days_left);
            Some(Finding::warning(CHECK, words, renew))
        }
        _ => None,
    }
}

fn host(status: &CertificateStatus, host: &str, is_ours: bool) -> Option<Finding> {
    if status.names.iter().any(|name| covers(name, host)) {
        return None;
    }
    let words = format!(
        "people reach the appliance as {host}, and the certificate is for {}",
        if status.names.is_empty() { "nobody".to_owned() } else { status.names.join(", ") }
    );
    Some(if is_ours {
        Finding::warning(CHECK, words, "systemctl restart appliance makes one with that name")
    } else {
        Finding::failed(
            CHECK,
            words,
            "get a certificate with that name, or correct server.public_url",
        )
    })
}

/// Whether a name in a certificate stands for a host: itself, or one label in the place of a leading
/// `*` (RFC 9525 §6.3).
fn covers(name: &str, host: &str) -> bool {
    let wildcard =
        name.strip_prefix("*.").zip(host.split_once('.')).is_some_and(|(domain, (label, rest))| {
            !label.is_empty() && rest.eq_ignore_ascii_case(domain)
        });
    wildcard || name.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn status(from: i64, days_left: i64) -> CertificateStatus {
        CertificateStatus {
            names: vec!["*.example.org".to_owned(), "192.0.2.1".to_owned()],
            not_before: NOW.plus_seconds(from).to_string(),
            not_after: NOW.plus_seconds(days_left * 86_400).to_string(),
            days_left,
        }
    }

    #[test]
    fn a_certificate_is_good_between_its_two_ends() {
        assert_eq!(time(&status(-1, 14), NOW, false), None);
        let health = |from, days| time(&status(from, days), NOW, false).unwrap().health;
        assert_eq!(health(-1, 13), super::super::Health::Warning);
        assert_eq!(health(-1, -1), super::super::Health::Failed);
        assert_eq!(health(60, 90), super::super::Health::Failed);
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        for (host_name, good) in [
            ("presenze.example.org", true),
            ("PRESENZE.Example.org", true),
            ("192.0.2.1", true),
            ("example.org", false),
            ("a.b.example.org", false),
            (".example.org", false),
        ] {
            assert_eq!(host(&status(-1, 90), host_name, false).is_none(), good, "{host_name}");
        }
    }
}
