//! Whether an appliance runs on the data directory, and what it says.

use std::path::PathBuf;

use super::Finding;
use crate::{
    config::Config,
    control::{self, ApplianceStatus, AskError, Check, Request},
    paths::DataDir,
};

/// Whether an appliance runs on the data directory.
#[derive(Debug)]
pub struct Target {
    pub(super) data: DataDir,
    pub(super) socket: PathBuf,
    /// What it says, when it runs.
    pub status: Option<ApplianceStatus>,
    /// Why it cannot be asked, when it seems to run.
    unreachable: Option<String>,
}

impl Target {
    /// Asks.
    pub fn of(config: &Config) -> Self {
        let data = DataDir::new(&config.data.directory);
        let socket = config.server.control_socket_or(data.control_socket());
        let mut target = Self { data, socket, status: None, unreachable: None };
        match target.ask(&Request::Status) {
            Ok(status) => target.status = Some(status),
            Err(AskError::NotRunning) => {}
            Err(error) => target.unreachable = Some(error.to_string()),
        }
        target
    }

    pub(super) const fn is_running(&self) -> bool {
        self.status.is_some()
    }

    /// What a running appliance says of its databases.
    pub(super) fn check(&self) -> Result<Check, AskError> {
        self.ask(&Request::Check)
    }

    /// Asks the running appliance.
    fn ask<T: serde::de::DeserializeOwned>(&self, request: &Request) -> Result<T, AskError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| AskError::Failed(error.to_string()))?;
        let answer = runtime.block_on(control::ask(&self.socket, request, |_| {}))?;
        serde_json::from_value(answer).map_err(|error| AskError::Failed(error.to_string()))
    }

    pub(super) fn finding(&self) -> Finding {
        const CHECK: &str = "appliance";
        match (&self.status, &self.unreachable) {
            (Some(status), _) if status.draining => {
                Finding::ok(CHECK, format!("process {} is stopping", status.pid))
            }
            (Some(status), _) if status.version != env!("CARGO_PKG_VERSION") => Finding::warning(
                CHECK,
                format!(
                    "process {} runs version {}, and this command is of version {}",
                    status.pid,
                    status.version,
                    env!("CARGO_PKG_VERSION")
                ),
                "systemctl restart appliance",
            ),
            (Some(status), _) => Finding::ok(
                CHECK,
                format!("process {} runs version {}", status.pid, status.version),
            ),
            (None, Some(reason)) => Finding::failed(
                CHECK,
                reason,
                "run this as the user that the appliance runs as, or as root; if it is stuck, \
                 systemctl restart appliance",
            ),
            (None, None) => Finding::ok(CHECK, "none runs on this data directory"),
        }
    }
}
