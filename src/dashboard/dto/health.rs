//! Health in JSON.

use poem_openapi::{Enum, Object};

use super::{FindingBody, LevelBody, tidy};
use crate::{
    http::Timestamp,
    telemetry::{Distribution, Latest, SampledMetric, Traffic},
};

/// How the machine and the appliance are. A figure that is not known is null.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardHealth")]
pub struct HealthBody {
    /// The level of the worst finding.
    pub level: LevelBody,
    /// What somebody should know; empty when all is well.
    pub findings: Vec<FindingBody>,
    /// The version of the appliance.
    pub version: String,
    /// When the process started.
    pub started_at: Timestamp,
    /// Seconds since then.
    pub uptime_seconds: i64,
    /// When the figures of machine and process were read; null in the first second.
    pub sampled_at: Option<Timestamp>,
    /// The machine.
    pub machine: MachineBody,
    /// This process.
    pub process: ProcessBody,
    /// The parts of the appliance.
    pub parts: Vec<PartBody>,
    /// The databases.
    pub stores: Vec<StoreBody>,
    /// Open connections.
    pub connections: i64,
    /// Entries of the audit trail.
    pub audit_entries: Option<u64>,
    /// The certificate of the public listener.
    pub certificate: CertificateBody,
    /// The last backup.
    pub backup: BackupBody,
}

/// The machine. Rates and processor times are those between the last two samples.
#[derive(Debug, Clone, Default, Object)]
#[oai(rename = "DashboardMachine")]
pub struct MachineBody {
    /// How busy all processors were together, from 0 to 100.
    pub cpu_percent: Option<f64>,
    /// How busy each was.
    pub cores_percent: Vec<Option<f64>>,
    /// Load average over a minute.
    pub load_1_minute: Option<f64>,
    /// Load average over five minutes.
    pub load_5_minutes: Option<f64>,
    /// Load average over fifteen minutes.
    pub load_15_minutes: Option<f64>,
    /// Memory.
    pub memory_total_bytes: Option<u64>,
    /// Memory that programs hold.
    pub memory_used_bytes: Option<u64>,
    /// Swap space; 0 without any.
    pub swap_total_bytes: Option<u64>,
    /// Swap space in use.
    pub swap_used_bytes: Option<u64>,
    /// Size of the filesystem that holds the data directory.
    pub disk_total_bytes: Option<u64>,
    /// Filled part of it.
    pub disk_used_bytes: Option<u64>,
    /// What the appliance may still fill.
    pub disk_free_bytes: Option<u64>,
    /// Read by all disks.
    pub disk_read_bytes_per_second: Option<f64>,
    /// Written by all disks.
    pub disk_written_bytes_per_second: Option<f64>,
    /// Received over the network, loopback apart.
    pub network_received_bytes_per_second: Option<f64>,
    /// Sent over the network.
    pub network_sent_bytes_per_second: Option<f64>,
    /// Seconds since the machine started.
    pub uptime_seconds: Option<f64>,
}

/// This process. Rates and processor times are those between the last two samples.
#[derive(Debug, Clone, Default, Object)]
#[oai(rename = "DashboardProcess")]
pub struct ProcessBody {
    /// In percent of one processor; with several it may be more than 100.
    pub cpu_percent: Option<f64>,
    /// Memory that it holds.
    pub memory_bytes: Option<u64>,
    /// Its threads.
    pub threads: Option<u64>,
    /// Files and connections that it has open.
    pub open_files: Option<u64>,
    /// How many it may have open.
    pub open_files_limit: Option<u64>,
    /// Read from disks.
    pub read_bytes_per_second: Option<f64>,
    /// Written to disks.
    pub written_bytes_per_second: Option<f64>,
}

