//! `appliance healthcheck`: asks `/readyz` of the appliance on this machine, for scripts and
//! supervisors.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use super::{Failure, Global, print};
use crate::server::probe;

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let address = reachable(global.load(&[])?.server.listen);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, probe(address)).await });
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
