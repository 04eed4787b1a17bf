//! `[limits]`: what one connection and one request may take.

use std::time::Duration;

use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Open connections in all.
    pub connections: u32,
    /// Open connections from one IPv4 address or one IPv6 /64.
    pub connections_per_address: u32,
    handshake_seconds: u32,
    head_seconds: u32,
    body_seconds: u32,
    idle_seconds: u32,
    /// The largest request body, in bytes.
    pub body_bytes: u32,
    bodies_in_flight_mib: u32,
}

impl LimitsConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let all = [
            ("limits.connections", self.connections),
            ("limits.connections_per_address", self.connections_per_address),
            ("limits.handshake_seconds", self.handshake_seconds),
            ("limits.head_seconds", self.head_seconds),
            ("limits.body_seconds", self.body_seconds),
            ("limits.idle_seconds", self.idle_seconds),
            ("limits.body_bytes", self.body_bytes),
            ("limits.bodies_in_flight_mib", self.bodies_in_flight_mib),
        ];
        match all.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err((key, "must be 1 or more".to_owned())),
            None if self.bodies_in_flight_bytes()
                < usize::try_from(self.body_bytes).unwrap_or(0) =>
            {
                let reason = "must hold one body of limits.body_bytes".to_owned();
                Err(("limits.bodies_in_flight_mib", reason))
            }
            None => Ok(()),
        }
    }

    /// What all request bodies that are being read may take together, in bytes.
    pub fn bodies_in_flight_bytes(&self) -> usize {
        usize::try_from(u64::from(self.bodies_in_flight_mib) << 20).unwrap_or(usize::MAX)
    }

    /// For the TLS handshake.
    pub fn handshake(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds.into())
    }

    /// For a request's head.
    pub fn head(&self) -> Duration {
        Duration::from_secs(self.head_seconds.into())
    }

    /// For a request's body.
    pub fn body(&self) -> Duration {
        Duration::from_secs(self.body_seconds.into())
    }

    /// With nothing asked. Over HTTP/1.1 [`LimitsConfig::head`] ends it earlier: hyper times the next
    /// head from the answer before it on.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds.into())
    }
}
