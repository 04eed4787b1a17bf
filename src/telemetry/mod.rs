//! What the appliance tells about itself: structured logs and Prometheus metrics.

mod logging;
mod metrics;

pub use logging::{LogFormat, LogGuard, start_logging};
pub use metrics::{Metrics, StoreMetrics};
