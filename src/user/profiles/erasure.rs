//! Erasing who somebody was (GDPR, article 17): the part of it that is in this file.
//!
//! The name goes. What somebody attended stays, since it is in the counts of an event and was true; it is
//! under a number that leads to nobody. What staff wrote about it in words goes too, because words may
//! name anybody.

use std::ops::ControlFlow;

use super::super::{
    UserService,
    attendance::{anonymize, changes_of_user},
    error::UserError,
    tables::{ATTENDANCE, ERASED, EVENT_CLOSINGS, EVENTS, EXPECTED, HISTORY, PROFILES, REFUSALS},
};
use crate::{
    audit_event::{self, AuditContext},
    clock::Time,
    ids::UserId,
    store::{Direction, Outcome, Reader, Snapshot, StoreError, WriteTxn},
};

/// The numbers of the events in which something is to be done about somebody.
#[derive(Debug, Clone, Default)]
struct Traces {
    attended: Vec<u32>,
    /// Changes of attendance: event numbers, and the numbers of the changes.
    changes: Vec<(u32, u64)>,
    refused: Vec<u32>,
    expected: Vec<u32>,
}

impl UserService {
    /// Erases whatever says who somebody was. Their account must be gone: then nothing new of them comes
    /// in. Does nothing for whoever was erased before, so it may be asked again after a crash.
    ///
    /// # Errors
    /// The store's.
    pub async fn erase(&self, id: UserId) -> Result<(), UserError> {
        let now = self.clock.now();
        let audit = AuditContext::SYSTEM
            .event(now, "profile.erased", format!("user:{id}"))
            .map_err(|_| UserError::NoRandomness)?;
        // Looked for beforehand: every event has to be asked, and nobody should wait for that.
        let traces = self.store.read_range(move |snapshot| traces(snapshot, id, now)).await?;
        let erased = self.store.submit_from_reserve(move |view| -> Result<_, StoreError> {
            if ERASED.contains(view, id.0)? {
                return Ok(Outcome::<(), UserError>::NoChange(()));
            }
            let (traces, audit) = (traces.clone(), audit.clone());
            Ok(Outcome::commit(move |txn| {
                PROFILES.remove(txn, id.0)?;
                ERASED.put(txn, id.0, &())?;
                traces.erase(txn, id)?;
                audit_event::emit(txn, &audit)
            }))
        });
        erased.await?
    }
}

fn traces(snapshot: &Snapshot, id: UserId, now: Time) -> Result<Traces, StoreError> {
    let mut traces = Traces::default();
    let history = (id.0, i64::MIN, 0)..=(id.0, i64::MAX, u32::MAX);
    HISTORY.visit(snapshot, history, Direction::Ascending, |(_, _, number), ()| {
        traces.attended.push(number);
        ControlFlow::Continue(())
    })?;
    for number in &traces.attended {
        let changes = changes_of_user(snapshot, *number, id)?;
        traces.changes.extend(changes.into_iter().map(|(change, _)| (*number, change)));
    }
    let numbers =
        EVENTS.collect(snapshot, 0_u32.., Direction::Ascending, usize::MAX, |number, _| number)?;
    for number in numbers {
        if REFUSALS.contains(snapshot, (number, id.0))? {
            traces.refused.push(number);
        }
    }
    let open = (now.as_millis(), 0)..;
    let closing = EVENT_CLOSINGS.collect(
        snapshot,
        open,
        Direction::Ascending,
        usize::MAX,
        |(_, number), _| number,
    )?;
    for number in closing {
        if is_only_expected(snapshot, number, id)? {
            traces.expected.push(number);
        }
    }
    Ok(traces)
}

/// Whether an event expects somebody of whom it holds nothing yet.
fn is_only_expected(reader: &impl Reader, number: u32, id: UserId) -> Result<bool, StoreError> {
    let key = (number, id.0);
    Ok(EXPECTED.contains(reader, key)? && !ATTENDANCE.contains(reader, key)?)
}

impl Traces {
    fn erase(&self, txn: &WriteTxn<'_>, id: UserId) -> Result<(), StoreError> {
        for number in &self.attended {
            let key = (*number, id.0);
            if let Some(mut row) = ATTENDANCE.get(txn, key)? {
                (row.nonce, row.reason) = (None, None);
                ATTENDANCE.put(txn, key, &row)?;
            }
        }
        for (number, change) in &self.changes {
            anonymize(txn, *number, *change)?;
        }
        for number in &self.refused {
            REFUSALS.remove(txn, (*number, id.0))?;
        }
        for number in &self.expected {
            // Nobody waits for somebody who is gone: neither the list nor the number of those expected.
            if is_only_expected(txn, *number, id)?
                && let Some(mut event) = EVENTS.get(txn, *number)?
            {
                EXPECTED.remove(txn, (*number, id.0))?;
                event.expected = event.expected.map(|count| count.saturating_sub(1));
                EVENTS.put(txn, *number, &event)?;
            }
        }
        Ok(())
    }
}
