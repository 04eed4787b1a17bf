//! What the appliance tells about itself: structured logs, Prometheus metrics, and what it remembers of
//! both and of the machine below.
//!
//! `logging` writes lines and `tail` keeps the last of them. `metrics` counts; `machine` and `process`
//! read what the kernel counts. `watch` puts both together every ten seconds into the `figures` of a
//! `day` in memory and a `month` on disk, and `series` is how they are asked for.

mod backup_metrics;
mod certificate_metrics;
mod day;
mod feed_metrics;
mod figures;
mod histogram;
mod log_format;
mod log_writer;
mod logging;
mod machine;
mod mail_metrics;
mod metrics;
mod month;
mod panics;
mod period;
mod process;
mod registry;
mod request_log;
mod series;
mod share_metrics;
mod store_metrics;
mod tail;
mod traffic;
mod watch;

pub use backup_metrics::{BackupFacts, BackupFailure, BackupMetrics, BackupTask};
pub use certificate_metrics::{CertificateMetrics, CertificateState, ServedCertificate};
pub use day::DAY_SAMPLES;
pub use feed_metrics::FeedMetrics;
pub use figures::{Figure, Sample, Unit};
pub use histogram::Distribution;
pub use log_format::LogFormat;
pub use log_writer::LogGuard;
pub use logging::{start_logging, start_logging_to};
pub use machine::{CpuTicks, DiskSpace, MachineReading};
pub use mail_metrics::MailMetrics;
pub use metrics::Metrics;
pub use panics::log_panics;
pub use period::Summary;
pub use process::ProcessReading;
pub use request_log::RequestLine;
pub use series::{Range, Series};
pub use share_metrics::{ScarceResource, ShareMetrics};
pub use store_metrics::StoreMetrics;
pub use tail::{Level, LogLine, LogTail, Missed, log_tail};
pub use traffic::{Route, RouteTraffics, Traffic};
pub use watch::{FIRST_SAMPLE_AFTER, Latest, Outside, RECENT, RouteTraffic, SAMPLE_EVERY, Watch};

/// A count as a number to divide by: exact up to 2^53, and no count here comes near it.
#[allow(clippy::cast_precision_loss, reason = "see above")]
const fn float(count: u64) -> f64 {
    count as f64
}
