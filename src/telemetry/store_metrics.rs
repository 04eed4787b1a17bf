//! What the stores report: commits, queues, sizes, and the disk below them.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry,
};

use super::registry::{LATENCY_BUCKETS, counters, gauges, histograms, register};

const BATCH_BUCKETS: [f64; 11] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// The metrics of all stores, by the name of the database.
#[derive(Clone)]
pub(super) struct StoreFamilies {
    pub(super) batch: HistogramVec,
    pub(super) duration: HistogramVec,
    queue: IntGaugeVec,
    refused: IntCounterVec,
    bytes: IntGaugeVec,
    free_space: IntGauge,
}

impl StoreFamilies {
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let free_space = IntGauge::new(
            "appliance_free_space_bytes",
            "Space that the data directory's disk has left, looked up when asked.",
        )?;
        Ok(Self {
            batch: histograms(
                registry,
                "appliance_commit_batch_size",
                "Commands that shared one commit.",
                &["database"],
                &BATCH_BUCKETS,
            )?,
            duration: histograms(
                registry,
                "appliance_commit_duration_seconds",
                "Time of a group from its first command to its fsync.",
                &["database"],
                &LATENCY_BUCKETS,
            )?,
            queue: gauges(
                registry,
                "appliance_write_queue_depth",
                "Commands waiting for the writer when the last one came.",
                &["database"],
            )?,
            refused: counters(
                registry,
                "appliance_writes_refused_total",
                "Writes refused because the disk is nearly full.",
                &["database"],
            )?,
            bytes: gauges(
                registry,
                "appliance_store_bytes",
                "What a database file consists of; all but the file's length sampled now and then.",
                &["database", "kind"],
            )?,
            free_space: register(registry, free_space)?,
        })
    }

    pub(super) fn free_space(&self, bytes: u64) {
        self.free_space.set(whole(bytes));
    }

    pub(super) fn of(&self, database: &str) -> StoreMetrics {
        StoreMetrics {
            batch: self.batch.with_label_values(&[database]),
            duration: self.duration.with_label_values(&[database]),
            queue: self.queue.with_label_values(&[database]),
            refused: self.refused.with_label_values(&[database]),
            bytes: self.bytes.clone(),
            database: database.into(),
        }
    }
}

/// What one store reports.
#[derive(Clone, Debug)]
pub struct StoreMetrics {
    batch: Histogram,
    duration: Histogram,
    queue: IntGauge,
    refused: IntCounter,
    bytes: IntGaugeVec,
    database: std::sync::Arc<str>,
}

impl StoreMetrics {
    /// A group of `commands` was committed in `took`.
    pub(crate) fn committed(&self, commands: usize, took: Duration) {
        self.batch.observe(u32::try_from(commands).unwrap_or(u32::MAX).into());
        self.duration.observe(took.as_secs_f64());
    }

    /// How many commands waited when the last one came.
    pub fn queue_depth(&self) -> i64 {
        self.queue.get()
    }

    /// How many groups were committed.
    pub fn commits(&self) -> u64 {
        self.batch.get_sample_count()
    }

    /// Commands in a group, on average; nothing before the first.
    pub fn mean_batch(&self) -> Option<f64> {
        let groups = f64::from(u32::try_from(self.commits()).unwrap_or(u32::MAX));
        (groups > 0.0).then(|| self.batch.get_sample_sum() / groups)
    }

    /// A write was refused for want of space.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// A command was queued; `depth` now wait.
    pub(crate) fn queued(&self, depth: usize) {
        self.queue.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// So many bytes of the file are of this `kind` (`file`, `stored`, `metadata`, `fragmented`,
    /// `free`).
    pub(crate) fn bytes(&self, kind: &str, bytes: u64) {
        self.bytes.with_label_values(&[&self.database, kind]).set(whole(bytes));
    }
}

fn whole(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
