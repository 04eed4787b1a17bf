//! What the appliance tells about itself: structured logs and Prometheus metrics.

mod backup_metrics;
mod log_writer;
mod logging;
mod metrics;
mod request_log;
mod store_metrics;

pub use backup_metrics::BackupMetrics;
pub use log_writer::LogGuard;
pub use logging::{LogFormat, start_logging};
pub use metrics::Metrics;
pub use request_log::RequestLine;
pub use store_metrics::StoreMetrics;
