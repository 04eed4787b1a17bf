//! What the appliance tells about itself: structured logs, Prometheus metrics, and what it remembers of
//! both and of the machine below.
//!
//! `logging` writes lines and `tail` keeps the last of them. `metrics` counts; `machine` and `process`
//! read what the kernel counts. `sampler` puts the metrics of `metric_catalog` together every ten seconds, into a
//! `sample_ring` in memory and a `rollup_file` on disk, and `series` is how they are asked for.

mod backup_metrics;
mod certificate_metrics;
mod feed_metrics;
mod histogram;
mod log_format;
mod log_writer;
mod logging;
mod machine;
mod mail_metrics;
mod metric_catalog;
mod metrics;
mod panics;
mod process;
mod registry;
mod request_log;
mod rollup;
mod rollup_file;
mod sample_ring;
mod sampler;
mod series;
mod share_metrics;
mod store_metrics;
mod tail;
mod traffic;

pub use backup_metrics::{BackupFacts, BackupFailure, BackupMetrics, BackupTask};
pub use certificate_metrics::{CertificateMetrics, CertificateState, ServedCertificate};
pub use feed_metrics::FeedMetrics;
pub use histogram::Distribution;
pub use log_format::LogFormat;
pub use log_writer::LogGuard;
pub use logging::{start_logging, start_logging_to};
pub use machine::{CpuTicks, DiskSpace, MachineReading};
pub use mail_metrics::MailMetrics;
pub use metric_catalog::{Sample, SampledMetric, Unit};
pub use metrics::Metrics;
pub use panics::log_panics;
pub use process::ProcessReading;
pub use request_log::RequestLine;
pub use rollup::Summary;
pub use sample_ring::DAY_SAMPLES;
pub use sampler::{
    FIRST_SAMPLE_AFTER, Latest, Outside, RECENT, RouteTraffic, SAMPLE_EVERY, Sampler,
};
pub use series::{Range, Series};
pub use share_metrics::{ScarceResource, ShareMetrics};
pub use store_metrics::StoreMetrics;
pub use tail::{Level, LogLine, LogTail, Missed, log_tail};
pub use traffic::{Route, RouteTraffics, Traffic};

/// A count as a number to divide by: exact up to 2^53, and no count here comes near it.
#[allow(clippy::cast_precision_loss, reason = "see above")]
const fn float(count: u64) -> f64 {
    count as f64
}
