//! The steps that a `user.redb` has taken, in order. A released step never changes; a new one is
//! added at the end.

use super::tables::{
    ATTENDANCE, DISPLAYS, DISPLAYS_BY_EVENT, ERASED, EVENT_CLOSINGS, EVENT_IDS, EVENT_NAMES,
    EVENTS, EXPECTED, HISTORY, PROFILES, REFUSALS, SPENT_HOLDS, TALLIES,
};
use crate::{
    audit_event::create_outbox,
    store::{Migration, StoreError, WriteTxn},
};

/// For [`crate::store::Store::open`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "create profiles, events and attendance", apply: create_tables },
    Migration { name: "display tokens", apply: create_displays },
    Migration { name: "remember who was erased", apply: remember_erased },
    Migration { name: "remember which holds are spent", apply: remember_spent_holds },
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
