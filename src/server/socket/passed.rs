//! Sockets that whoever started the appliance has opened for it (`sd_listen_fds(3)`).
//!
//! They outlive the process: what connects while one appliance has stopped and the next has not begun
//! waits in them. Called by their names, `https` and `http` (`FileDescriptorName=`), and without such names
//! in this order.

use std::{env, net::TcpListener, os::unix::net::UnixListener};

use listenfd::ListenFd;

use crate::server::StartError;

/// The sockets that were passed.
#[derive(Debug, Default)]
pub struct PassedSockets {
    /// Takes the place of `server.listen`.
    pub(in crate::server) https: Option<PassedSocket>,
    /// Takes the place of `server.redirect_listen`.
    pub(in crate::server) http: Option<TcpListener>,
}

/// A listening socket.
#[derive(Debug)]
pub(in crate::server) enum PassedSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Https,
    Http,
}

impl PassedSockets {
    /// Takes what was passed to this process, so that no child of it does. To be called first of all and
    /// once: it takes variables out of the environment, which no other thread may be reading.
    ///
    /// # Errors
    /// When what was passed cannot be listened at, or nobody knows what it is for.
    pub fn take() -> Result<Self, StartError> {
        let names = env::var("LISTEN_FDNAMES").ok();
        let mut descriptors = ListenFd::from_env();
        let refused = |reason: String| StartError::Socket(format!("passed sockets: {reason}"));
        let roles = roles(names.as_deref(), descriptors.len()).map_err(refused)?;
        let mut passed = Self::default();
        for (index, role) in roles.into_iter().enumerate() {
            match (role, descriptors.take_tcp_listener(index)) {
                (Role::Https, Ok(tcp)) => passed.https = tcp.map(PassedSocket::Tcp),
                (Role::Http, Ok(tcp)) => passed.http = tcp,
                (Role::Https, Err(_)) => {
                    let unix = descriptors.take_unix_listener(index);
                    let unix = unix.map_err(|error| refused(error.to_string()))?;
                    passed.https = unix.map(PassedSocket::Unix);
                }
                (Role::Http, Err(error)) => return Err(refused(error.to_string())),
            }
        }
        Ok(passed)
    }
}

/// What each of so many sockets is for.
fn roles(names: Option<&str>, count: usize) -> Result<Vec<Role>, String> {
    let mut free = vec![Role::Https, Role::Http];
    let mut names = names.unwrap_or_default().split(':');
    let mut roles = Vec::new();
    for name in std::iter::repeat_with(|| names.next().unwrap_or_default()).take(count) {
        let wanted = match name {
            "https" => free.iter().position(|role| *role == Role::Https),
            "http" => free.iter().position(|role| *role == Role::Http),
            _ => (!free.is_empty()).then_some(0),
        };
        match wanted {
            Some(index) => roles.push(free.remove(index)),
            None => {
                return Err(format!(
                    "{count} of them, and the appliance has use for one \"https\" and one \"http\""
                ));
            }
        }
    }
    Ok(roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_socket_is_for_and_without_them_their_order() {
        use Role::{Http, Https};
        assert_eq!(roles(None, 0), Ok(vec![]));
        assert_eq!(roles(None, 2), Ok(vec![Https, Http]));
        assert_eq!(roles(Some("appliance.socket:appliance.socket"), 2), Ok(vec![Https, Http]));
        assert_eq!(roles(Some("http:https"), 2), Ok(vec![Http, Https]));
        assert_eq!(roles(Some("http"), 1), Ok(vec![Http]));
        assert!(roles(Some("https:https"), 2).is_err());
        assert!(roles(None, 3).is_err());
    }
}
