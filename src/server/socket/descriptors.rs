//! How many connections the process has descriptors for.
//!
//! A flood of connections must not take the descriptors that databases, backups and the control socket
//! need. So as many as fit are let in, and the others wait in the kernel's queue, which costs nothing.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::{
    config::{Config, RedirectListen},
    server::redirect,
};

/// What is not for connections: databases, logs, sockets of the appliance itself, with room.
const OWN_FILES: u64 = 64;

/// How many descriptors the process needs at most.
pub fn descriptors_for(config: &Config) -> u64 {
    let redirects = config.server.redirect_listen != RedirectListen::Off;
    u64::from(config.limits.connections) + reserved(redirects)
}

/// How many are not for connections to the public listener.
fn reserved(redirects: bool) -> u64 {
    OWN_FILES + if redirects { redirect::MAX_CONNECTIONS } else { 0 }
}

/// Raises the limit of the process as far as it may and needs to; gives how many of so many connections
/// then fit, beside those of a redirect if there is one.
pub(in crate::server) fn room_for(connections: u32, redirects: bool) -> u32 {
    let reserved = reserved(redirects);
    let needed = u64::from(connections) + reserved;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(limit.maximum.map_or(needed, |maximum| maximum.min(needed)));
        let _ = setrlimit(Resource::Nofile, limit);
        limit = getrlimit(Resource::Nofile);
    }
    let fits = fitting(limit.current.unwrap_or(u64::MAX), reserved, connections);
    if fits < connections {
        tracing::warn!(
            fits,
            connections,
            "the process may not open as many files as limits.connections; raise LimitNOFILE"
        );
    }
    fits
}

fn fitting(descriptors: u64, reserved: u64, connections: u32) -> u32 {
    // However few there are, somebody is served.
    let free = descriptors.saturating_sub(reserved).max(descriptors / 2).max(1);
    u32::try_from(free).unwrap_or(u32::MAX).min(connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_get_what_the_appliance_itself_does_not_need() {
        assert_eq!(fitting(20_000, 64, 4_096), 4_096);
        assert_eq!(fitting(1_024, 320, 4_096), 704);
        assert_eq!(fitting(128, 320, 4_096), 64);
        assert_eq!(fitting(1, 64, 4_096), 1);
    }
}
