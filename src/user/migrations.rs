//! The steps that a `user.redb` has taken, in order. A released step never changes; a new one is
//! added at the end.

use super::{
    records::{Attendance, AttendanceChange},
    tables::{
        ATTENDANCE, ATTENDANCE_CHANGES, DISPLAYS, DISPLAYS_BY_EVENT, ERASED, EVENT_CLOSINGS,
        EVENT_IDS, EVENT_NAMES, EVENTS, EXPECTED, HISTORY, PROFILES, REFUSALS, SPENT_HOLDS,
        TALLIES,
    },
};
use crate::{
    audit_event::create_outbox,
    ids::UserId,
    store::{Direction, Migration, StoreError, WriteTxn},
};

/// For [`crate::store::Store::open`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "create profiles, events and attendance", apply: create_tables },
    Migration { name: "display tokens", apply: create_displays },
    Migration { name: "remember who was erased", apply: remember_erased },
    Migration { name: "remember which holds are spent", apply: remember_spent_holds },
    Migration { name: "log changes of attendance", apply: log_attendance_changes },
];

fn create_tables(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    create_outbox(txn)?;
    PROFILES.create(txn)?;
    EVENTS.create(txn)?;
    EVENT_IDS.create(txn)?;
    EVENT_NAMES.create(txn)?;
    EVENT_CLOSINGS.create(txn)?;
    EXPECTED.create(txn)?;
    ATTENDANCE.create(txn)?;
    HISTORY.create(txn)?;
    TALLIES.create(txn)?;
    REFUSALS.create(txn)
}

fn create_displays(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    DISPLAYS.create(txn)?;
    DISPLAYS_BY_EVENT.create(txn)
}

fn remember_erased(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    ERASED.create(txn)
}

fn remember_spent_holds(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    SPENT_HOLDS.create(txn)
}

/// Begins the log with what there is: one change for each row, in the order in which they came about.
fn log_attendance_changes(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    ATTENDANCE_CHANGES.create(txn)?;
    let (whole, mut done) = (ATTENDANCE.len(txn)?, 0);
    let all = |number, _| number;
    for number in EVENTS.collect(txn, 0_u32.., Direction::Ascending, usize::MAX, all)? {
        let rows = (number, 0)..=(number, u64::MAX);
        let change = |(_, user), row: Attendance| AttendanceChange {
            at: row.updated_at.unwrap_or(row.scanned_at),
            user: UserId(user),
            by: row.updated_by.unwrap_or(UserId(user)),
            after: Some(Attendance { nonce: None, ..row }),
            origin: None,
        };
        let mut changes =
            ATTENDANCE.collect(txn, rows, Direction::Ascending, usize::MAX, change)?;
        changes.sort_by_key(|change| change.at);
        for (sequence, change) in (1_u64..).zip(&changes) {
            ATTENDANCE_CHANGES.put(txn, (number, sequence), change)?;
            done += 1;
            txn.progress(done, whole);
        }
    }
    Ok(())
}
