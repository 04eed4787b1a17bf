//! Everything that `user.redb` holds about a person, for them to read (GDPR, article 15).
//!
//! Lists are handed out in pieces, each read from a snapshot of its own that is gone before the piece is sent.
//! Whoever adds a table of things about people adds what it holds of them here.

use std::ops::{Bound, ControlFlow};

use serde_json::{Value, json};

use super::{
    UserError, UserService,
    attendance::changes_of_user,
    records::{Attendance, AttendanceChange, Event},
    tables::{ATTENDANCE, EVENTS, EXPECTED, HISTORY, PROFILES, REFUSALS},
};
use crate::{
    ids::UserId,
    store::{Direction, Reader, StoreError},
};

/// How many rows are looked at for one piece.
const PIECE: usize = 512;

/// A list of things about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalDataList {
    /// What is held of them at events, the oldest first.
    Attendance,
    /// How often events refused their scans.
    RefusedScans,
    /// The events that expect them by name.
    ExpectedAt,
    /// The events that they made.
    EventsCreated,
}

/// Where a walk along such a list is: the last row that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttendanceCursor {
    /// Of attendance, when it was recorded.
    time: i64,
    /// The number of the event.
    event: u32,
}

/// A piece of a list, and where it goes on; nothing at the end.
type Piece = (Vec<Value>, Option<AttendanceCursor>);

impl UserService {
    /// What a person calls themselves; nothing when they have no profile yet.
    ///
    /// # Errors
    /// The store's.
    pub fn held_profile(&self, id: UserId) -> Result<Option<Value>, UserError> {
        let profile = PROFILES.get(&self.store.read()?, id.0)?;
        Ok(profile.map(|profile| {
            json!({
                "name": profile.name,
                "surname": profile.surname,
                "language": profile.language.code(),
                "created_at": profile.created_at.to_string(),
            })
        }))
    }

    /// The next things of a list about a person, and where it goes on; nothing at the end. On the blocking
    /// pool.
    ///
    /// # Errors
    /// The store's.
    pub async fn personal_data_of(
        &self,
        id: UserId,
        list: PersonalDataList,
        after: Option<AttendanceCursor>,
    ) -> Result<Piece, UserError> {
        let read = move |snapshot: &_| match list {
            PersonalDataList::Attendance => attendance(snapshot, id, after),
            _ => of_events(snapshot, id, list, after.map(|after| after.event)),
        };
        Ok(self.store.read_range(read).await?)
    }
}

fn attendance(
    reader: &impl Reader,
    id: UserId,
    after: Option<AttendanceCursor>,
) -> Result<Piece, StoreError> {
    let first = after
        .map_or(Bound::Included((id.0, i64::MIN, 0)), |AttendanceCursor { time, event }| {
            Bound::Excluded((id.0, time, event))
        });
    let range = (first, Bound::Included((id.0, i64::MAX, u32::MAX)));
    let attended = HISTORY.collect(reader, range, Direction::Ascending, PIECE, |key, ()| key)?;
    let last = attended.last().filter(|_| attended.len() == PIECE);
    let next = last.map(|(_, time, event)| AttendanceCursor { time: *time, event: *event });
    let mut things = Vec::with_capacity(attended.len());
    for (_, _, number) in attended {
        let event = EVENTS.get(reader, number)?;
        if let (Some(event), Some(row)) = (event, ATTENDANCE.get(reader, (number, id.0))?) {
            let changes = changes_of_user(reader, number, id)?;
            things.push(of_attendance(&event, &row, &changes));
        }
    }
    Ok((things, next))
}

fn of_events(
    reader: &impl Reader,
    id: UserId,
    list: PersonalDataList,
    after: Option<u32>,
) -> Result<Piece, StoreError> {
    let first = after.map_or(Bound::Unbounded, Bound::Excluded);
    let (mut things, mut examined, mut next, mut failed) = (Vec::new(), 0, None, Ok(()));
    EVENTS.visit(
        reader,
        (first, Bound::<u32>::Unbounded),
        Direction::Ascending,
        |number, event| {
            match of_one_event(reader, id, list, number, &event) {
                Ok(thing) => things.extend(thing),
                Err(error) => {
                    failed = Err(error);
                    return ControlFlow::Break(());
                }
            }
            examined += 1;
            if examined == PIECE {
                next = Some(AttendanceCursor { time: 0, event: number });
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        },
    )?;
    failed.map(|()| (things, next))
}

/// What an event has to do with a person, as far as the list asks for it.
fn of_one_event(
    reader: &impl Reader,
    id: UserId,
    list: PersonalDataList,
    number: u32,
    event: &Event,
) -> Result<Option<Value>, StoreError> {
    Ok(match list {
        PersonalDataList::RefusedScans => REFUSALS.get(reader, (number, id.0))?.map(|refused| {
            json!({
                "event_id": event.event_id,
                "event_name": event.name,
                "times": refused.count,
                "last_reason": refused.last.code(),
                "first_at": refused.first_at.to_string(),
                "last_at": refused.last_at.to_string(),
            })
        }),
        PersonalDataList::ExpectedAt => {
            EXPECTED.contains(reader, (number, id.0))?.then(|| of_event(event))
        }
        PersonalDataList::EventsCreated => (event.created_by == id).then(|| of_event(event)),
        PersonalDataList::Attendance => None,
    })
}

fn of_event(event: &Event) -> Value {
    json!({ "event_id": event.event_id, "event_name": event.name, "date": event.date })
}

fn of_attendance(event: &Event, row: &Attendance, changes: &[(u64, AttendanceChange)]) -> Value {
    let changes: Vec<_> = changes.iter().map(|(_, change)| of_change(change)).collect();
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
        "changes": changes,
    })
}

/// A change as its user reads it: where it came from only when they made it themselves.
fn of_change(change: &AttendanceChange) -> Value {
    let own = change.origin.as_ref().filter(|_| change.by == change.user);
    json!({
        "at": change.at.to_string(),
        "status": change.after.as_ref().map(|row| row.status.as_str()),
        "by": change.by.0,
        "network": own.map(|origin| origin.network.as_str()),
    })
}
