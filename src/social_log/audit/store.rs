//! Where the chain lies in the file.

use std::ops::ControlFlow;

use super::{
    chain::Walk,
    model::{AuditFilter, Entry, Head},
    rules::lets_through,
};
use crate::{
    clock::Time,
    ids::RandomId,
    social_log::{
        Page,
        store::{Window, newest_first},
        tables::{AUDIT, AUDIT_BY_ID, AUDIT_HEAD},
    },
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// How far entries may be out of order: two files hand theirs over each in its own time.
const OUT_OF_ORDER_SECONDS: i64 = 600;
/// How many entries a walk reads from one snapshot.
const CHUNK: usize = 4_096;

/// Where the chain ends.
pub(super) fn head(reader: &impl Reader) -> Result<Head, StoreError> {
    let missing = || StoreError::Corrupt { table: "audit_head", reason: "missing".to_owned() };
    AUDIT_HEAD.get(reader, ())?.ok_or_else(missing)
}

/// Whether the chain holds this event.
pub(super) fn is_known(reader: &impl Reader, id: RandomId) -> Result<bool, StoreError> {
    AUDIT_BY_ID.contains(reader, key_of(id))
}

/// Adds entries that were linked to the chain's head, in order.
pub(super) fn append(txn: &WriteTxn<'_>, entries: &[Entry]) -> Result<(), StoreError> {
    for entry in entries {
        AUDIT.put(txn, entry.sequence, entry)?;
        AUDIT_BY_ID.put(txn, key_of(entry.id), &entry.sequence)?;
    }
    entries.last().map_or(Ok(()), |last| AUDIT_HEAD.put(txn, (), &last.head()))
}

/// The newest entries that a filter lets through.
pub(super) fn newest(
    reader: &impl Reader,
    window: Window,
    filter: &AuditFilter,
) -> Result<Page<Entry>, StoreError> {
    let length = |entry: &Entry| {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        length(&entry.before) + length(&entry.after)
    };
    newest_first(&AUDIT, reader, window, length, |entry| lets_through(filter, entry))
}

/// How often each of some actions happened since each of some moments, which come latest first.
/// Entries are looked at from the newest back; moments that `most` of them do not reach get nothing.
pub(super) fn tally(
    reader: &impl Reader,
    since: &[Time],
    actions: &[&str],
    most: usize,
) -> Result<Vec<Option<Vec<u64>>>, StoreError> {
    let mut counts = vec![vec![0; actions.len()]; since.len()];
    let earliest = since.iter().min().copied().unwrap_or(Time::MAX);
    let earliest = earliest.plus_seconds(-OUT_OF_ORDER_SECONDS);
    let (mut examined, mut unexamined) = (0, None);
    AUDIT.visit(reader, 0_u64.., Direction::Descending, |_, entry| {
        if entry.time < earliest {
            return ControlFlow::Break(());
        }
        if examined == most {
            unexamined = Some(entry.time.plus_seconds(OUT_OF_ORDER_SECONDS));
            return ControlFlow::Break(());
        }
        examined += 1;
        let action = actions.iter().position(|action| *action == entry.action);
        for (since, counts) in since.iter().zip(&mut counts) {
            if let Some(count) = action.and_then(|action| counts.get_mut(action))
                && entry.time >= *since
            {
                *count += 1;
            }
        }
        ControlFlow::Continue(())
    })?;
    let is_whole = |since: &Time| unexamined.is_none_or(|time| time < *since);
    Ok(since.iter().zip(counts).map(|(since, counts)| is_whole(since).then_some(counts)).collect())
}

/// Takes a walk further along the chain by one chunk; says whether it is over.
pub(super) fn walk_on(reader: &impl Reader, walk: &mut Walk) -> Result<bool, StoreError> {
    let mut left = CHUNK;
    let visited = AUDIT.visit(reader, walk.next().., Direction::Ascending, |key, entry| {
        left -= 1;
        walk.step(key, &entry)?;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match visited {
        Err(StoreError::Corrupt { .. }) => walk.unreadable(),
        Err(error) => return Err(error),
        Ok(()) if left > 0 => walk.end(readable(AUDIT_HEAD.get(reader, ()))?),
        Ok(()) => return Ok(walk.flow().is_break()),
    }
    Ok(true)
}

/// A head that does not read is as good as none.
fn readable(head: Result<Option<Head>, StoreError>) -> Result<Option<Head>, StoreError> {
    match head {
        Err(StoreError::Corrupt { .. }) => Ok(None),
        head => head,
    }
}

const fn key_of(id: RandomId) -> u128 {
    u128::from_be_bytes(id.0)
}
