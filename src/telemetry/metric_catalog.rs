//! The fixed set of metrics that are sampled, with the names and units that clients ask for them by.

/// What a metric counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// From 0 to 100; of one processor where it says so, and then it may be more.
    Percent,
    /// Bytes.
    Bytes,
    /// Bytes in a second.
    BytesPerSecond,
    /// A number of things.
    Count,
    /// Things in a second.
    PerSecond,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "bytes_per_second",
            Self::Count => "count",
            Self::PerSecond => "per_second",
            Self::Seconds => "seconds",
        }
    }
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $metric:ident $name:literal $unit:ident;)*) => {
        /// A metric that is sampled. Names are for good; the month on disk finds its columns by them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SampledMetric { $($(#[$doc])* $metric,)* }

        impl SampledMetric {
            /// Every metric, in the order of [`SampledMetric::index`].
            pub const ALL: &[Self] = &[$(Self::$metric,)*];

            /// The name by which clients ask for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$metric => $name,)* }
            }

            /// What it counts in.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$metric => Unit::$unit,)* }
            }
        }
    };
}

metrics! {
    /// All processors of the machine together.
    MachineCpu "machine_cpu_percent" Percent;
    /// Load average of the last minute.
    MachineLoad "machine_load_1_minute" Count;
    /// Memory that programs hold.
    MachineMemoryUsed "machine_memory_used_bytes" Bytes;
    /// Swap space in use.
    MachineSwapUsed "machine_swap_used_bytes" Bytes;
    /// Filled part of the data directory's filesystem.
    DiskUsed "disk_used_bytes" Bytes;
    /// What may still be filled of it.
    DiskFree "disk_free_bytes" Bytes;
    /// Read by the machine's disks.
    DiskRead "disk_read_bytes_per_second" BytesPerSecond;
    /// Written by the machine's disks.
    DiskWritten "disk_written_bytes_per_second" BytesPerSecond;
    /// Received over the machine's network.
    NetworkReceived "network_received_bytes_per_second" BytesPerSecond;
    /// Sent over it.
    NetworkSent "network_sent_bytes_per_second" BytesPerSecond;
    /// This process, in percent of one processor.
    ProcessCpu "process_cpu_percent" Percent;
    /// Memory of this process.
    ProcessMemory "process_memory_bytes" Bytes;
    /// Its threads.
    ProcessThreads "process_threads" Count;
    /// Its open files and sockets.
    ProcessOpenFiles "process_open_files" Count;
    /// Read from disks by this process.
    ProcessRead "process_read_bytes_per_second" BytesPerSecond;
    /// Written to disks by this process.
    ProcessWritten "process_written_bytes_per_second" BytesPerSecond;
    /// Answered requests.
    Requests "requests_per_second" PerSecond;
    /// Of them, refused (400 to 499).
    Refusals "refusals_per_second" PerSecond;
    /// Of them, refused for asking too often (429).
    RateLimited "rate_limited_per_second" PerSecond;
    /// Of them, failed (500 to 599).
    Errors "errors_per_second" PerSecond;
    /// Half of the requests since the sample before took at most this long.
    LatencyP50 "latency_p50_seconds" Seconds;
    /// 95 of 100.
    LatencyP95 "latency_p95_seconds" Seconds;
    /// 99 of 100.
    LatencyP99 "latency_p99_seconds" Seconds;
    /// Open connections of the listener.
    Connections "connections" Count;
    /// Commits of all databases together.
    Commits "commits_per_second" PerSecond;
    /// 95 of 100 groups of writes took at most this long.
    CommitP95 "commit_p95_seconds" Seconds;
    /// Writes that wait, of all databases together.
    WriteQueue "write_queue_depth" Count;
    /// Audit events that wait for the chain.
    Outbox "outbox_events" Count;
    /// Length of `auth.redb`.
    AuthBytes "store_auth_bytes" Bytes;
    /// Length of `user.redb`.
    UserBytes "store_user_bytes" Bytes;
    /// Length of `social_log.redb`.
    SocialLogBytes "store_social_log_bytes" Bytes;
    /// Recorded and refused scans.
    Scans "scans_per_second" PerSecond;
    /// Failed logins and registrations.
    SignInFailures "sign_in_failures_per_second" PerSecond;
}

impl SampledMetric {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Its place in a sample.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The metric of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|metric| metric.name() == name)
    }
}

/// One value for each metric, or nothing where it is not known. Kept as 32-bit floats: seven digits of
/// a number of bytes are more than a chart can show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample([f32; SampledMetric::COUNT]);

impl Sample {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self([f32::NAN; SampledMetric::COUNT]);

    /// Keeps a metric.
    #[allow(clippy::cast_possible_truncation, reason = "seven digits are kept, see above")]
    pub fn set(&mut self, metric: SampledMetric, value: Option<f64>) {
        if let (Some(kept), Some(value)) = (self.0.get_mut(metric.index()), value) {
            *kept = value as f32;
        }
    }

    /// The value of a metric.
    pub fn get(&self, metric: SampledMetric) -> Option<f64> {
        let value = self.0.get(metric.index()).copied().filter(|value| !value.is_nan())?;
        Some(value.into())
    }

    /// Every value in the order of [`SampledMetric::ALL`]; not a number where nothing is known.
    pub const fn values(&self) -> &[f32; SampledMetric::COUNT] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_figure_has_a_name_and_a_place_of_its_own() {
        let names: BTreeSet<_> = SampledMetric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), SampledMetric::COUNT);
        for (place, metric) in SampledMetric::ALL.iter().enumerate() {
            assert_eq!(metric.index(), place);
            assert_eq!(SampledMetric::parse(metric.name()), Some(*metric));
        }
        assert_eq!(SampledMetric::parse("phase_of_the_moon"), None);
    }

    #[test]
    fn what_is_not_known_stays_unknown() {
        let mut sample = Sample::UNKNOWN;
        sample.set(SampledMetric::Requests, Some(2.5));
        sample.set(SampledMetric::Errors, None);
        assert_eq!(sample.get(SampledMetric::Requests), Some(2.5));
        assert_eq!(sample.get(SampledMetric::Errors), None);
    }
}
