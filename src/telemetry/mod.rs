//! What the appliance tells about itself: structured logs and Prometheus metrics.

mod log_writer;
mod logging;
mod metrics;

pub use log_writer::LogGuard;
pub use logging::{LogFormat, start_logging};
pub use metrics::{Metrics, StoreMetrics};
