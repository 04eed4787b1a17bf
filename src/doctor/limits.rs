//! How many files the process may have open, against what the configuration lets in.

use rustix::process::{Resource, getrlimit};

use super::{Finding, Target};
use crate::{config::Config, server::descriptors_for};

const CHECK: &str = "open files";

pub(super) fn finding(config: &Config, target: &Target) -> Finding {
    let needed = descriptors_for(config);
    let (limit, whose) = match target.status.as_ref().map(|status| status.pid) {
        Some(pid) => match limit_of(pid) {
            Some(limit) => (limit, "the running appliance"),
            None => return Finding::ok(CHECK, "not to be seen by this user"),
        },
        // It raises its limit as far as it may.
        None => (getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX), "this shell"),
    };
    if limit >= needed {
        return Finding::ok(CHECK, format!("{whose} may open {limit}, and needs {needed} at most"));
    }
    Finding::warning(
        CHECK,
        format!(
            "{whose} may open {limit}, and limits.connections of {} needs {needed}",
            config.limits.connections
        ),
        format!(
            "LimitNOFILE={needed} in the unit (systemctl edit appliance), ulimit -n {needed} in a shell, \
             or a lower limits.connections"
        ),
    )
}

/// The limit of another process; nothing when this user may not see it.
fn limit_of(pid: u32) -> Option<u64> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    soft_limit(&limits)
}

fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read_from_the_kernels_table() {
        let table = "Limit                     Soft Limit           Hard Limit           Units\n\
                     Max open files            1024                 524288               files\n";
        assert_eq!(soft_limit(table), Some(1024));
        assert_eq!(soft_limit(&table.replace("1024", "unlimited")), Some(u64::MAX));
        assert_eq!(soft_limit(""), None);
        assert!(limit_of(std::process::id()).is_some());
    }
}
