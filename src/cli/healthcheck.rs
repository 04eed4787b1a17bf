//! `appliance healthcheck`: asks `/readyz` of the appliance on this machine, for scripts and
//! supervisors.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use super::{Failure, Global, print};
use crate::{
    config::{Listen, TlsMode},
    server::probe,
};

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let config = global.load(&[])?;
    let address = match config.server.listen {
        Listen::Tcp(address) => Listen::Tcp(reachable(address)),
        path @ Listen::Unix(_) => path,
    };
    let is_plain = config.tls.mode == TlsMode::Off;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asking = async { tokio::time::timeout(PATIENCE, probe(&address, is_plain)).await };
    let answer = runtime.block_on(asking);
    let (ready, body) = answer
        .map_err(|_| Failure::Failed(format!("{address} did not answer in time")))?
        .map_err(|error| Failure::Failed(format!("{address} cannot be asked: {error}")))?;
    print(&body)?;
    if ready { Ok(()) } else { Err(Failure::Failed(format!("{address} is not ready"))) }
}

/// The address to ask at: this machine, when the appliance listens on every address of it.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
