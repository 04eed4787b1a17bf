//! `[limits]`: what one connection and one request may take.

use std::time::Duration;

use serde::Deserialize;

/// The least that a head may be: hyper reads into a buffer of 8 KiB at least.
const LEAST_HEAD_BYTES: u32 = 8_192;

/// See `appliance.toml`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Open connections in all.
    pub connections: u32,
    /// Open connections from one IPv4 address or one IPv6 /64.
    pub connections_per_address: u32,
    handshake_seconds: u32,
    first_request_seconds: u32,
    head_seconds: u32,
    /// The largest head of a request, in bytes.
    pub head_bytes: u32,
    /// The most header fields of a request.
    pub head_fields: u32,
    body_seconds: u32,
    /// The largest request body, in bytes, where nothing else is said.
    pub body_bytes: u32,
    /// The largest body of what signs somebody in, in bytes.
    pub credentials_body_bytes: u32,
    /// The largest body of a batch, in bytes.
    pub batch_body_bytes: u32,
    bodies_in_flight_mib: u32,
    write_stall_seconds: u32,
    idle_seconds: u32,
    sse_keep_alive_seconds: u32,
    ping_seconds: u32,
    ping_answer_seconds: u32,
    /// Requests that one HTTP/2 connection may have open.
    pub h2_streams: u32,
    h2_resets: u32,
}

impl LimitsConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let all = [
            ("limits.connections", self.connections),
            ("limits.connections_per_address", self.connections_per_address),
            ("limits.handshake_seconds", self.handshake_seconds),
            ("limits.first_request_seconds", self.first_request_seconds),
            ("limits.head_seconds", self.head_seconds),
            ("limits.head_fields", self.head_fields),
            ("limits.body_seconds", self.body_seconds),
            ("limits.body_bytes", self.body_bytes),
            ("limits.credentials_body_bytes", self.credentials_body_bytes),
            ("limits.batch_body_bytes", self.batch_body_bytes),
            ("limits.bodies_in_flight_mib", self.bodies_in_flight_mib),
            ("limits.write_stall_seconds", self.write_stall_seconds),
            ("limits.idle_seconds", self.idle_seconds),
            ("limits.sse_keep_alive_seconds", self.sse_keep_alive_seconds),
            ("limits.ping_seconds", self.ping_seconds),
            ("limits.ping_answer_seconds", self.ping_answer_seconds),
            ("limits.h2_streams", self.h2_streams),
            ("limits.h2_resets", self.h2_resets),
        ];
        if let Some((key, _)) = all.into_iter().find(|(_, value)| *value == 0) {
            return Err((key, "must be 1 or more".to_owned()));
        }
        if self.head_bytes < LEAST_HEAD_BYTES {
            return Err(("limits.head_bytes", format!("must be {LEAST_HEAD_BYTES} or more")));
        }
        let largest = self.body_bytes.max(self.credentials_body_bytes).max(self.batch_body_bytes);
        if self.bodies_in_flight_bytes() < usize::try_from(largest).unwrap_or(usize::MAX) {
            let reason = "must hold one body of the largest that limits allow".to_owned();
            return Err(("limits.bodies_in_flight_mib", reason));
        }
        Ok(())
    }

    /// What all request bodies that are being read may take together, in bytes.
    pub fn bodies_in_flight_bytes(&self) -> usize {
        usize::try_from(u64::from(self.bodies_in_flight_mib) << 20).unwrap_or(usize::MAX)
    }

    /// For the TLS handshake.
    pub fn handshake(&self) -> Duration {
        seconds(self.handshake_seconds)
    }

    /// From the handshake to the whole head of the first request.
    pub fn first_request(&self) -> Duration {
        seconds(self.first_request_seconds)
    }

    /// From the first byte of a request's head to its last.
    pub fn head(&self) -> Duration {
        seconds(self.head_seconds)
    }

    /// For a request's body.
    pub fn body(&self) -> Duration {
        seconds(self.body_seconds)
    }

    /// For a client to take some of an answer that waits for it.
    pub fn write_stall(&self) -> Duration {
        seconds(self.write_stall_seconds)
    }

    /// With nothing asked.
    pub fn idle(&self) -> Duration {
        seconds(self.idle_seconds)
    }

    /// Between two signs of life on a stream of events that has nothing to say.
    pub fn sse_keep_alive(&self) -> Duration {
        seconds(self.sse_keep_alive_seconds)
    }

    /// Between two pings over HTTP/2.
    pub fn ping(&self) -> Duration {
        seconds(self.ping_seconds)
    }

    /// For the answer to a ping.
    pub fn ping_answer(&self) -> Duration {
        seconds(self.ping_answer_seconds)
    }

    /// How many more requests one HTTP/2 connection may take back than it lets be answered.
    pub fn h2_resets(&self) -> usize {
        usize::try_from(self.h2_resets).unwrap_or(usize::MAX)
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(number.into())
}
