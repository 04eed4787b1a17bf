//! The two forms of a log line.

use serde::Deserialize;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people: one coloured line an event.
    Pretty,
    /// For machines: one JSON object an event.
    Json,
}
