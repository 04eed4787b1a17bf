//! Where connections come in: an address or a Unix socket, opened here or passed.

mod descriptors;
mod passed;
mod unix_socket;

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, UnixListener};

use super::{
    StartError,
    connection::{Ends, Transport},
};
use crate::config::{Listen, TlsMode};
pub use descriptors::descriptors_for;
pub(super) use descriptors::room_for;
use passed::PassedSocket;
pub use passed::PassedSockets;
pub(super) use unix_socket::{SocketPurpose, UnixSocket};

/// A listening socket.
pub(super) enum Socket {
    Tcp(TcpListener),
    /// Its file goes with it.
    Unix(UnixSocket),
    /// Its file belongs to whoever passed it.
    PassedUnix(UnixListener),
}

impl Socket {
    /// Listens where the configuration says.
    pub(super) async fn bind(listen: &Listen) -> Result<Self, StartError> {
        match listen {
            Listen::Tcp(address) => Ok(Self::Tcp(bind_tcp(*address).await?)),
            Listen::Unix(path) => UnixSocket::bind(path, SocketPurpose::Http).map(Self::Unix),
        }
    }

    /// Listens at a socket that was passed. As with those of the configuration, what is said without TLS
    /// does not leave the machine.
    pub(super) fn of_passed(passed: PassedSocket, tls: TlsMode) -> Result<Self, StartError> {
        let unusable = |error: io::Error| StartError::Socket(format!("passed sockets: {error}"));
        let refused = |reason: &str| Err(StartError::Socket(format!("passed sockets: {reason}")));
        match passed {
            PassedSocket::Tcp(tcp) => {
                let address = tcp.local_addr().map_err(unusable)?;
                if tls == TlsMode::Off && !address.ip().is_loopback() {
                    return refused("tls.mode is \"off\", and one listens beyond this machine");
                }
                tokio_tcp(tcp).map(Self::Tcp).map_err(unusable)
            }
            PassedSocket::Unix(_) if tls != TlsMode::Off => {
                refused("one is a Unix socket, which needs tls.mode = \"off\"")
            }
            PassedSocket::Unix(unix) => {
                unix.set_nonblocking(true).map_err(unusable)?;
                UnixListener::from_std(unix).map(Self::PassedUnix).map_err(unusable)
            }
        }
    }

    /// Where it listens.
    pub(super) fn listens_at(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(tcp) => tcp.local_addr().map(Listen::Tcp),
            Self::Unix(unix) => Ok(Listen::Unix(unix.path().to_owned())),
            Self::PassedUnix(unix) => {
                let address = unix.local_addr()?;
                let path = address.as_pathname().unwrap_or(std::path::Path::new("")).to_owned();
                Ok(Listen::Unix(path))
            }
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Transport, Ends)> {
        let nobody = Ends { local: None, peer: None };
        match self {
            Self::Tcp(tcp) => {
                let (stream, peer) = tcp.accept().await?;
                // Answers are small and written whole: waiting to fill a segment would only delay them.
                let _ = stream.set_nodelay(true);
                let ends = Ends { local: stream.local_addr().ok(), peer: Some(peer) };
                Ok((Transport::Tcp(stream), ends))
            }
            Self::Unix(unix) => Ok((Transport::Unix(unix.accept().await?), nobody)),
            Self::PassedUnix(unix) => Ok((Transport::Unix(unix.accept().await?.0), nobody)),
        }
    }
}

/// Listens at an address.
pub(super) async fn bind_tcp(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error))
}

/// A listener that was opened elsewhere.
pub(super) fn tokio_tcp(tcp: std::net::TcpListener) -> io::Result<TcpListener> {
    tcp.set_nonblocking(true)?;
    TcpListener::from_std(tcp)
}
