//! Where a request came from: the peer, or whom a trusted proxy says that it asks for.
//!
//! Every proxy adds, on the right, the address that it was asked from, so what it says is read from the
//! right: past addresses that are trusted proxies themselves to the first that is none. What stands left
//! of that, a client may have written. When the next word of a proxy cannot be read (an obfuscated name,
//! nonsense), the request counts as the proxy's own, and as nobody's where networks are let in by name. The
//! same goes for whatever comes over loopback while a proxy speaks TLS that is not trusted: it may be for
//! anybody.
//!
//! `X-Forwarded-Proto` and `X-Forwarded-Host` are read nowhere: links are made of `server.public_url`.

mod forwarded;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use poem::{
    Request,
    http::{HeaderMap, HeaderName, header},
};

use crate::{
    config::{ForwardingHeader, Network, ProxyConfig},
    http::{ClientAddress, ClientNetwork},
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Tells clients from the proxies that they come through.
pub(super) struct Clients {
    trusted: Vec<Network>,
    trust_unix_socket: bool,
    header: ForwardingHeader,
    /// Whether a proxy on this machine speaks TLS.
    behind_tls: bool,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) network: ClientNetwork,
    pub(super) address: ClientAddress,
    /// The client's end of the connection; nothing behind a proxy and over a Unix socket.
    pub(super) connection: Option<SocketAddr>,
}

impl Client {
    fn at(address: Option<IpAddr>) -> Self {
        // All that come through a Unix socket are one client.
        let network = address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        Self {
            network: ClientNetwork::of(network),
            address: ClientAddress(address),
            connection: None,
        }
    }

    fn unknown_behind(proxy: Option<IpAddr>) -> Self {
        Self { address: ClientAddress(None), ..Self::at(proxy) }
    }
}

impl Clients {
    pub(super) fn new(config: &ProxyConfig) -> Self {
        Self {
            trusted: config.trusted_networks.clone(),
            trust_unix_socket: config.trust_unix_socket,
            header: config.header,
            behind_tls: false,
        }
    }

    /// Says whether a proxy on this machine speaks TLS.
    pub(super) const fn behind_tls(&mut self, is_behind: bool) {
        self.behind_tls = is_behind;
    }

    /// Where a request came from.
    pub(super) fn of(&self, request: &Request) -> Client {
        let peer = request.remote_addr().as_socket_addr().copied();
        let client = self.resolve(peer.map(|peer| peer.ip()), request.headers());
        let own = peer.filter(|peer| !self.trusts(peer.ip().to_canonical()));
        Client { connection: own, ..client }
    }

