//! Log lines in JSON.

use poem_openapi::{Enum, Object};

use crate::{
    http::Timestamp,
    telemetry::{Level, LogLine},
};

/// The last log lines of the process.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardLogs")]
pub struct LogsBody {
    /// Oldest first.
    pub lines: Vec<LogLineBody>,
    /// The number of the newest line, whether it is among them or not: where following goes on.
    pub newest_sequence: u64,
}

/// A log line.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardLogLine")]
pub struct LogLineBody {
    /// Its number since the process started, from 1.
    pub sequence: u64,
    /// When it was written.
    pub time: Option<Timestamp>,
    /// How much it matters.
    pub level: LogLevel,
    /// The message, and its fields as `key=value`. Control characters are escaped.
    pub text: String,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum LogLevel {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What happened.
    Info,
    /// What somebody should look at.
    Warn,
    /// What went wrong.
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Trace => Self::Trace,
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => Self::Trace,
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

impl From<LogLine> for LogLineBody {
    fn from(line: LogLine) -> Self {
        Self {
            sequence: line.sequence,
            time: line.time.map(Timestamp),
            level: line.level.into(),
            text: line.text,
        }
    }
}
