//! The log of changes of an event's attendance: what the event holds of whom, since when, by whom, and where
//! the request came from.
//!
//! The log is only added to. Each change has the next number of its event, from 1 without gaps, so a reader who
//! has seen a number goes on behind it. What a user's row was before a change is what the user's change before
//! left. When a user is erased their changes stay, as their rows do, without words and without their origin.

use std::ops::ControlFlow;

use super::super::{
    records::{Attendance, AttendanceChange},
    tables::ATTENDANCE_CHANGES,
};
use crate::{
    ids::UserId,
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// Adds a change to the log of an event, under the next number.
pub(super) fn append(
    txn: &WriteTxn<'_>,
    event: u32,
    change: AttendanceChange,
) -> Result<(), StoreError> {
    let all = (event, 0)..=(event, u64::MAX);
    let last = ATTENDANCE_CHANGES.collect(txn, all, Direction::Descending, 1, |key, _| key.1)?;
    let next = last.first().map_or(1, |last| last + 1);
    // The nonce is for the row alone: it tells a scan that is sent again.
    let after = change.after.map(|row| Attendance { nonce: None, ..row });
    ATTENDANCE_CHANGES.put(txn, (event, next), &AttendanceChange { after, ..change })
}

/// The changes of a user at an event, with their numbers, the oldest first.
pub(in super::super) fn of_user(
    reader: &impl Reader,
    event: u32,
    user: UserId,
) -> Result<Vec<(u64, AttendanceChange)>, StoreError> {
    let all = (event, 0)..=(event, u64::MAX);
    let mut changes = Vec::new();
    ATTENDANCE_CHANGES.visit(reader, all, Direction::Ascending, |(_, number), change| {
        if change.user == user {
            changes.push((number, change));
        }
        ControlFlow::Continue(())
    })?;
    Ok(changes)
}

/// Takes away from a change what may say who the user is: words, and where the request came from.
pub(in super::super) fn anonymize(
    txn: &WriteTxn<'_>,
    event: u32,
    number: u64,
) -> Result<(), StoreError> {
    let Some(change) = ATTENDANCE_CHANGES.get(txn, (event, number))? else { return Ok(()) };
    let after = change.after.map(|row| Attendance { reason: None, ..row });
    let change = AttendanceChange { after, origin: None, ..change };
    ATTENDANCE_CHANGES.put(txn, (event, number), &change)
}

/// Removes the log of an event that is deleted.
pub(in super::super) fn remove_all_of(txn: &WriteTxn<'_>, event: u32) -> Result<(), StoreError> {
    ATTENDANCE_CHANGES.remove_range(txn, (event, 0)..=(event, u64::MAX))
}
