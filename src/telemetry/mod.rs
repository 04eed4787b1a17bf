//! What the appliance tells about itself: structured logs and Prometheus metrics.

mod log_writer;
mod logging;
mod metrics;
mod request_log;

pub use log_writer::LogGuard;
pub use logging::{LogFormat, start_logging};
pub use metrics::{Metrics, StoreMetrics};
pub use request_log::RequestLine;
