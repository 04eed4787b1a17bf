//! Everything that `user.redb` holds about a person, for them to read (GDPR, article 15).
//!
//! Whoever adds a table of things about people adds what it holds of them here.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::{
    UserError, UserService,
    records::{Attendance, Event},
    tables::{ATTENDANCE, EVENTS, EXPECTED, HISTORY, PROFILES, REFUSALS},
};
use crate::{
    ids::UserId,
    store::{Direction, Snapshot, StoreError},
};

/// What this file holds about a person.
#[derive(Debug, Default)]
pub struct HeldByUser {
    /// What they call themselves; nothing when they have no profile yet.
    pub profile: Option<Value>,
    /// What is held of them at events, the oldest first.
    pub attendance: Vec<Value>,
    /// How often events refused their scans.
    pub refused_scans: Vec<Value>,
    /// The events that expect them by name.
    pub expected_at: Vec<Value>,
    /// The events that they made.
    pub events_created: Vec<Value>,
}

impl UserService {
    /// Everything that this file holds about a person. Reads every event once, on the blocking pool.
    ///
    /// # Errors
    /// The store's.
    pub async fn held_about(&self, id: UserId) -> Result<HeldByUser, UserError> {
        Ok(self.store.read_range(move |snapshot| held(snapshot, id)).await?)
    }
}

fn held(snapshot: &Snapshot, id: UserId) -> Result<HeldByUser, StoreError> {
    let profile = PROFILES.get(snapshot, id.0)?.map(|profile| {
        json!({
            "name": profile.name,
            "surname": profile.surname,
            "language": profile.language.code(),
            "created_at": profile.created_at.to_string(),
        })
    });
    let mut held = HeldByUser { profile, ..HeldByUser::default() };
    let mut attended = Vec::new();
    let history = (id.0, i64::MIN, 0)..=(id.0, i64::MAX, u32::MAX);
    HISTORY.visit(snapshot, history, Direction::Ascending, |(_, _, number), ()| {
        attended.push(number);
        ControlFlow::Continue(())
    })?;
    for number in attended {
        let event = EVENTS.get(snapshot, number)?;
        if let (Some(event), Some(row)) = (event, ATTENDANCE.get(snapshot, (number, id.0))?) {
            held.attendance.push(of_attendance(&event, &row));
        }
    }
    let events =
        EVENTS.collect(snapshot, 0_u32.., Direction::Ascending, usize::MAX, |number, event| {
            (number, event)
        })?;
    for (number, event) in events {
        if let Some(refused) = REFUSALS.get(snapshot, (number, id.0))? {
            held.refused_scans.push(json!({
                "event_id": event.event_id,
                "event_name": event.name,
                "times": refused.count,
                "last_reason": refused.last.code(),
                "first_at": refused.first_at.to_string(),
                "last_at": refused.last_at.to_string(),
            }));
        }
        if EXPECTED.contains(snapshot, (number, id.0))? {
            held.expected_at.push(of_event(&event));
        }
        if event.created_by == id {
            held.events_created.push(of_event(&event));
        }
    }
    Ok(held)
}

fn of_event(event: &Event) -> Value {
    json!({ "event_id": event.event_id, "event_name": event.name, "date": event.date })
}

fn of_attendance(event: &Event, row: &Attendance) -> Value {
    json!({
        "event_id": event.event_id,
        "event_name": event.name,
        "date": event.date,
        "status": row.status.as_str(),
        "scanned_at": row.scanned_at.to_string(),
        "minutes_late": row.minutes_late,
        "source": row.source.as_str(),
        "updated_at": row.updated_at.map(|time| time.to_string()),
        "updated_by": row.updated_by.map(|id| id.0),
        "reason": row.reason,
    })
}
