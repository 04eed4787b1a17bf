//! The tables of displays, kept in step.

use std::ops::ControlFlow;

use super::model::{DisplayView, ends_at};
use crate::{
    clock::Time,
    ids::RandomId,
    store::{Direction, Reader, StoreError, WriteTxn},
    user::{
        records::DisplayToken,
        tables::{DISPLAYS, DISPLAYS_BY_EVENT, EVENTS},
    },
};

/// The key of a display in its tables.
pub(super) const fn row(id: RandomId) -> u128 {
    u128::from_be_bytes(id.0)
}

/// The display with this id.
pub(super) fn display(
    reader: &impl Reader,
    id: RandomId,
) -> Result<Option<DisplayToken>, StoreError> {
    DISPLAYS.get(reader, row(id))
}

/// Stores a new display.
pub(super) fn insert(
    txn: &WriteTxn<'_>,
    id: RandomId,
    display: &DisplayToken,
) -> Result<(), StoreError> {
    DISPLAYS_BY_EVENT.put(txn, (display.event, row(id)), &())?;
    DISPLAYS.put(txn, row(id), display)
}

/// Removes a display.
pub(super) fn remove(txn: &WriteTxn<'_>, event: u32, id: RandomId) -> Result<(), StoreError> {
    DISPLAYS_BY_EVENT.remove(txn, (event, row(id)))?;
    DISPLAYS.remove(txn, row(id))?;
    Ok(())
}

/// Removes every display of an event.
pub(in crate::user) fn remove_all_of(txn: &WriteTxn<'_>, event: u32) -> Result<(), StoreError> {
    for id in ids_of(txn, event)? {
        remove(txn, event, id)?;
    }
    Ok(())
}

/// The displays of an event, the oldest first.
pub(super) fn displays_of(
    reader: &impl Reader,
    event: u32,
) -> Result<Vec<DisplayView>, StoreError> {
    let mut displays = Vec::new();
    for id in ids_of(reader, event)? {
        let found = display(reader, id)?;
        displays.extend(found.map(|display| view(id, display)));
    }
    displays.sort_by_key(|display| (display.created_at, display.id));
    Ok(displays)
}

/// A display without its secret.
pub(super) fn view(id: RandomId, display: DisplayToken) -> DisplayView {
    let DisplayToken { note, created_at, created_by, .. } = display;
    DisplayView { id, note, created_at, created_by }
}

/// The displays, with their events, that show nothing any more.
pub(super) fn ended(reader: &impl Reader, now: Time) -> Result<Vec<(u32, RandomId)>, StoreError> {
    let mut all = Vec::new();
    let range = (0, u128::MIN)..=(u32::MAX, u128::MAX);
    DISPLAYS_BY_EVENT.visit(reader, range, Direction::Ascending, |(event, id), ()| {
        all.push((event, RandomId(id.to_be_bytes())));
        ControlFlow::Continue(())
    })?;
    let mut ended = Vec::new();
    for (event, id) in all {
        let goes_on = EVENTS.get(reader, event)?.is_some_and(|e| now < ends_at(&e.schedule));
        if !goes_on {
            ended.push((event, id));
        }
    }
    Ok(ended)
}

fn ids_of(reader: &impl Reader, event: u32) -> Result<Vec<RandomId>, StoreError> {
    let range = (event, u128::MIN)..=(event, u128::MAX);
    DISPLAYS_BY_EVENT.collect(reader, range, Direction::Ascending, usize::MAX, |(_, id), ()| {
        RandomId(id.to_be_bytes())
    })
}
