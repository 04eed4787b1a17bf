//! The ports: whether they can be had, and otherwise who has them.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::Path,
};

use super::{Finding, Target};
use crate::config::{Config, RedirectListen};

/// Whoever holds the sockets of socket units.
const SYSTEMD: &str = "process 1 (systemd)";

pub(super) fn findings(config: &Config, target: &Target) -> Vec<Finding> {
    let mut wanted: Vec<_> =
        config.server.listen.address().map(|address| ("https port", address)).into_iter().collect();
    if let RedirectListen::At(address) = config.server.redirect_listen {
        wanted.push(("http port", address));
    }
    if let Some(status) = &target.status {
        let redirect = status.redirect_listen.as_deref();
        return [("https port", Some(status.listen.as_str())), ("http port", redirect)]
            .into_iter()
            .filter_map(|(check, address)| {
                Some(Finding::ok(check, format!("the appliance listens on {}", address?)))
            })
            .collect();
    }
    wanted.into_iter().map(|(check, address)| free(check, address)).collect()
}

/// Whether an address can be listened on now: by trying.
fn free(check: &str, address: SocketAddr) -> Finding {
    let port = address.port();
    match TcpListener::bind(address) {
        Ok(_) if port != 0 && port < first_unprivileged() && is_root() => Finding::ok(
            check,
            format!("{address} is free for root; others need CAP_NET_BIND_SERVICE for it"),
        ),
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(error) => match error.kind() {
            io::ErrorKind::AddrInUse => {
                in_use(check, address, holder(port).as_deref().unwrap_or("another process"))
            }
            io::ErrorKind::PermissionDenied => Finding::failed(
                check,
                format!("this user may not listen on {address}"),
                "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a port from 1024",
            ),
            io::ErrorKind::AddrNotAvailable => Finding::failed(
                check,
                format!("this machine has no address {}", address.ip()),
                "ip address shows those that it has; 0.0.0.0 and [::] stand for all of them",
            ),
            _ => Finding::failed(
                check,
                format!("{address} cannot be listened on: {error}"),
                "set another address",
            ),
        },
    }
}

/// Whether whoever has an address keeps it from the appliance, or for it.
fn in_use(check: &str, address: SocketAddr, holder: &str) -> Finding {
    if holder == SYSTEMD {
        return Finding::ok(check, format!("systemd holds {address} and passes it on at a start"));
    }
    Finding::failed(
        check,
        format!("{address} is in use by {holder}"),
        format!("ss -ltnp 'sport = :{}' shows it; stop it or set another port", address.port()),
    )
}

fn first_unprivileged() -> u16 {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The process that listens on a port, as far as this user may see.
fn holder(port: u16) -> Option<String> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| listening(&table, port))
        .collect();
    let links: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    // Besides processes there are links there, to the one that looks.
    let is_process =
        |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
    let mut processes = fs::read_dir("/proc").ok()?.flatten().filter(is_process);
    let process = processes.find(|process| {
        let descriptors = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        descriptors
            .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
            .any(|target| links.iter().any(|link| target == Path::new(link)))
    })?;
    let name = fs::read_to_string(process.path().join("comm")).ok()?;
    Some(format!("process {} ({})", process.file_name().display(), name.trim()))
}

/// The inodes of the sockets that listen on a port, from one of the kernel's tables.
fn listening(table: &str, port: u16) -> Vec<String> {
    const LISTENING: &str = "0A";
    let ending = format!(":{port:04X}");
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let matches = fields.get(1)?.ends_with(&ending) && *fields.get(3)? == LISTENING;
        matches.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    };
    table.lines().filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_its_process() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let finding = free("https port", address);
        let process = format!("process {}", std::process::id());
        assert!(finding.message.contains(&process), "{}", finding.message);
        assert!(finding.mend.unwrap().contains(&format!(":{}", address.port())));
    }

    #[test]
    fn a_port_that_systemd_holds_is_no_fault() {
        let address = "0.0.0.0:443".parse().unwrap();
        assert!(in_use("https port", address, "process 1 (systemd)").mend.is_none());
        assert!(in_use("https port", address, "process 12 (systemd)").mend.is_some());
    }

    #[test]
    fn an_address_of_another_machine_is_none_to_listen_on() {
        let finding = free("https port", "192.0.2.1:0".parse().unwrap());
        assert!(finding.message.contains("no address 192.0.2.1"), "{}", finding.message);
    }
}
