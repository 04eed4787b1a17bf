//! What the kernel says of the machine: processors, memory, disk, network.
//!
//! Every figure is read on its own and is nothing when the kernel does not tell it (another system, a
//! container without `/sys`). Counters run since the machine started; what they mean in a second is for
//! `samples` to say, which knows the reading before.

use std::path::Path;

use procfs::{CpuTime, Current, CurrentSI, KernelStats, LoadAverage, Meminfo, Uptime};

/// Bytes of a sector in `/proc/diskstats`, whatever the disk's own are (Linux `iostats.rst`).
const SECTOR_BYTES: u64 = 512;

/// The machine at one moment.
#[derive(Debug, Clone, Default)]
pub struct MachineReading {
    /// All processors together.
    pub cpu: Option<CpuTicks>,
    /// Each processor; none when the kernel does not tell.
    pub cores: Vec<CpuTicks>,
    /// Processes that run or wait to, averaged over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Bytes of memory.
    pub memory_total_bytes: Option<u64>,
    /// Bytes of memory that programs can still have, caches given back.
    pub memory_available_bytes: Option<u64>,
    /// Bytes of swap space; 0 without any.
    pub swap_total_bytes: Option<u64>,
    /// Bytes of it that are free.
    pub swap_free_bytes: Option<u64>,
    /// The filesystem of the data directory.
    pub disk: Option<DiskSpace>,
    /// Bytes that all whole disks have read since the machine started.
    pub disk_read_bytes: Option<u64>,
    /// Bytes that they have written.
    pub disk_written_bytes: Option<u64>,
    /// Bytes that came over the network since the machine started, loopback apart.
    pub network_received_bytes: Option<u64>,
    /// Bytes that left.
    pub network_sent_bytes: Option<u64>,
    /// Seconds since the machine started.
    pub uptime_seconds: Option<f64>,
}

/// The time of a processor, in the kernel's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTicks {
    busy: u64,
    total: u64,
}

/// Room on a filesystem, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// Its size.
    pub total_bytes: u64,
    /// What this process may still fill; the part reserved for root is not in it.
    pub free_bytes: u64,
    /// What is filled.
    pub used_bytes: u64,
}

impl CpuTicks {
    fn of(time: &CpuTime) -> Self {
        let or_zero = |ticks: Option<u64>| ticks.unwrap_or(0);
        let busy = time.user
            + time.nice
            + time.system
            + or_zero(time.irq)
            + or_zero(time.softirq)
            + or_zero(time.steal);
        Self { busy, total: busy + time.idle + or_zero(time.iowait) }
    }

    /// How busy it was since an earlier reading, from 0 to 100; nothing when no tick has passed.
    pub fn busy_percent_since(self, earlier: Self) -> Option<f64> {
        let total = self.total.checked_sub(earlier.total).filter(|total| *total > 0)?;
        let busy = self.busy.saturating_sub(earlier.busy);
        Some(100.0 * super::float(busy) / super::float(total))
    }
}

impl MachineReading {
    /// Reads everything; the disk is that of `data`.
    pub fn take(data: &Path) -> Self {
        let kernel = KernelStats::current().ok();
        let memory = Meminfo::current().ok();
        let load = LoadAverage::current().ok();
        let (disk_read_bytes, disk_written_bytes) = disk_traffic().unzip();
        let (network_received_bytes, network_sent_bytes) = network_traffic().unzip();
        Self {
            cpu: kernel.as_ref().map(|kernel| CpuTicks::of(&kernel.total)),
            cores: kernel.iter().flat_map(|kernel| &kernel.cpu_time).map(CpuTicks::of).collect(),
            load: load.map(|load| [load.one, load.five, load.fifteen].map(f64::from)),
            memory_total_bytes: memory.as_ref().map(|memory| memory.mem_total),
            memory_available_bytes: memory.as_ref().and_then(|memory| memory.mem_available),
            swap_total_bytes: memory.as_ref().map(|memory| memory.swap_total),
            swap_free_bytes: memory.as_ref().map(|memory| memory.swap_free),
            disk: disk_space(data),
            disk_read_bytes,
            disk_written_bytes,
            network_received_bytes,
            network_sent_bytes,
            uptime_seconds: Uptime::current().ok().map(|uptime| uptime.uptime),
        }
    }

    /// Bytes of memory that programs hold.
    pub fn memory_used_bytes(&self) -> Option<u64> {
        Some(self.memory_total_bytes?.saturating_sub(self.memory_available_bytes?))
    }

    /// Bytes of swap space that are in use.
    pub fn swap_used_bytes(&self) -> Option<u64> {
        Some(self.swap_total_bytes?.saturating_sub(self.swap_free_bytes?))
    }
}

fn disk_space(data: &Path) -> Option<DiskSpace> {
    let found = rustix::fs::statvfs(data).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(DiskSpace {
        total_bytes: bytes(found.f_blocks),
        free_bytes: bytes(found.f_bavail),
        used_bytes: bytes(found.f_blocks.saturating_sub(found.f_bfree)),
    })
}

/// Bytes read and written by the disks that are devices: partitions and what is laid over disks would
/// count the same bytes again.
fn disk_traffic() -> Option<(u64, u64)> {
    let disks = procfs::diskstats().ok()?;
    let is_disk = |name: &str| Path::new("/sys/block").join(name).join("device").exists();
    let whole: Vec<_> = disks.iter().filter(|disk| is_disk(&disk.name)).collect();
    if whole.is_empty() {
        return None;
    }
    let bytes = |sectors: u64| sectors.saturating_mul(SECTOR_BYTES);
    Some((
        bytes(whole.iter().map(|disk| disk.sectors_read).sum()),
        bytes(whole.iter().map(|disk| disk.sectors_written).sum()),
    ))
}

/// Bytes received and sent by network cards; where there is none (a container), by every interface but
/// loopback.
fn network_traffic() -> Option<(u64, u64)> {
    let interfaces = procfs::net::dev_status().ok()?;
    let is_card = |name: &str| Path::new("/sys/class/net").join(name).join("device").exists();
    let any_card = interfaces.keys().any(|name| is_card(name));
    let counted = interfaces.values().filter(|interface| {
        if any_card { is_card(&interface.name) } else { interface.name != "lo" }
    });
    let sums = counted.fold((0, 0, 0), |(count, received, sent), interface| {
        (count + 1, received + interface.recv_bytes, sent + interface.sent_bytes)
    });
    (sums.0 > 0).then_some((sums.1, sums.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_processors_memory_and_a_disk() {
        let reading = MachineReading::take(&std::env::temp_dir());
        assert!(!reading.cores.is_empty());
        assert!(reading.memory_used_bytes().unwrap() < reading.memory_total_bytes.unwrap());
        let disk = reading.disk.unwrap();
        assert!(disk.free_bytes + disk.used_bytes <= disk.total_bytes);
        assert!(reading.uptime_seconds.unwrap() > 0.0);
    }

    #[test]
    fn a_directory_that_is_not_there_has_no_disk() {
        assert_eq!(MachineReading::take(Path::new("/nowhere/at/all")).disk, None);
    }

    #[test]
    fn a_processor_is_as_busy_as_the_ticks_between_two_readings() {
        let earlier = CpuTicks { busy: 100, total: 1_000 };
        let later = CpuTicks { busy: 125, total: 1_100 };
        assert_eq!(later.busy_percent_since(earlier), Some(25.0));
        assert_eq!(later.busy_percent_since(later), None, "no time has passed");
        assert_eq!(earlier.busy_percent_since(later), None, "it was started anew");
    }
}
