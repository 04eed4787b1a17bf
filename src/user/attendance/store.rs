//! The tables of attendance, kept in step: rows, each person's history, the tally, the refusals.

use super::{
    super::{
        codes::{HoldTerms, PresentedHold, ScanRefusal, oldest_live_hold},
        records::{Attendance, AttendanceChange, ChangeOrigin, Event, RefusalCount},
        tables::{ATTENDANCE, EVENTS, EXPECTED, HISTORY, REFUSALS, SPENT_HOLDS, TALLIES},
    },
    changes,
    rules::Admission,
};
use crate::{
    clock::Time,
    ids::UserId,
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// The event of a number.
pub(super) fn event(reader: &impl Reader, number: u32) -> Result<Option<Event>, StoreError> {
    EVENTS.get(reader, number)
}

/// What an event holds of a person.
pub(super) fn row(
    reader: &impl Reader,
    number: u32,
    person: UserId,
) -> Result<Option<Attendance>, StoreError> {
    ATTENDANCE.get(reader, (number, person.0))
}

/// What stands between a person, or somebody who is not known yet, and an event.
pub(super) fn admission(
    reader: &impl Reader,
    number: u32,
    event: &Event,
    person: Option<UserId>,
) -> Result<Admission, StoreError> {
    let is_admitted = match (event.expected, person) {
        (Some(_), Some(person)) => EXPECTED.contains(reader, (number, person.0))?,
        _ => true,
    };
    Ok(Admission { schedule: event.schedule, is_active: event.is_active, is_admitted })
}

/// A person's history since a moment, the newest first, older than `before`: times with event
/// numbers.
pub(super) fn history(
    reader: &impl Reader,
    person: UserId,
    since: Time,
    before: Option<(i64, u32)>,
    limit: usize,
) -> Result<Vec<(i64, u32)>, StoreError> {
    let (time, number) = before.unwrap_or((i64::MAX, u32::MAX));
    let range = (person.0, since.as_millis(), 0)..(person.0, time, number);
    HISTORY.collect(reader, range, Direction::Descending, limit, |(_, time, number), ()| {
        (time, number)
    })
}

/// A person's last rows, the newest first.
pub(super) fn recent(
    reader: &impl Reader,
    person: UserId,
    limit: usize,
) -> Result<Vec<(u32, Attendance)>, StoreError> {
    let mut rows = Vec::new();
    for (_, number) in history(reader, person, Time::EPOCH, None, limit)? {
        rows.extend(row(reader, number, person)?.map(|attendance| (number, attendance)));
    }
    Ok(rows)
}

/// Adds the first row of a person at an event, and logs it; `origin` is the request that it came with.
pub(super) fn insert(
    txn: &WriteTxn<'_>,
    number: u32,
    person: UserId,
    attendance: &Attendance,
    origin: ChangeOrigin,
    now: Time,
) -> Result<(), StoreError> {
    let (after, origin) = (Some(attendance.clone()), Some(origin));
    let change = AttendanceChange { at: now, user: person, after, by: person, origin };
    changes::append(txn, number, change)?;
    ATTENDANCE.put(txn, (number, person.0), attendance)?;
    HISTORY.put(txn, (person.0, attendance.scanned_at.as_millis(), number), &())?;
    let is_expected = EXPECTED.contains(txn, (number, person.0))?;
    let mut tally = TALLIES.get(txn, number)?.unwrap_or_default();
    tally.add(attendance.status, is_expected);
    TALLIES.put(txn, number, &tally)
}

/// Who has redeemed a hold; nobody so far when it is not there.
pub(super) fn spent_by(
    reader: &impl Reader,
    hold: &PresentedHold,
) -> Result<Option<UserId>, StoreError> {
    Ok(SPENT_HOLDS.get(reader, key_of(hold))?.map(UserId))
}

/// How many holds that have ended are forgotten for each that is spent.
const FORGOTTEN_AT_ONCE: usize = 8;

/// Remembers that a hold was redeemed, and forgets some that nobody can redeem any more.
pub(super) fn spend(
    txn: &WriteTxn<'_>,
    hold: &PresentedHold,
    person: UserId,
    now: Time,
) -> Result<(), StoreError> {
    let over = ..(oldest_live_hold(now).as_millis(), 0, 0);
    let over =
        SPENT_HOLDS.collect(txn, over, Direction::Ascending, FORGOTTEN_AT_ONCE, |key, _| key)?;
    for key in over {
        SPENT_HOLDS.remove(txn, key)?;
    }
    SPENT_HOLDS.put(txn, key_of(hold), &person.0)
}

fn key_of(hold: &PresentedHold) -> (i64, u32, u64) {
    let HoldTerms { issued_at, id, .. } = hold.terms;
    (issued_at.as_millis(), hold.number, u64::from_be_bytes(id))
}

/// Counts one more refusal.
pub(super) fn count_refusal(
    txn: &WriteTxn<'_>,
    number: u32,
    person: UserId,
    refusal: ScanRefusal,
    now: Time,
) -> Result<(), StoreError> {
    let key = (number, person.0);
    let counted = match REFUSALS.get(txn, key)? {
        Some(before) => RefusalCount {
            last: refusal,
            count: before.count.saturating_add(1),
            last_at: now,
            ..before
        },
        None => RefusalCount { last: refusal, count: 1, first_at: now, last_at: now },
    };
    REFUSALS.put(txn, key, &counted)
}
