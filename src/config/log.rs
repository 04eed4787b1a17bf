//! `[log]`: what is logged, and how.

use std::io::IsTerminal;

use serde::Deserialize;

use crate::telemetry::LogFormat;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// How lines are written.
    pub format: ConfigLogFormat,
    /// A level or a filter.
    pub filter: String,
    /// Whether each request is logged.
    pub requests: bool,
}

/// How lines are written, or that the terminal decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigLogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

impl ConfigLogFormat {
    /// The format to use for this process.
    pub fn resolve(self) -> LogFormat {
        match self {
            Self::Pretty => LogFormat::Pretty,
            Self::Auto if std::io::stderr().is_terminal() => LogFormat::Pretty,
            Self::Auto | Self::Json => LogFormat::Json,
        }
    }
}
