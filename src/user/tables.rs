//! Every table of `user.redb`.
//!
//! Keys sort as their tuples do, so that each list that is read in order is one range of one table.
//! Times in keys are milliseconds since the Unix epoch.

use super::records::{
    Attendance, AttendanceChange, DisplayToken, Event, OpenFrom, Profile, RefusalCount, Tally,
};
use crate::{
    audit_event::OUTBOX,
    store::{AnyTable, Table},
};

/// People. Key: the user's id.
pub(crate) const PROFILES: Table<u64, Profile> = Table::new("profiles");

/// People who were erased, so that a profile that was on its way to be made cannot come back. Key: the
/// user's id, which nobody else ever gets.
pub(crate) const ERASED: Table<u64, ()> = Table::new("erased");

/// Events. Key: the event's number, 1, 2, 3 … in the order of creation, never reused.
pub(crate) const EVENTS: Table<u32, Event> = Table::new("events");

/// Which event a public id names. Key: the public id. Value: the event's number.
pub(crate) const EVENT_IDS: Table<&'static str, u32> = Table::new("event_ids");

/// Which event has a name on a date. Key: the date and the name in lower case. Value: its number.
pub(crate) const EVENT_NAMES: Table<(&'static str, &'static str), u32> = Table::new("event_names");

/// Events by when they close, to find those open now. Key: closing time, number. Value: since when
/// it is open.
pub(crate) const EVENT_CLOSINGS: Table<(i64, u32), OpenFrom> = Table::new("event_closings");

/// Who is expected. Key: event number, user id. An event that expects anyone has no row here.
pub(crate) const EXPECTED: Table<(u32, u64), ()> = Table::new("expected");

/// Who was there, or why not. Key: event number, user id.
pub(crate) const ATTENDANCE: Table<(u32, u64), Attendance> = Table::new("attendance");

/// Every change of [`ATTENDANCE`], which is only added to. Key: event number; the number of the change within
/// the event, from 1 without gaps.
pub(crate) const ATTENDANCE_CHANGES: Table<(u32, u64), AttendanceChange> =
    Table::new("attendance_changes");

/// A person's own history. Key: user id, time of the scan, event number.
pub(crate) const HISTORY: Table<(u64, i64, u32), ()> = Table::new("history");

/// How many people have which status, kept beside [`ATTENDANCE`] so that nobody counts rows. Key:
/// event number. An event without attendance has no row here.
pub(crate) const TALLIES: Table<u32, Tally> = Table::new("tallies");

/// Scans that an event refused. Key: event number, user id.
pub(crate) const REFUSALS: Table<(u32, u64), RefusalCount> = Table::new("refusals");

/// Holds that were redeemed, until some minutes after they would have ended. Key: when they were made, event
/// number, id. Value: the user's id.
pub(crate) const SPENT_HOLDS: Table<(i64, u32, u64), u64> = Table::new("spent_holds");

/// The tokens of displays. Key: their id.
pub(crate) const DISPLAYS: Table<u128, DisplayToken> = Table::new("displays");

/// The same by event. Key: event number, the display's id.
pub(crate) const DISPLAYS_BY_EVENT: Table<(u32, u128), ()> = Table::new("displays_by_event");

/// All of them, with the outbox: what a copy and a check of the file go through.
pub static TABLES: &[&dyn AnyTable] = &[
    &PROFILES,
    &EVENTS,
    &EVENT_IDS,
    &EVENT_NAMES,
    &EVENT_CLOSINGS,
    &EXPECTED,
    &ATTENDANCE,
    &ATTENDANCE_CHANGES,
    &HISTORY,
    &TALLIES,
    &REFUSALS,
    &SPENT_HOLDS,
    &DISPLAYS,
    &DISPLAYS_BY_EVENT,
    &ERASED,
    &OUTBOX,
];
