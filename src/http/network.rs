//! Where a client is, as far as limits and the audit trail care.

use std::{
    fmt, iter,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use crate::limit::Claimant;

/// The network that one IPv6 subscriber has to themselves at least.
const NARROWEST_PREFIX: u8 = 64;
/// What providers give to one subscriber or site, and how many shares of a /64 they get together.
const WIDER_PREFIXES: [(u8, u32); 2] = [(56, 2), (48, 4)];

/// Where a client is: an IPv4 address, or the /64 that an IPv6 subscriber has to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientNetwork(IpAddr);

/// A client's network or one around it, which limits count, too: many IPv6 subscribers have 256 networks
/// of /64, and a site has 65,536.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NetworkGroup {
    network: ClientNetwork,
    prefix: u8,
}

/// Where a request came from: what shares are dealt by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientConnection {
    /// The client's network.
    pub network: ClientNetwork,
    /// The client's end of the connection; nothing where that is a proxy's, or nobody's.
    pub connection: Option<SocketAddr>,
}

/// Whoever takes turns: networks, the wider ones first, and connections within the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TurnTaker {
    /// All of a network.
    Network(NetworkGroup),
    /// One of its connections.
    Connection(SocketAddr),
}

impl ClientConnection {
    /// This machine, on the command line.
    pub const LOCAL: Self =
        Self { network: ClientNetwork(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), connection: None };

    /// Whom this one takes turns among, the widest first.
    pub fn turn_takers(&self) -> Vec<TurnTaker> {
        let groups: Vec<_> = self.network.groups().map(|(group, _)| group).collect();
        let networks = groups.into_iter().rev().map(TurnTaker::Network);
        networks.chain(self.connection.map(TurnTaker::Connection)).collect()
    }
}

impl ClientNetwork {
    /// The network of a peer's address.
    pub fn of(address: IpAddr) -> Self {
        Self::around(address.to_canonical(), NARROWEST_PREFIX)
    }

    /// The network of so many bits that an address is in; one of IPv4 is alone.
    fn around(address: IpAddr, prefix: u8) -> Self {
        match address {
            IpAddr::V4(_) => Self(address),
            IpAddr::V6(address) => {
                let mask = !u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
                Self(IpAddr::V6((u128::from(address) & mask).into()))
            }
        }
    }
}

impl Claimant for ClientNetwork {
    type Group = NetworkGroup;

    fn groups(&self) -> impl Iterator<Item = (NetworkGroup, u32)> {
        let own = NetworkGroup { network: *self, prefix: NARROWEST_PREFIX };
        let wider = if self.0.is_ipv6() { WIDER_PREFIXES.as_slice() } else { &[] };
        let wider = wider.iter().map(|(prefix, times)| {
            let network = Self::around(self.0, *prefix);
            (NetworkGroup { network, prefix: *prefix }, *times)
        });
        iter::once((own, 1)).chain(wider)
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/{NARROWEST_PREFIX}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Shares;

    fn network(address: &str) -> ClientNetwork {
        ClientNetwork::of(address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_subscriber_is_one_network_and_an_ipv4_address_is_one() {
        let network = |address| network(address).to_string();
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn neighbours_in_ipv6_share_what_is_larger_than_one_share_and_smaller_than_two_of_each() {
        let shares = Shares::new(1_000, 1);
        let take = |address: &str| shares.take(&network(address), 1);
        let subscriber = [take("2001:db8:0:1::1").unwrap(), take("2001:db8:0:2::1").unwrap()];
        assert!(take("2001:db8:0:1::2").is_err(), "of the same /64");
        assert!(take("2001:db8:0:3::1").is_err(), "of the same /56");
        let site = [take("2001:db8:0:101::1").unwrap(), take("2001:db8:0:201::1").unwrap()];
        assert!(take("2001:db8:0:301::1").is_err(), "of the same /48");
        assert!(take("2001:db8:1:1::1").is_ok() && take("192.0.2.7").is_ok());
        drop(subscriber);
        assert!(take("2001:db8:0:301::1").is_ok());
        drop(site);
        assert_eq!(shares.held(), 0);
    }
}
