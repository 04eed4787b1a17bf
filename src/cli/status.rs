//! `appliance status`: how the running appliance is, by its own word.

use super::{Failure, Global, print};
use crate::control::{ApplianceStatus, DatabaseStatus, Request};

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let answer = global.ask_running(&Request::Status)?;
    if global.json {
        return print(serde_json::to_string_pretty(&answer)?);
    }
    let status = serde_json::from_value(answer).map_err(|error| {
        Failure::Failed(format!(
            "the running appliance is of another version than this command, so restart it; --json shows \
             its answer as it is ({error})"
        ))
    })?;
    print(as_text(&status))
}

fn as_text(status: &ApplianceStatus) -> String {
    let state = if status.draining { "stopping" } else { "running" };
    let mut rows = vec![
        ("state", format!("{state}, version {}, process {}", status.version, status.pid)),
        ("up", format!("{} since {}", duration(status.uptime_seconds), status.started_at)),
        ("https", format!("{}, reached as {}", status.listen, status.public_url)),
        ("http", status.redirect_listen.clone().unwrap_or_else(|| "off".to_owned())),
        ("connections", format!("{} of {}", status.connections, status.connection_limit)),
    ];
    rows.push(match &status.certificate {
        Some(it) => ("certificate", format!("ends {}, in {} days", it.not_after, it.days_left)),
        None => ("certificate", "cannot be read".to_owned()),
    });
    rows.extend(status.certificate_trouble.iter().map(|it| ("", format!("not renewed: {it}"))));
    rows.push(match &status.last_backup {
        Some(it) => ("last backup", format!("{}, {}", it.taken_at, it.name)),
        None => ("last backup", "not known".to_owned()),
    });
    rows.extend(status.databases.iter().map(|it| (it.name.as_str(), as_words(it))));
    let lines: Vec<_> = rows.iter().map(|(name, value)| format!("{name:13}{value}")).collect();
    lines.join("\n")
}

fn as_words(database: &DatabaseStatus) -> String {
    let DatabaseStatus { bytes, queue_depth, queue_capacity, commits, .. } = database;
    let mut words = vec![bytes.map_or("size not known".to_owned(), size)];
    if !database.healthy {
        words.push("takes no more writes".to_owned());
    }
    words.push(format!("queue {queue_depth} of {queue_capacity}"));
    words.push(match database.mean_batch {
        Some(mean) => format!("{commits} commits of {mean:.1} writes"),
        None => "nothing written yet".to_owned(),
    });
    words
        .extend(database.outbox_events.map(|events| format!("{events} audit events on their way")));
    words.join(", ")
}

/// A size in the unit that suits it.
fn size(bytes: u64) -> String {
    let [kib, mib, gib] = [10, 20, 30].map(|bits| bytes >> bits);
    match (gib, mib, kib) {
        (10.., _, _) => format!("{gib} GiB"),
        (_, 10.., _) => format!("{mib} MiB"),
        _ => format!("{kib} KiB"),
    }
}

/// A duration by its largest unit and the one below.
fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (1.., _, _) => format!("{days} d {} h", hours % 24),
        (_, 1.., _) => format!("{hours} h {} min", minutes % 60),
        (_, _, 1..) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_short_and_right() {
        assert_eq!(size(1_589_248), "1552 KiB");
        assert_eq!(size(64 << 20), "64 MiB");
        assert_eq!(size(11 << 30), "11 GiB");
        let durations = [59, 61, 3_660, 90_000].map(duration);
        assert_eq!(durations, ["59 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"]);
    }
}
