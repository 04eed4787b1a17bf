//! How much was scanned lately: when, by whom, where.

use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
};

use super::{
    super::{
        UserService,
        error::UserError,
        records::{Event, OpenFrom},
        tables::{ATTENDANCE, EVENT_CLOSINGS, EVENTS, PROFILES},
    },
    model::Source,
};
use crate::{
    clock::Time,
    ids::UserId,
    store::{Direction, Snapshot, StoreError},
};

/// Rows of attendance that are looked at.
const MOST_EXAMINED: usize = 500_000;
/// Seconds of the stretches of time in which scans are counted: every zone's hours consist of them.
pub const QUARTER_SECONDS: i64 = 900;
/// A hold may be redeemed this long after its event has closed.
const HOLD_SECONDS: i64 = 600;

/// Scans of some time: of codes, and of badges by staff.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// How many, by the quarter of an hour since the epoch.
    pub by_quarter: BTreeMap<i64, u64>,
    /// How many different people.
    pub people: u64,
    /// Those who scanned most, with how often.
    pub most_active: Vec<(ActiveUser, u64)>,
    /// The events with the most scans, with how many.
    pub top_events: Vec<(ActiveEvent, u64)>,
    /// How many events there are in all.
    pub events: u64,
}

/// Somebody who scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveUser {
    /// Who.
    pub id: UserId,
    /// Their given name; empty when they have no profile any more.
    pub name: String,
    /// Their family name; likewise.
    pub surname: String,
}

/// An event that was scanned at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveEvent {
    /// Its public id.
    pub event_id: String,
    /// Its name.
    pub name: String,
    /// Its date, `YYYY-MM-DD`.
    pub date: String,
}

impl UserService {
    /// The scans since a moment, with the `top` of people and of events; nothing when more than 500,000
    /// rows would have to be looked at. Runs on the blocking pool.
    ///
    /// # Errors
    /// The store's.
    pub async fn activity(&self, since: Time, top: usize) -> Result<Option<Activity>, UserError> {
        let now = self.clock.now();
        let read = move |snapshot: &Snapshot| activity(snapshot, since, now, top, MOST_EXAMINED);
        Ok(self.store.read_range(read).await?)
    }
}

fn activity(
    snapshot: &Snapshot,
    since: Time,
    now: Time,
    top: usize,
    most: usize,
) -> Result<Option<Activity>, StoreError> {
    let mut examined = 0;
    let mut by_quarter = BTreeMap::new();
    let (mut people, mut events) = (HashMap::new(), HashMap::new());
    for number in scannable(snapshot, since, now)? {
        let rows = (number, 0)..=(number, u64::MAX);
        ATTENDANCE.visit(snapshot, rows, Direction::Ascending, |(_, person), row| {
            if examined == most {
                examined += 1;
                return ControlFlow::Break(());
            }
            examined += 1;
            let is_scan = matches!(row.source, Source::Scan | Source::Hold | Source::Badge);
            if is_scan && row.scanned_at >= since && row.scanned_at <= now {
                let quarter = row.scanned_at.as_seconds().div_euclid(QUARTER_SECONDS);
                *by_quarter.entry(quarter).or_insert(0) += 1;
                *people.entry(person).or_insert(0) += 1;
                *events.entry(number).or_insert(0) += 1;
            }
            ControlFlow::Continue(())
        })?;
        if examined > most {
            return Ok(None);
        }
    }
    let count = u64::try_from(people.len()).unwrap_or(u64::MAX);
    let mut activity = Activity { by_quarter, people: count, ..Activity::default() };
    for (id, scans) in greatest(people, top) {
        let profile = PROFILES.get(snapshot, id)?;
        let (name, surname) = profile.map(|found| (found.name, found.surname)).unwrap_or_default();
        activity.most_active.push((ActiveUser { id: UserId(id), name, surname }, scans));
    }
    for (number, scans) in greatest(events, top) {
        if let Some(Event { event_id, name, date, .. }) = EVENTS.get(snapshot, number)? {
            activity.top_events.push((ActiveEvent { event_id, name, date }, scans));
        }
    }
    activity.events = EVENTS.len(snapshot)?;
    Ok(Some(activity))
}

/// The events that took scans at some time since a moment.
fn scannable(snapshot: &Snapshot, since: Time, now: Time) -> Result<Vec<u32>, StoreError> {
    let from = (since.plus_seconds(-HOLD_SECONDS).as_millis(), 0);
    let numbers = EVENT_CLOSINGS.collect(
        snapshot,
        from..,
        Direction::Ascending,
        usize::MAX,
        |(_, number), OpenFrom(opens_at)| (opens_at <= now).then_some(number),
    )?;
    Ok(numbers.into_iter().flatten().collect())
}

/// The entries with the greatest counts; of equal ones those with the smaller key come first.
fn greatest<K: Ord + Copy>(counts: HashMap<K, u64>, top: usize) -> Vec<(K, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), *key));
    counts.truncate(top);
    counts
}
