//! The databases: schema, integrity, the audit chain, and the clock against it.

use super::{Finding, Target};
use crate::{
    clock::Time,
    config::Config,
    control::{AuditCheck, DatabaseCheck},
    server::check_files,
};

/// The clock may stand back this far, in seconds, as after a correction.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;
/// No clock that shows less was ever right while this program ran: 2026-01-01.
const FIRST_PLAUSIBLE: Time = Time::from_millis(1_767_225_600_000);
/// 2100-01-01.
const LAST_PLAUSIBLE: Time = Time::from_millis(4_102_444_800_000);

const RESTORE: &str = "stop the appliance, keep a copy of the data directory, and restore the newest backup \
                       (appliance restore FILE)";

pub(super) fn findings(config: &Config, target: &Target, now: Time) -> Vec<Finding> {
    let check = if target.is_running() {
        match target.check() {
            Ok(check) => check,
            Err(error) => {
                let mend = "journalctl -u appliance shows why";
                return vec![Finding::failed("databases", error.to_string(), mend)];
            }
        }
    } else {
        check_files(config, &target.data)
    };
    let mut found = missing(&check.databases);
    found.extend(check.databases.iter().map(database));
    let newest_at = check.audit.as_ref().and_then(|audit| audit.newest_at.as_deref());
    found.extend(check.audit.as_ref().map(audit));
    found.push(clock(now, newest_at.and_then(|time| Time::parse_rfc3339(time).ok())));
    found
}

/// Files that are not there: none is a new installation, some is a loss.
fn missing(databases: &[DatabaseCheck]) -> Vec<Finding> {
    if databases.is_empty() {
        return vec![Finding::ok("databases", "none yet; the first start makes them")];
    }
    let missing = ["auth", "user", "social_log"]
        .into_iter()
        .filter(|name| !databases.iter().any(|database| database.name == *name));
    missing
        .map(|name| {
            let words =
                "its file is missing, and others are there: a start would make an empty one";
            // The command line makes the accounts alone, before the first start.
            if databases.len() == 1 && databases.iter().any(|database| database.name == "auth") {
                return Finding::ok(&check_of(name), "none yet; the first start makes it");
            }
            Finding::failed(&check_of(name), words, RESTORE)
        })
        .collect()
}

fn check_of(database: &str) -> String {
    format!("database {database}")
}

fn database(database: &DatabaseCheck) -> Finding {
    let check = check_of(&database.name);
    if let Some(fault) = &database.fault {
        let mend = if fault.contains("in use") {
            "wait until it has started, or find who has it open: fuser -v on the file"
        } else {
            RESTORE
        };
        return Finding::failed(&check, format!("{}: {fault}", database.path), mend);
    }
    let DatabaseCheck { schema_version, known_version, made_by, examined, .. } = database;
    let made_by = made_by.as_deref().unwrap_or("an appliance of unknown version");
    match *schema_version {
        Some(found) if found > *known_version => Finding::failed(
            &check,
            format!(
                "it was made by a newer appliance ({made_by}, schema {found}; this one knows \
                 {known_version})"
            ),
            "install that version, or restore a backup from before the upgrade",
        ),
        Some(found) if found < *known_version => Finding::warning(
            &check,
            format!(
                "schema {found} of {known_version}: the next start takes {} steps; {examined}",
                known_version - found
            ),
            "appliance backup create, then start the appliance",
        ),
        Some(found) => Finding::ok(&check, format!("schema {found}, {examined}")),
        None => Finding::ok(&check, examined),
    }
}

fn audit(audit: &AuditCheck) -> Finding {
    const CHECK: &str = "audit chain";
    match &audit.fault {
        None => Finding::ok(CHECK, format!("{} entries, each linked to the last", audit.entries)),
        Some(fault) => Finding::failed(
            CHECK,
            format!("{fault}; {} entries before that are good", audit.entries),
            "keep a copy of social_log.redb as evidence and compare it with the newest backup",
        ),
    }
}

/// Whether the clock can be right: codes, tokens and the audit trail rest on it.
fn clock(now: Time, newest: Option<Time>) -> Finding {
    const CHECK: &str = "clock";
    const MEND: &str = "timedatectl set-ntp true, and timedatectl to look";
    if now < FIRST_PLAUSIBLE || now > LAST_PLAUSIBLE {
        return Finding::failed(CHECK, format!("it shows {now}"), MEND);
    }
    match newest {
        Some(newest) if newest > now.plus_seconds(CLOCK_TOLERANCE_SECONDS) => Finding::failed(
            CHECK,
            format!("it shows {now}, before the newest audit entry of {newest}"),
            MEND,
        ),
        _ => Finding::ok(CHECK, format!("it shows {now}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn a_clock_that_cannot_be_right_is_found_out() {
        let now = FIRST_PLAUSIBLE.plus_seconds(86_400);
        let health = |now, newest| clock(now, newest).health;
        assert_eq!(health(now, None), Health::Ok);
        assert_eq!(health(now, Some(now.plus_seconds(CLOCK_TOLERANCE_SECONDS))), Health::Ok);
        let later = now.plus_seconds(CLOCK_TOLERANCE_SECONDS + 1);
        assert_eq!(health(now, Some(later)), Health::Failed);
        assert_eq!(health(Time::EPOCH, None), Health::Failed);
        assert_eq!(health(LAST_PLAUSIBLE.plus_seconds(1), None), Health::Failed);
    }

    #[test]
    fn the_steps_that_a_file_has_taken_are_compared_with_those_that_are_known() {
        let of = |schema_version| {
            let it = DatabaseCheck { schema_version, known_version: 3, ..DatabaseCheck::default() };
            database(&it).health
        };
        let found = [Some(2), Some(3), Some(4)].map(of);
        assert_eq!(found, [Health::Warning, Health::Ok, Health::Failed]);
    }
}
