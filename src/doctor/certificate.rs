//! The certificate: whether it can be read, goes with its key, names the host, and for how long it is good.

use super::{Finding, Target, finding::quoted};
use crate::{
    clock::Time,
    config::{Config, TlsMode},
    control::CertificateStatus,
    server::{TlsFiles, certificate_status, covers},
};

const CHECK: &str = "certificate";
/// A certificate of ninety days is renewed 30 days before its end as a rule.
const RENEWED_BY_DAYS: i64 = 14;
/// And one of a shorter life while a third of it is left.
const RENEWED_BY_SHARE: i64 = 4;
const DAY_MILLIS: i64 = 86_400_000;

pub(super) fn findings(config: &Config, target: &Target, now: Time) -> Vec<Finding> {
    let mode = config.tls.mode;
    if mode == TlsMode::Off {
        return vec![Finding::ok(CHECK, "none: tls.mode is \"off\", so a proxy has it")];
    }
    let all = TlsFiles::of(&config.tls, &target.data);
    let mut found: Vec<Finding> =
        all.iter().flat_map(|files| of_files(config, files, mode, now)).collect();
    let status = target.status.as_ref();
    if let Some(trouble) = status.and_then(|status| status.certificate_trouble.as_ref()) {
        let words = format!("the running appliance could not get or read another one: {trouble}");
        let mend = "mend that, then appliance cert renew";
        found.push(Finding::warning(CHECK, words, mend));
    }
    found
}

fn of_files(config: &Config, files: &TlsFiles, mode: TlsMode, now: Time) -> Vec<Finding> {
    if mode != TlsMode::Files && !files.certificate.exists() {
        let words = match mode {
            TlsMode::Acme => "the directory has given none yet; a self-signed one is served",
            _ => "the first start makes one",
        };
        return vec![Finding::ok(CHECK, words)];
    }
    let mend = match mode {
        TlsMode::SelfSigned => {
            let (certificate, key) = (quoted(&files.certificate), quoted(&files.key));
            format!("rm -f {certificate} {key}, then restart: it is made anew")
        }
        TlsMode::Files => {
            "set tls.certificates and tls.keys to chains and their keys in PEM".to_owned()
        }
        TlsMode::Acme | TlsMode::Off => "appliance cert renew asks for another".to_owned(),
    };
    let status = match certificate_status(&files.certificate, now) {
        Ok(status) => status,
        Err(error) => return vec![Finding::failed(CHECK, error.to_string(), mend)],
    };
    let mut found: Vec<Finding> = files
        .check()
        .err()
        .map(|error| Finding::failed(CHECK, error.to_string(), mend))
        .into_iter()
        .chain(time(&status, now, mode))
        .chain(host(&status, config.server.public_url.host(), mode))
        .collect();
    if found.is_empty() {
        let CertificateStatus { names, days_left, .. } = status;
        let words = format!("for {}, good for {days_left} days", names.join(", "));
        found.push(Finding::ok(CHECK, words));
    }
    found
}

fn time(status: &CertificateStatus, now: Time, mode: TlsMode) -> Option<Finding> {
    let renew = match mode {
        TlsMode::SelfSigned | TlsMode::Acme | TlsMode::Off => "appliance cert renew",
        TlsMode::Files => "renew its files; they are read when they change",
    };
    let not_before = Time::parse_rfc3339(&status.not_before).ok()?;
    if not_before > now {
        let words = format!("it is good only from {}", status.not_before);
        return Some(Finding::failed(CHECK, words, "timedatectl shows whether the clock is right"));
    }
    let not_after = Time::parse_rfc3339(&status.not_after).ok()?;
    let life_days = not_after.millis_since(not_before) / DAY_MILLIS;
    let renewed_by = RENEWED_BY_DAYS.min(life_days / RENEWED_BY_SHARE);
    match status.days_left {
        ..0 => Some(Finding::failed(CHECK, format!("it ended {}", status.not_after), renew)),
        days if days < renewed_by => {
            let words = format!("it ends {}, in {} days", status.not_after, status.days_left);
            Some(Finding::warning(CHECK, words, renew))
        }
        _ => None,
    }
}

fn host(status: &CertificateStatus, host: &str, mode: TlsMode) -> Option<Finding> {
    if status.names.iter().any(|name| covers(name, host)) {
        return None;
    }
    let words = format!(
        "people reach the appliance as {host}, and the certificate is for {}",
        if status.names.is_empty() { "nobody".to_owned() } else { status.names.join(", ") }
    );
    Some(match mode {
        TlsMode::SelfSigned | TlsMode::Acme | TlsMode::Off => {
            Finding::warning(CHECK, words, "systemctl restart appliance gets one with that name")
        }
        TlsMode::Files => Finding::failed(
            CHECK,
            words,
            "get a certificate with that name, or correct server.public_url",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn status(from: i64, days_left: i64) -> CertificateStatus {
        CertificateStatus {
            issuer: String::new(),
            key: String::new(),
            source: String::new(),
            names: vec!["*.example.org".to_owned(), "192.0.2.1".to_owned()],
            not_before: NOW.plus_seconds(from).to_string(),
            not_after: NOW.plus_seconds(days_left * 86_400).to_string(),
            days_left,
        }
    }

    /// Seconds.
    const LIFE: i64 = 76 * 86_400;

    #[test]
    fn a_certificate_is_good_between_its_two_ends() {
        assert_eq!(time(&status(-LIFE, 14), NOW, TlsMode::Files), None);
        let health = |from, days| time(&status(from, days), NOW, TlsMode::Files).unwrap().health;
        assert_eq!(health(-LIFE, 13), super::super::Health::Warning);
        assert_eq!(health(-LIFE, -1), super::super::Health::Failed);
        assert_eq!(time(&status(-4 * 86_400, 2), NOW, TlsMode::Acme), None, "one of six days");
        assert_eq!(health(60, 90), super::super::Health::Failed);
    }
}
