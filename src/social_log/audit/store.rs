//! Where the chain lies in the file.

use std::ops::ControlFlow;

use super::{
    chain::Walk,
    model::{AuditFilter, Entry, Head},
    rules::lets_through,
};
use crate::{
    ids::RandomId,
    social_log::{
        Page,
        store::{Window, newest_first},
        tables::{AUDIT, AUDIT_BY_ID, AUDIT_HEAD},
    },
    store::{Direction, Edit, Reader, StoreError},
};

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
pub(super) fn append(edit: &Edit<'_>, entries: &[Entry]) -> Result<(), StoreError> {
    for entry in entries {
        AUDIT.put(edit, entry.sequence, entry)?;
        AUDIT_BY_ID.put(edit, key_of(entry.id), &entry.sequence)?;
    }
    entries.last().map_or(Ok(()), |last| AUDIT_HEAD.put(edit, (), &last.head()))
}

/// The newest entries that a filter lets through.
pub(super) fn newest(
    reader: &impl Reader,
    window: Window,
    filter: &AuditFilter,
) -> Result<Page<Entry>, StoreError> {
    newest_first(&AUDIT, reader, window, |entry| lets_through(filter, entry))
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
