//! The steps that a `user.redb` has taken, in order. A released step never changes; a new one is
//! added at the end.

use super::tables::{
    ATTENDANCE, DISPLAYS, DISPLAYS_BY_EVENT, ERASED, EVENT_CLOSINGS, EVENT_IDS, EVENT_NAMES,
    EVENTS, EXPECTED, HISTORY, PROFILES, REFUSALS, SPENT_HOLDS, TALLIES,
};
use crate::{
    audit_event::create_outbox,
    store::{Edit, Migration, StoreError},
};

/// For [`crate::store::Store::open`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "create profiles, events and attendance", apply: create_tables },
    Migration { name: "display tokens", apply: create_displays },
    Migration { name: "remember who was erased", apply: remember_erased },
    Migration { name: "remember which holds are spent", apply: remember_spent_holds },
];

fn create_tables(edit: &Edit<'_>) -> Result<(), StoreError> {
    create_outbox(edit)?;
    PROFILES.create(edit)?;
    EVENTS.create(edit)?;
    EVENT_IDS.create(edit)?;
    EVENT_NAMES.create(edit)?;
    EVENT_CLOSINGS.create(edit)?;
    EXPECTED.create(edit)?;
    ATTENDANCE.create(edit)?;
    HISTORY.create(edit)?;
    TALLIES.create(edit)?;
    REFUSALS.create(edit)
}

fn create_displays(edit: &Edit<'_>) -> Result<(), StoreError> {
    DISPLAYS.create(edit)?;
    DISPLAYS_BY_EVENT.create(edit)
}

fn remember_erased(edit: &Edit<'_>) -> Result<(), StoreError> {
    ERASED.create(edit)
}

fn remember_spent_holds(edit: &Edit<'_>) -> Result<(), StoreError> {
    SPENT_HOLDS.create(edit)
}
