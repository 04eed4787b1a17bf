//! The certificate that the appliance makes for itself: once, and kept, so that browsers which were told
//! to trust it keep doing so; made anew when its names change or its end is near.

use std::{fs, path::Path};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};

use super::super::StartError;
use crate::{
    clock::Time,
    config::{ServerConfig, TlsConfig},
    paths::{DataDir, write_atomically},
};

/// What Apple accepts for certificates that a user trusts by hand.
const VALID_DAYS: i64 = 825;
const RENEW_BEFORE_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

/// Makes the self-signed certificate unless there is one with these names and time left.
pub(in crate::server) fn keep(
    config: &TlsConfig,
    server: &ServerConfig,
    data: &DataDir,
    now: Time,
) -> Result<(), StartError> {
    let names = names(config, server);
    let kept =
        fs::read_to_string(data.self_signed_certificate()).ok().and_then(|pem| Label::parse(&pem));
    let good = kept.is_some_and(|label| {
        label.names == names && label.not_after > now.plus_seconds(RENEW_BEFORE_DAYS * DAY_SECONDS)
    });
    if good && data.self_signed_key().exists() {
        return Ok(());
    }
    make_anew(config, server, data, now)
}

fn names(config: &TlsConfig, server: &ServerConfig) -> Vec<String> {
    let host = server.public_url.host();
    let others = config.names.iter().filter(|name| *name != host).cloned();
    std::iter::once(host.to_owned()).chain(others).collect()
}

/// Makes the self-signed certificate and its key, over those that are there.
pub(in crate::server) fn make_anew(
    config: &TlsConfig,
    server: &ServerConfig,
    data: &DataDir,
    now: Time,
) -> Result<(), StartError> {
    let names = names(config, server);
    let label = Label { names, not_after: now.plus_seconds(VALID_DAYS * DAY_SECONDS) };
    let (certificate, key) = make(&label, now)
        .map_err(|error| StartError::Tls(format!("cannot make a certificate: {error}")))?;
    let write = |path: &Path, text: &str, mode| {
        write_atomically(path, text.as_bytes(), mode)
            .map_err(|error| StartError::Tls(format!("cannot write {}: {error}", path.display())))
    };
    // Cut off between the two, a start leaves a pair that does not match, and the next makes another.
    write(&data.self_signed_key(), &key, 0o600)?;
    write(&data.self_signed_certificate(), &format!("{label}{certificate}"), 0o644)?;
    tracing::info!(names = label.names.join(", "), "made a self-signed certificate");
    Ok(())
}

/// An ECDSA P-256 certificate and its key, in PEM.
fn make(label: &Label, now: Time) -> Result<(String, String), rcgen::Error> {
    let day = |time: Time| {
        let date = time.date_in(&jiff::tz::TimeZone::UTC);
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(date.year().into(), part(date.month()), part(date.day()))
    };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(label.names.clone())?;
    params.distinguished_name = DistinguishedName::new();
    let common_name = label.names.first().map_or("appliance", String::as_str);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = day(now.plus_seconds(-DAY_SECONDS));
    params.not_after = day(label.not_after);
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// What the PEM file says of itself, as explanatory text before the certificate (RFC 7468 §2): names
/// and end, to be compared without taking the certificate apart.
#[derive(Debug, PartialEq, Eq)]
struct Label {
    names: Vec<String>,
    not_after: Time,
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "Names: {}", self.names.join(", "))?;
        writeln!(f, "Not after: {}", self.not_after)
    }
}

impl Label {
    fn parse(pem: &str) -> Option<Self> {
        let value = |name: &str| pem.lines().find_map(|line| line.strip_prefix(name));
        Some(Self {
            names: value("Names: ")?.split(", ").map(str::to_owned).collect(),
            not_after: Time::parse_rfc3339(value("Not after: ")?).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigSources};

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn keep(data: &DataDir, names: &str, now: Time) -> Vec<u8> {
        let flags = vec![("tls.names".to_owned(), names.to_owned())];
        let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
        data.create().unwrap();
        super::keep(&config.tls, &config.server, data, now).unwrap();
        fs::read(data.self_signed_certificate()).unwrap()
    }

    #[test]
    fn a_certificate_is_kept_until_its_names_change_or_its_end_is_near() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::new(directory.path());
        let first = keep(&data, "['127.0.0.1']", NOW);
        assert_eq!(keep(&data, "['127.0.0.1']", NOW.plus_seconds(DAY_SECONDS)), first);
        let second = keep(&data, "['127.0.0.1', 'box.lan']", NOW);
        assert_ne!(second, first);
        let later = NOW.plus_seconds((VALID_DAYS - RENEW_BEFORE_DAYS) * DAY_SECONDS);
        assert_ne!(keep(&data, "['127.0.0.1', 'box.lan']", later), second);
    }

    #[test]
    fn the_key_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::new(directory.path());
        keep(&data, "[]", NOW);
        let mode = fs::metadata(data.self_signed_key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
