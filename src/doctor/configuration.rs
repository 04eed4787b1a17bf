//! Values that are valid each by itself and make no sense together, or are meant for tests.

use super::Finding;
use crate::config::{Config, RedirectListen, TlsMode, UnnamedProxy};

const CHECK: &str = "configuration";

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let server = &config.server;
    let host = server.public_url.host();
    let is_this_machine = host == "localhost" || host.parse().is_ok_and(is_loopback);
    let listens_here_alone =
        server.listen.address().is_none_or(|address| address.ip().is_loopback());
    let is_behind_proxy = config.tls.mode == TlsMode::Off;
    let mut found = Vec::new();
    if is_this_machine && !listens_here_alone {
        found.push(Finding::warning(
            CHECK,
            format!(
                "codes and links lead to {}, which on a phone is the phone itself",
                server.public_url.origin()
            ),
            "set server.public_url to the name that people reach this machine by",
        ));
    }
    if !is_this_machine && listens_here_alone && !is_behind_proxy {
        found.push(Finding::warning(
            CHECK,
            format!(
                "people are sent to {}, and only this machine reaches {}",
                server.public_url.origin(),
                server.listen
            ),
            "set server.listen to 0.0.0.0:443, or tls.mode to \"off\" behind a proxy on this machine",
        ));
    }
    if let RedirectListen::At(address) = server.redirect_listen
        && let Some(listen) = server.listen.address()
        && address.port() == listen.port()
        && address.port() != 0
        && (address.ip() == listen.ip()
            || address.ip().is_unspecified()
            || listen.ip().is_unspecified())
    {
        found.push(Finding::failed(
            CHECK,
            format!("server.listen and server.redirect_listen both want port {}", address.port()),
            "set server.redirect_listen to another port, or to \"off\"",
        ));
    }
    if config.limits.connections_per_address > config.limits.connections {
        found.push(Finding::warning(
            CHECK,
            "limits.connections_per_address is more than limits.connections, so one address can take \
             every connection",
            "set limits.connections_per_address to less",
        ));
    }
    if !config.rate_limit.enabled {
        found.push(Finding::warning(
            CHECK,
            "rate_limit.enabled is false: passwords can be guessed at any speed",
            "set rate_limit.enabled to true",
        ));
    }
    let outside = std::net::IpAddr::from([192, 0, 2, 1]);
    if config.access.metrics_networks.iter().any(|network| network.contains(outside)) {
        found.push(Finding::warning(
            CHECK,
            "access.metrics_networks lets the whole world read /metrics",
            "set access.metrics_networks to the networks of your monitoring",
        ));
    }
    if let Some(unnamed) = config.unnamed_proxy() {
        found.push(Finding::warning(CHECK, UnnamedProxy::message(), unnamed.mend()));
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "valid"));
    }
    found
}

fn is_loopback(address: std::net::IpAddr) -> bool {
    address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSources;

    fn words(flags: &[(&str, &str)]) -> Vec<String> {
        let flags = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
        findings(&config).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(words(&[]), ["valid"]);
    }

    #[test]
    fn what_makes_no_sense_together_is_named() {
        let public = ("server.public_url", "https://presenze.example.org");
        let open = ("server.listen", "0.0.0.0:443");
        assert_eq!(words(&[public, open]), ["valid"]);
        for (flags, word) in [
            (vec![open], "the phone itself"),
            (vec![public], "only this machine"),
            (vec![public, open, ("server.redirect_listen", "[::]:443")], "both want port 443"),
            (vec![("limits.connections", "5")], "one address can take"),
            (vec![("rate_limit.enabled", "false")], "at any speed"),
            (vec![("access.metrics_networks", "['0.0.0.0/0']")], "whole world"),
            (vec![("tls.mode", "off")], "all its clients count as one"),
        ] {
            let words = words(&flags);
            assert!(words.len() == 1 && words[0].contains(word), "{word}: {words:?}");
        }
    }
}