    fn resolve(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Client {
        if !peer.map_or(self.trust_unix_socket, |peer| self.trusts(peer)) {
            return match peer {
                Some(peer) if self.behind_tls && peer.to_canonical().is_loopback() => {
                    Client::unknown_behind(Some(peer))
                }
                peer => Client::at(peer),
            };
        }
        let mut client = Client::at(peer);
        let (name, hops): (_, fn(&[u8]) -> forwarded::Hops<'_>) = match self.header {
            ForwardingHeader::Forwarded => (header::FORWARDED, forwarded::hops),
            ForwardingHeader::XForwardedFor => (X_FORWARDED_FOR, forwarded::hops_of_addresses),
        };
        // A header in several lines is one list (RFC 9110 §5.3).
        let lines = headers.get_all(name).into_iter().rev();
        for hop in lines.flat_map(|line| hops(line.as_bytes())) {
            let Some(address) = hop else { return Client::unknown_behind(peer) };
            client = Client::at(Some(address));
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "10.0.0.5";

    fn clients(header: ForwardingHeader) -> Clients {
        let trusted = ["10.0.0.0/29", "fd00::/64"].map(|network| network.parse().unwrap());
        Clients { trusted: trusted.into(), trust_unix_socket: false, header, behind_tls: false }
    }

    #[test]
    fn nobody_knows_for_whom_an_unnamed_proxy_asks_that_speaks_tls_on_this_machine() {
        let mut clients = clients(XForwardedFor);
        clients.behind_tls = true;
        let forwarded = headers(&[("x-forwarded-for", "127.0.0.1")]);
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            let loopback = Some(loopback.parse().unwrap());
            for headers in [&headers(&[]), &forwarded] {
                assert_eq!(clients.resolve(loopback, headers), Client::unknown_behind(loopback));
            }
        }
        let client = Some("192.0.2.1".parse().unwrap());
        assert_eq!(clients.resolve(client, &forwarded), Client::at(client), "a balancer named it");
        clients.trusted.push("127.0.0.1".parse().unwrap());
        let proxy = Some("127.0.0.1".parse().unwrap());
        assert_eq!(clients.resolve(proxy, &headers(&[])), Client::at(proxy));
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn resolved(peer: &str, header: ForwardingHeader, lines: &[(&'static str, &str)]) -> Client {
        clients(header).resolve(Some(peer.parse().unwrap()), &headers(lines))
    }

    fn at(address: &str) -> Client {
        Client::at(Some(address.parse().unwrap()))
    }

    fn nobody_behind_the_proxy() -> Client {
        Client::unknown_behind(Some(PROXY.parse().unwrap()))
    }

    use ForwardingHeader::{Forwarded, XForwardedFor};

    #[test]
    fn nobody_but_a_trusted_proxy_says_for_whom_it_asks() {
        let lines = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")];
        for header in [Forwarded, XForwardedFor] {
            assert_eq!(resolved("203.0.113.9", header, &lines), at("203.0.113.9"));
            assert_eq!(resolved(PROXY, header, &lines), at("192.0.2.1"));
            assert_eq!(resolved("::ffff:10.0.0.5", header, &lines), at("192.0.2.1"));
            assert_eq!(resolved(PROXY, header, &[]), at(PROXY), "it asks for itself");
        }
    }

    #[test]
    fn a_unix_socket_is_trusted_when_that_is_configured() {
        let lines = headers(&[("x-forwarded-for", "192.0.2.1")]);
        let mut clients = clients(XForwardedFor);
        assert_eq!(clients.resolve(None, &lines), Client::at(None));
        clients.trust_unix_socket = true;
        assert_eq!(clients.resolve(None, &lines), at("192.0.2.1"));
        assert_eq!(clients.resolve(None, &headers(&[])), Client::at(None));
    }

    #[test]
    fn only_the_configured_header_is_read() {
        let lines = [("x-forwarded-for", "192.0.2.1"), ("x-real-ip", "192.0.2.3")];
        assert_eq!(resolved(PROXY, Forwarded, &lines), at(PROXY));
        let lines = [("forwarded", "for=192.0.2.2"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(resolved(PROXY, XForwardedFor, &lines), at("192.0.2.1"));
        assert_eq!(resolved(PROXY, Forwarded, &lines), at("192.0.2.2"));
    }

    #[test]
    fn the_walk_goes_from_the_right_over_trusted_hops_to_the_first_other() {
        let chain =
            [("x-forwarded-for", "198.51.100.7, 192.0.2.1"), ("x-forwarded-for", "10.0.0.6")];
        assert_eq!(resolved(PROXY, XForwardedFor, &chain), at("192.0.2.1"));
        let chain = [
            ("forwarded", "for=198.51.100.7;proto=http, For=\"192.0.2.1:4711\""),
            ("forwarded", "for=\"[fd00::7]:_port\" ; by=_a, for=10.0.0.6"),
        ];
        assert_eq!(resolved(PROXY, Forwarded, &chain), at("192.0.2.1"));
        let inside = [("x-forwarded-for", "10.0.0.1, 10.0.0.6")];
        assert_eq!(resolved(PROXY, XForwardedFor, &inside), at("10.0.0.1"));
    }

    #[test]
    fn what_a_proxy_does_not_say_is_the_proxys_own_and_nobodys_network() {
        for value in ["_hidden", "unknown", "", "nonsense", "1.2.3", "192.0.2.1, ", "::1%eth0"] {
            let lines = [("x-forwarded-for", value)];
            assert_eq!(
                resolved(PROXY, XForwardedFor, &lines),
                nobody_behind_the_proxy(),
                "{value}"
            );
        }
        let values = [
            "for=_hidden",
            "for=unknown",
            "proto=https",
            "192.0.2.1",
            "for=192.0.2.1;for=192.0.2.2",
            "for=\"192.0.2.1",
            "for=",
            "",
            "for=192.0.2.1,",
        ];
        for value in values {
            let lines = [("forwarded", value)];
            assert_eq!(resolved(PROXY, Forwarded, &lines), nobody_behind_the_proxy(), "{value}");
        }
        let hidden = [("forwarded", "for=192.0.2.1, for=_hidden, for=10.0.0.6")];
        assert_eq!(resolved(PROXY, Forwarded, &hidden), nobody_behind_the_proxy());
    }

    fn any_address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<[u8; 4]>().prop_map(IpAddr::from),
            any::<[u16; 8]>().prop_map(IpAddr::from)
        ]
    }

    proptest! {
        #[test]
        fn nothing_that_a_client_writes_changes_who_it_is(
            forged in "[ -~]{0,40}",
            client in any_address(),
            port in any::<Option<u16>>(),
            on_a_line_of_its_own in any::<bool>(),
        ) {
            let client = client.to_canonical();
            prop_assume!(!clients(Forwarded).trusts(client));
            let with_port = match (client, port) {
                (IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
                (IpAddr::V6(address), None) => format!("[{address}]"),
                (IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
                (IpAddr::V4(address), None) => address.to_string(),
            };
            let plain = client.to_string();
            let quoted = format!("for=\"{with_port}\";by=\"_p\\\"x\\\\\";proto=https");
            let added = [
                ("x-forwarded-for", XForwardedFor, &plain),
                ("x-forwarded-for", XForwardedFor, &with_port),
                ("forwarded", Forwarded, &quoted),
            ];
            for (name, header, added) in added {
                let resolved = if on_a_line_of_its_own {
                    resolved(PROXY, header, &[(name, &forged), (name, added)])
                } else {
                    resolved(PROXY, header, &[(name, &format!("{forged}, {added}"))])
                };
                prop_assert_eq!(resolved, Client::at(Some(client)));
            }
        }

        #[test]
        fn whatever_a_proxy_sends_is_read_to_its_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                for (name, header) in [("forwarded", Forwarded), ("x-forwarded-for", XForwardedFor)] {
                    let mut headers = HeaderMap::new();
                    headers.insert(name, value.clone());
                    let _ = clients(header).resolve(Some(PROXY.parse().unwrap()), &headers);
                }
            }
        }
    }
}