impl MachineBody {
    /// The machine as the last sample found it.
    pub(in crate::dashboard) fn of(latest: &Latest) -> Self {
        let (machine, figure) = (&latest.machine, |figure| latest.sample.get(figure).map(tidy));
        let load = |of: fn([f64; 3]) -> f64| machine.load.map(of);
        Self {
            cpu_percent: figure(SampledMetric::MachineCpu),
            cores_percent: latest.cores_percent.iter().map(|core| core.map(tidy)).collect(),
            load_1_minute: load(|[one, _, _]| tidy(one)),
            load_5_minutes: load(|[_, five, _]| tidy(five)),
            load_15_minutes: load(|[_, _, fifteen]| tidy(fifteen)),
            memory_total_bytes: machine.memory_total_bytes,
            memory_used_bytes: machine.memory_used_bytes(),
            swap_total_bytes: machine.swap_total_bytes,
            swap_used_bytes: machine.swap_used_bytes(),
            disk_total_bytes: machine.disk.map(|disk| disk.total_bytes),
            disk_used_bytes: machine.disk.map(|disk| disk.used_bytes),
            disk_free_bytes: machine.disk.map(|disk| disk.free_bytes),
            disk_read_bytes_per_second: figure(SampledMetric::DiskRead),
            disk_written_bytes_per_second: figure(SampledMetric::DiskWritten),
            network_received_bytes_per_second: figure(SampledMetric::NetworkReceived),
            network_sent_bytes_per_second: figure(SampledMetric::NetworkSent),
            uptime_seconds: machine.uptime_seconds,
        }
    }
}

impl ProcessBody {
    /// The process as the last sample found it.
    pub(in crate::dashboard) fn of(latest: &Latest) -> Self {
        let (process, figure) = (&latest.process, |figure| latest.sample.get(figure).map(tidy));
        Self {
            cpu_percent: figure(SampledMetric::ProcessCpu),
            memory_bytes: process.memory_bytes,
            threads: process.threads,
            open_files: process.open_files,
            open_files_limit: process.open_files_limit,
            read_bytes_per_second: figure(SampledMetric::ProcessRead),
            written_bytes_per_second: figure(SampledMetric::ProcessWritten),
        }
    }
}

/// Whether something works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "DashboardStatus", rename_all = "snake_case")]
pub enum PartStatus {
    /// It does.
    Up,
    /// Its database takes no more writes.
    Stopped,
}

/// A part of the appliance, by the `service` of its metrics.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardPart")]
pub struct PartBody {
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub status: PartStatus,
    /// Its requests since the start.
    pub since_start: TrafficBody,
    /// Its requests of about the last five minutes.
    pub recent: TrafficBody,
}

/// Requests, and how long they took.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardTraffic")]
pub struct TrafficBody {
    /// Answered.
    pub requests: u64,
    /// Of them, refused (400 to 499).
    pub refusals: u64,
    /// Of them, failed (500 to 599).
    pub errors: u64,
    /// How long they took.
    pub latency: LatencyBody,
}

/// Percentiles of how long something took, interpolated between the bounds of a histogram; null when
/// there was nothing.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardLatency")]
#[allow(clippy::struct_field_names, reason = "a figure's name ends with its unit")]
pub struct LatencyBody {
    /// Half took at most this long.
    pub p50_seconds: Option<f64>,
    /// 95 of 100 did.
    pub p95_seconds: Option<f64>,
    /// 99 of 100 did.
    pub p99_seconds: Option<f64>,
}

impl From<&Distribution> for LatencyBody {
    fn from(latency: &Distribution) -> Self {
        let quantile = |share| latency.quantile(share).map(tidy);
        Self {
            p50_seconds: quantile(0.5),
            p95_seconds: quantile(0.95),
            p99_seconds: quantile(0.99),
        }
    }
}

impl From<&Traffic> for TrafficBody {
    fn from(traffic: &Traffic) -> Self {
        Self {
            requests: traffic.requests,
            refusals: traffic.refusals,
            errors: traffic.errors,
            latency: (&traffic.latency).into(),
        }
    }
}

/// A database.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardStore")]
pub struct StoreBody {
    /// Its name.
    pub name: String,
    /// Whether it takes writes.
    pub status: PartStatus,
    /// Length of its file.
    pub file_bytes: Option<u64>,
    /// Commits since the start.
    pub commits: u64,
    /// Writes that wait now.
    pub queue_depth: u64,
    /// Writes that shared a group on average, since the start.
    pub batch_mean: Option<f64>,
    /// 95 of 100 groups were at most this large.
    pub batch_p95: Option<f64>,
    /// How long groups took since the start, from their first write to the fsync.
    pub commit: LatencyBody,
    /// Audit events that wait for the trail; null for the database that holds the trail.
    pub outbox_events: Option<u64>,
}

/// The certificate of the public listener.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardCertificate")]
pub struct CertificateBody {
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Whole days until then, negative afterwards.
    pub days_left: Option<i64>,
}

/// The last backup.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardBackup")]
pub struct BackupBody {
    /// When it was taken; null when none is known of.
    pub last_at: Option<Timestamp>,
    /// Seconds since then.
    pub age_seconds: Option<i64>,
}
