//! Use cases of reading attendance: one's own, and an event's.

use std::ops::ControlFlow;

use jiff::tz::TimeZone;

use super::{
    super::{
        UserService,
        error::UserError,
        events,
        records::{Attendance, Event, Profile},
        tables::{ATTENDANCE, PROFILES, TALLIES},
    },
    model::AttendanceStatus,
    statistics::Statistics,
    store,
};
use crate::{
    clock::Time,
    ids::UserId,
    language::{Language, Text},
    store::{Direction, Reader, Snapshot, StoreError},
};

/// One person at one event, with the words for both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttendanceRow {
    /// The event's number.
    pub number: u32,
    /// The event's public id.
    pub event_id: String,
    /// The event's name.
    pub event_name: String,
    /// Who.
    pub person: UserId,
    /// Their given name; empty when they were deleted.
    pub name: String,
    /// Their family name; likewise.
    pub surname: String,
    /// Whether they were deleted: what they attended stays, under no name.
    pub is_deleted: bool,
    /// What is held of them.
    pub attendance: Attendance,
}

impl AttendanceRow {
    fn new(
        number: u32,
        event: &Event,
        person: UserId,
        profile: Option<&Profile>,
        attendance: Attendance,
    ) -> Self {
        Self {
            number,
            event_id: event.event_id.clone(),
            event_name: event.name.clone(),
            person,
            name: profile.map(|profile| profile.name.clone()).unwrap_or_default(),
            surname: profile.map(|profile| profile.surname.clone()).unwrap_or_default(),
            is_deleted: profile.is_none(),
            attendance,
        }
    }

    /// The given name, or what a reader of `language` sees in the place of one that was erased.
    pub fn shown_name(&self, language: Language) -> &str {
        static DELETED: Text = Text::fixed("Deleted person", "Persona eliminata");
        if self.is_deleted { DELETED.in_language(language) } else { &self.name }
    }
}

/// Where a page of a person's history left off: time of the scan, event number.
type HistoryKey = (i64, u32);

/// No event that is dated today took a scan longer ago: today began at most 25 hours ago in its zone,
/// and it opened at most a day before that.
const TODAY_REACHES_BACK_MINUTES: i64 = 3 * 24 * 60;

impl UserService {
    /// A page of a person's own history, the newest first, older than `before`.
    ///
    /// # Errors
    /// The store's.
    pub async fn history(
        &self,
        person: UserId,
        before: Option<(i64, u32)>,
        limit: usize,
    ) -> Result<Vec<AttendanceRow>, UserError> {
        let read = move |snapshot: &Snapshot| {
            let keys = store::history(snapshot, person, Time::EPOCH, before, limit)?;
            own_rows(snapshot, person, keys, |_| true)
        };
        Ok(self.store.read_range(read).await?)
    }

    /// A person's rows of today's events. Each event has its own today, that of its zone; the date
    /// beside the rows is that of the configured zone.
    ///
    /// # Errors
    /// The store's.
    pub async fn today(&self, person: UserId) -> Result<(String, Vec<AttendanceRow>), UserError> {
        let now = self.clock.now();
        let rows = self.store.read_range(move |snapshot| {
            let since = now.plus_minutes(-TODAY_REACHES_BACK_MINUTES);
            let keys = store::history(snapshot, person, since, None, usize::MAX)?;
            own_rows(snapshot, person, keys, |event| {
                date_in(&event.timezone, now).is_some_and(|today| today == event.date)
            })
        });
        let date = date_in(&self.config.timezone, now).unwrap_or_default();
        Ok((date, rows.await?))
    }

    /// A page of an event's rows by user id, from the one after `after`, with a status when one is
    /// given; and the event's figures.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`], or the store's.
    pub async fn attendance(
        &self,
        event_id: String,
        status: Option<AttendanceStatus>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<(Vec<AttendanceRow>, Statistics), UserError> {
        let now = self.clock.now();
        let read = self.store.read_range(move |snapshot| {
            let Some((number, event)) = events::by_id(snapshot, &event_id)? else {
                return Ok(None);
            };
            let rows = rows_of(snapshot, number, &event, status, after, limit)?;
            Ok(Some((rows, statistics(snapshot, number, &event, now)?)))
        });
        read.await?.ok_or(UserError::EventNotFound)
    }

    /// An event's figures.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`], or the store's.
    pub fn statistics(&self, event_id: &str) -> Result<Statistics, UserError> {
        let snapshot = self.store.read()?;
        let found = events::by_id(&snapshot, event_id)?;
        let (number, event) = found.ok_or(UserError::EventNotFound)?;
        Ok(statistics(&snapshot, number, &event, self.clock.now())?)
    }
}

fn statistics(
    reader: &impl Reader,
    number: u32,
    event: &Event,
    now: Time,
) -> Result<Statistics, StoreError> {
    let tally = TALLIES.get(reader, number)?.unwrap_or_default();
    Ok(Statistics::of(&tally, event.expected, event.schedule.phase(now)))
}

fn own_rows(
    snapshot: &Snapshot,
    person: UserId,
    keys: Vec<HistoryKey>,
    keep: impl Fn(&Event) -> bool,
) -> Result<Vec<AttendanceRow>, StoreError> {
    let profile = PROFILES.get(snapshot, person.0)?;
    let mut rows = Vec::with_capacity(keys.len());
    for (_, number) in keys {
        if let Some(event) = store::event(snapshot, number)?
            && keep(&event)
            && let Some(attendance) = store::row(snapshot, number, person)?
        {
            rows.push(AttendanceRow::new(number, &event, person, profile.as_ref(), attendance));
        }
    }
    Ok(rows)
}

fn rows_of(
    snapshot: &Snapshot,
    number: u32,
    event: &Event,
    status: Option<AttendanceStatus>,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<AttendanceRow>, StoreError> {
    let first = after.map_or(0, |UserId(id)| id.saturating_add(1));
    let mut found = Vec::new();
    let range = (number, first)..=(number, u64::MAX);
    ATTENDANCE.visit(snapshot, range, Direction::Ascending, |(_, person), attendance| {
        if status.is_none_or(|status| status == attendance.status) {
            found.push((UserId(person), attendance));
        }
        if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let mut rows = Vec::with_capacity(found.len());
    for (person, attendance) in found {
        let profile = PROFILES.get(snapshot, person.0)?;
        rows.push(AttendanceRow::new(number, event, person, profile.as_ref(), attendance));
    }
    Ok(rows)
}

/// The date in a zone, `YYYY-MM-DD`.
fn date_in(timezone: &str, now: Time) -> Option<String> {
    Some(now.date_in(&TimeZone::get(timezone).ok()?).to_string())
}
