//! What the kernel says of this process.

use procfs::process::{LimitValue, Process};

/// This process at one moment. A figure that the kernel does not tell is nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessReading {
    /// Seconds of processor time since it started, of all its threads.
    pub cpu_seconds: Option<f64>,
    /// Bytes of it that are in memory.
    pub memory_bytes: Option<u64>,
    /// Its threads.
    pub threads: Option<u64>,
    /// Files, sockets and pipes that it has open.
    pub open_files: Option<u64>,
    /// How many it may have open; nothing when there is no limit either.
    pub open_files_limit: Option<u64>,
    /// Bytes that it had read from disks since it started.
    pub read_bytes: Option<u64>,
    /// Bytes that it had written to disks.
    pub written_bytes: Option<u64>,
}

impl ProcessReading {
    /// Reads everything.
    pub fn take() -> Self {
        let Ok(process) = Process::myself() else { return Self::default() };
        let stat = process.stat().ok();
        let io = process.io().ok();
        let limits = process.limits().ok();
        Self {
            cpu_seconds: stat.as_ref().map(|stat| {
                super::float(stat.utime + stat.stime) / super::float(procfs::ticks_per_second())
            }),
            memory_bytes: stat.as_ref().map(|stat| stat.rss * procfs::page_size()),
            threads: stat.as_ref().and_then(|stat| u64::try_from(stat.num_threads).ok()),
            open_files: process.fd_count().ok().and_then(|count| u64::try_from(count).ok()),
            open_files_limit: limits.and_then(|limits| match limits.max_open_files.soft_limit {
                LimitValue::Value(limit) => Some(limit),
                LimitValue::Unlimited => None,
            }),
            read_bytes: io.map(|io| io.read_bytes),
            written_bytes: io.map(|io| io.write_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_on_memory_threads_and_files() {
        let reading = ProcessReading::take();
        assert!(reading.memory_bytes.unwrap() > 1 << 20);
        assert!(reading.threads.unwrap() >= 1);
        assert!(reading.cpu_seconds.is_some());
        let file = std::fs::File::open("Cargo.toml").unwrap();
        assert!(ProcessReading::take().open_files.unwrap() >= 4);
        drop(file);
    }
}
