//! The tables of an event, kept in step: whoever adds or removes one goes through here.

use super::{
    super::{
        attendance::{Statistics, remove_changes_of},
        displays,
        records::{Event, OpenFrom},
        tables::{
            ATTENDANCE, EVENT_CLOSINGS, EVENT_IDS, EVENT_NAMES, EVENTS, EXPECTED, HISTORY,
            REFUSALS, TALLIES,
        },
    },
    rules::{LONGEST_MINUTES, same_name_key},
    slug,
    view::EventView,
};
use crate::{
    clock::Time,
    ids::UserId,
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// The event that a public id names, with its number.
pub(crate) fn by_id(
    reader: &impl Reader,
    event_id: &str,
) -> Result<Option<(u32, Event)>, StoreError> {
    let Some(number) = EVENT_IDS.get(reader, event_id)? else { return Ok(None) };
    Ok(EVENTS.get(reader, number)?.map(|event| (number, event)))
}

/// The event of a name on a date.
pub(super) fn by_name(
    reader: &impl Reader,
    name: &str,
    date: &str,
) -> Result<Option<Event>, StoreError> {
    let key = same_name_key(name);
    match EVENT_NAMES.get(reader, (date, key.as_str()))? {
        Some(number) => EVENTS.get(reader, number),
        None => Ok(None),
    }
}

/// A public id of a name and a date that no event has: the next one, however many there are.
pub(super) fn free_id(reader: &impl Reader, name: &str, date: &str) -> Result<String, StoreError> {
    let id = |ordinal| slug::event_id(name, date, ordinal);
    let ordinal = free_ordinal(|ordinal| EVENT_IDS.contains(reader, id(ordinal).as_str()))?;
    Ok(id(ordinal))
}

/// A number from 1 that is free after one that is taken, found by doubling and then halving: nobody can slow the
/// writer down by taking a thousand of them.
fn free_ordinal(is_taken: impl Fn(u32) -> Result<bool, StoreError>) -> Result<u32, StoreError> {
    let (mut taken, mut free) = (0, 1_u32);
    while is_taken(free)? {
        taken = free;
        free = free.checked_mul(2).ok_or_else(|| {
            StoreError::Refused("the ids of this name and date are used up".to_owned())
        })?;
    }
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        if is_taken(middle)? { taken = middle } else { free = middle }
    }
    Ok(free)
}

/// The events that take scans at a moment as far as their schedule goes, active or not.
pub(crate) fn open_at(reader: &impl Reader, at: Time) -> Result<Vec<(u32, Event)>, StoreError> {
    let longest = at.plus_minutes(LONGEST_MINUTES);
    let closing = (at.as_millis().saturating_add(1), 0)..=(longest.as_millis(), u32::MAX);
    let numbers = EVENT_CLOSINGS.collect(
        reader,
        closing,
        Direction::Ascending,
        usize::MAX,
        |(_, number), OpenFrom(opens_at)| (opens_at <= at).then_some(number),
    )?;
    let mut open = Vec::new();
    for number in numbers.into_iter().flatten() {
        open.extend(EVENTS.get(reader, number)?.map(|event| (number, event)));
    }
    Ok(open)
}

/// A page of events in outline, the newest first, older than `before`.
pub(super) fn newest(
    reader: &impl Reader,
    before: Option<u32>,
    limit: usize,
    now: Time,
) -> Result<Vec<EventView>, StoreError> {
    let range = ..before.unwrap_or(u32::MAX);
    let pair = |number, event| (number, event);
    let events = EVENTS.collect(reader, range, Direction::Descending, limit, pair)?;
    events.into_iter().map(|(number, event)| outline(reader, number, event, now)).collect()
}

/// An event with its statistics, and without the list of those who are expected, which may be long.
fn outline(
    reader: &impl Reader,
    number: u32,
    event: Event,
    now: Time,
) -> Result<EventView, StoreError> {
    let tally = TALLIES.get(reader, number)?.unwrap_or_default();
    let statistics = Statistics::of(&tally, event.expected, event.schedule.phase(now));
    Ok(EventView { number, event, expected: None, statistics })
}

/// An event with what belongs to it.
pub(super) fn view(
    reader: &impl Reader,
    number: u32,
    event: Event,
    now: Time,
) -> Result<EventView, StoreError> {
    let expected = match event.expected {
        None => None,
        Some(_) => Some(EXPECTED.collect(
            reader,
            (number, 0)..=(number, u64::MAX),
            Direction::Ascending,
            usize::MAX,
            |(_, user), ()| UserId(user),
        )?),
    };
    Ok(EventView { expected, ..outline(reader, number, event, now)? })
}

/// Adds an event under the next number.
pub(super) fn insert(
    txn: &WriteTxn<'_>,
    event: &Event,
    expected: &[UserId],
) -> Result<u32, StoreError> {
    let number = u32::try_from(txn.next_number("events")?)
        .map_err(|_| StoreError::Refused("the event numbers are used up".to_owned()))?;
    EVENTS.put(txn, number, event)?;
    EVENT_IDS.put(txn, event.event_id.as_str(), &number)?;
    EVENT_NAMES.put(txn, (event.date.as_str(), same_name_key(&event.name).as_str()), &number)?;
    let opens = OpenFrom(event.schedule.opens_at);
    EVENT_CLOSINGS.put(txn, (event.schedule.closes_at.as_millis(), number), &opens)?;
    for user in expected {
        EXPECTED.put(txn, (number, user.0), &())?;
    }
    Ok(number)
}

/// Removes an event and everything that hangs on it.
pub(super) fn remove(txn: &WriteTxn<'_>, number: u32, event: &Event) -> Result<(), StoreError> {
    let people = || (number, 0)..=(number, u64::MAX);
    let history = ATTENDANCE.collect(
        txn,
        people(),
        Direction::Ascending,
        usize::MAX,
        |(_, user), attendance| (user, attendance.scanned_at.as_millis(), number),
    )?;
    for key in history {
        HISTORY.remove(txn, key)?;
    }
    ATTENDANCE.remove_range(txn, people())?;
    remove_changes_of(txn, number)?;
    TALLIES.remove(txn, number)?;
    EXPECTED.remove_range(txn, people())?;
    REFUSALS.remove_range(txn, people())?;
    displays::remove_all_of(txn, number)?;
    EVENT_CLOSINGS.remove(txn, (event.schedule.closes_at.as_millis(), number))?;
    EVENT_NAMES.remove(txn, (event.date.as_str(), same_name_key(&event.name).as_str()))?;
    EVENT_IDS.remove(txn, event.event_id.as_str())?;
    EVENTS.remove(txn, number)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_next_ordinal_of_a_million_is_found_by_looking_at_a_few() {
        for taken in [0, 1, 2, 3, 4, 5, 1_000, 1_048_576, 3_000_000] {
            let looked = Cell::new(0);
            let free = free_ordinal(|ordinal| {
                looked.set(looked.get() + 1);
                Ok(ordinal <= taken)
            });
            assert_eq!(free, Ok(taken + 1));
            assert!(looked.get() <= 50, "{} for {taken}", looked.get());
        }
    }

    #[test]
    fn whatever_was_deleted_the_ordinal_is_free_and_the_last_of_all_is_no_endless_search() {
        let holes = |ordinal: u32| ordinal < 1_000 && !ordinal.is_multiple_of(7);
        let free = free_ordinal(|ordinal| Ok(holes(ordinal))).unwrap();
        assert!(!holes(free));
        assert!(matches!(free_ordinal(|_| Ok(true)), Err(StoreError::Refused(_))));
    }
}
