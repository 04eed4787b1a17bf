//! Structured logs on standard error, where journald or a terminal picks them up.
//!
//! A line never holds a secret: what is logged is chosen field by field, and no body, header or query
//! string is among them. Control bytes in values are escaped by both formats.

use std::io::{IsTerminal, Write};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::{
    log_format::LogFormat,
    log_writer::{LogGuard, LogWriter},
    request_log,
};

/// Starts logging for the process. `filter` is a level (`info`) or tracing's filter syntax.
///
/// The guard is kept until the process ends: it writes the last lines.
///
/// # Errors
/// When the filter does not parse or no thread can be started. A second call in one process changes
/// nothing.
pub fn start_logging(format: LogFormat, filter: &str) -> Result<LogGuard, String> {
    let colours = std::io::stderr().is_terminal();
    start(format, filter, std::io::stderr(), colours)
}

/// Starts logging for the process into any place, without colours.
///
/// # Errors
/// As [`start_logging`].
pub fn start_logging_to(
    out: impl Write + Send + 'static,
    format: LogFormat,
    filter: &str,
) -> Result<LogGuard, String> {
    start(format, filter, out, false)
}

fn start(
    format: LogFormat,
    filter: &str,
    out: impl Write + Send + 'static,
    colours: bool,
) -> Result<LogGuard, String> {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(filter)
        .map_err(|error| format!("log.filter '{filter}': {error}"))?;
    let started = LogWriter::start(out).map_err(|error| error.to_string());
    let (writer, guard) = started?;
    request_log::start(format, writer.clone());
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || writer.clone());
    // An error means that logging has started already (two appliances in one test process).
    let _ = match format {
        LogFormat::Pretty => lines.with_ansi(colours).with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
    };
    Ok(guard)
}
