//! The release binary as a process.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

/// A running appliance; killed when dropped.
pub(crate) struct Appliance {
    child: Child,
    pub(crate) address: SocketAddr,
    setup_token: Option<String>,
}

impl Appliance {
    /// Starts it on a free port and waits until it says that it is ready.
    pub(crate) fn start(data: &Path, settings: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_appliance"));
        command.arg("--data-dir").arg(data);
        for setting in [
            "auth.argon2_memory_kib=64",
            "auth.argon2_passes=1",
            "rate_limit.enabled=false",
            "log.format=json",
        ]
        .iter()
        .chain(settings)
        {
            command.arg("--set").arg(setting);
        }
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let (mut address, mut setup_token) = (None, None);
        let mut line = String::new();
        while address.is_none() {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the appliance ended");
            if let Some((_, token)) = line.split_once("/app/setup#") {
                setup_token = Some(token.trim().to_owned());
            }
            address = value(&line, "\"address\":\"").and_then(|text| text.parse().ok());
        }
        // What it logs from now on is read, as journald would, and thrown away.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, address: address.unwrap(), setup_token }
    }

    pub(crate) fn setup_token(&self) -> &str {
        self.setup_token.as_deref().unwrap()
    }

    /// Resident memory, in MiB.
    pub(crate) fn resident_mib(&self) -> f64 {
        self.status_mib("VmRSS:")
    }

    /// The most resident memory that it ever took, in MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        self.status_mib("VmHWM:")
    }

    fn status_mib(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1_024.0
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_once(key)?.1.split_once('"').map(|(value, _)| value)
}
