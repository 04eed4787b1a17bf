//! From what staff typed to an event with a schedule, or to every fault in it.
//!
//! A day is a day of the event's zone: 23 or 25 hours long when the clocks change, and beginning at
//! one where midnight is skipped. So a day is never midnight plus 24 hours here, but runs from its
//! own first moment to the first moment of the next.

use std::ops::RangeInclusive;

use jiff::{civil::Date, tz::TimeZone};

use super::{
    super::error::UserError,
    model::{EventInput, Mode, Schedule},
};
use crate::{
    clock::Time,
    field::{FieldError, FieldErrors, line},
    ids::UserId,
    language::Text,
};

/// The longest name, in characters.
const NAME_LENGTH: usize = 120;
/// Seconds that a code may be shown for.
const ROTATION_SECONDS: RangeInclusive<u32> = 5..=300;
/// Minutes by which opening, lateness and closing may be apart from start and end: up to a day.
const MINUTES: RangeInclusive<u32> = 0..=MINUTES_AT_MOST;
const MINUTES_AT_MOST: u32 = 1_440;
/// The longest list of expected people.
const EXPECTED_PEOPLE: usize = 5_000;
/// The most days that an event lasts beyond its own.
const DAYS: i64 = 31;
/// The most minutes from opening to closing: what bounds the search for events that are open now.
pub(super) const LONGEST_MINUTES: i64 = (DAYS + 2) * 1_440 + 2 * MINUTES_AT_MOST as i64;
/// The years of dates that are meant.
const YEARS: RangeInclusive<i16> = 2000..=2999;

/// What an event gets that does not say otherwise.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) timezone: String,
    pub(super) rotation_seconds: u32,
    pub(super) open_early_minutes: u32,
    pub(super) late_after_minutes: u32,
}

/// An event that holds, ready to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) name: String,
    /// `YYYY-MM-DD`.
    pub(super) date: String,
    /// As the time zone database spells it.
    pub(super) timezone: String,
    pub(super) schedule: Schedule,
    pub(super) mode: Mode,
    pub(super) rotation_seconds: u32,
    /// Sorted, each once.
    pub(super) expected: Option<Vec<UserId>>,
}

/// Checks everything and names every fault.
pub(super) fn plan(input: EventInput, defaults: &Defaults) -> Result<Plan, UserError> {
    let mut faults = FieldErrors::default();
    let name = faults.check(line("name", &input.name, NAME_LENGTH));
    let date = faults.check(date(&input.date));
    let zone = faults.check(zone(input.timezone.as_deref().unwrap_or(&defaults.timezone)));
    let rotation_seconds = faults.check(within(
        "rotation_seconds",
        input.rotation_seconds.unwrap_or(defaults.rotation_seconds),
        ROTATION_SECONDS,
    ));
    let margins = margins(&input, defaults, &mut faults);
    let expected = faults.check(expected(input.expected));
    let schedule = match (date, &zone, margins) {
        (Some(date), Some(zone), Some(margins)) => {
            faults.check(schedule(date, zone, input.starts_at, input.ends_at, margins))
        }
        _ => None,
    };
    match (name, date, zone, rotation_seconds, expected, schedule) {
        (
            Some(name),
            Some(date),
            Some(zone),
            Some(rotation_seconds),
            Some(expected),
            Some(schedule),
        ) => Ok(Plan {
            name,
            date: date.to_string(),
            timezone: zone.iana_name().unwrap_or("UTC").to_owned(),
            schedule,
            mode: input.mode.unwrap_or(Mode::Rotating),
            rotation_seconds,
            expected,
        }),
        _ => Err(faults.into()),
    }
}

/// Two names that a person would call the same are the same event on one date.
pub(super) fn same_name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

fn date(text: &str) -> Result<Date, FieldError> {
    let fault = FieldError::new(
        "date",
        "must be a date such as 2026-11-23",
        "dev'essere una data come 2026-11-23",
    );
    match text.parse::<Date>() {
        // jiff reads longer forms too, so the text must also be what the date prints as.
        Ok(date) if date.to_string() == text && YEARS.contains(&date.year()) => Ok(date),
        _ => Err(fault),
    }
}

fn zone(name: &str) -> Result<TimeZone, FieldError> {
    match TimeZone::get(name) {
        Ok(zone) if zone.iana_name().is_some() => Ok(zone),
        _ => Err(FieldError::new(
            "timezone",
            "must be an IANA time zone such as Europe/Rome",
            "dev'essere un fuso orario IANA come Europe/Rome",
        )),
    }
}

fn within(field: &'static str, value: u32, range: RangeInclusive<u32>) -> Result<u32, FieldError> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (least, most) = range.into_inner();
    let message = Text::made(
        format!("must be from {least} to {most}"),
        format!("dev'essere tra {least} e {most}"),
    );
    Err(FieldError { field: field.into(), message })
}

fn expected(people: Option<Vec<UserId>>) -> Result<Option<Vec<UserId>>, FieldError> {
    let Some(mut people) = people else { return Ok(None) };
    people.sort_unstable();
    people.dedup();
    match people.len() {
        0 => Err(FieldError::new(
            "expected",
            "must name somebody, or be left out when anyone may come",
            "deve indicare qualcuno, o mancare se può venire chiunque",
        )),
        count if count > EXPECTED_PEOPLE => Err(FieldError::new(
            "expected",
            "may name at most 5,000 people",
            "può indicare al massimo 5.000 persone",
        )),
        _ => Ok(Some(people)),
    }
}

/// Minutes by which an event opens before its start, is late after it, and closes after its end.
#[derive(Debug, Clone, Copy)]
struct Margins {
    open_early: u32,
    late_after: u32,
    close_after: u32,
}

fn margins(input: &EventInput, defaults: &Defaults, faults: &mut FieldErrors) -> Option<Margins> {
    let mut minutes = |field, given: Option<u32>, default| {
        faults.check(within(field, given.unwrap_or(default), MINUTES))
    };
    let open_early =
        minutes("open_early_minutes", input.open_early_minutes, defaults.open_early_minutes);
    let late_after =
        minutes("late_after_minutes", input.late_after_minutes, defaults.late_after_minutes);
    let close_after = minutes("close_after_minutes", input.close_after_minutes, 0);
    Some(Margins { open_early: open_early?, late_after: late_after?, close_after: close_after? })
}

fn schedule(
    date: Date,
    zone: &TimeZone,
    starts_at: Option<Time>,
    ends_at: Option<Time>,
    margins: Margins,
) -> Result<Schedule, FieldError> {
    let (day_begins, day_ends) = local_day(date, zone)?;
    let Some(starts_at) = starts_at else {
        if ends_at.is_some() {
            return Err(FieldError::new(
                "starts_at",
                "is needed beside ends_at",
                "è necessario insieme a ends_at",
            ));
        }
        return Ok(Schedule {
            starts_at: None,
            ends_at: None,
            opens_at: day_begins,
            late_after: None,
            closes_at: day_ends,
        });
    };
    if starts_at < day_begins || starts_at >= day_ends {
        return Err(FieldError::new(
            "starts_at",
            "must be on the event's date, in its time zone",
            "dev'essere nella data dell'evento, nel suo fuso orario",
        ));
    }
    if ends_at.is_some_and(|ends_at| ends_at <= starts_at) {
        return Err(FieldError::new(
            "ends_at",
            "must be after starts_at",
            "dev'essere dopo starts_at",
        ));
    }
    if ends_at.is_some_and(|ends_at| ends_at > day_ends.plus_minutes(DAYS * 1_440)) {
        return Err(FieldError::new(
            "ends_at",
            "must be at most 31 days after the event's date",
            "dev'essere al massimo 31 giorni dopo la data dell'evento",
        ));
    }
    Ok(Schedule {
        starts_at: Some(starts_at),
        ends_at,
        opens_at: starts_at.plus_minutes(-i64::from(margins.open_early)),
        late_after: Some(starts_at.plus_minutes(i64::from(margins.late_after))),
        closes_at: ends_at.unwrap_or(day_ends).plus_minutes(i64::from(margins.close_after)),
    })
}

/// The first moment of a local day, and that of the next.
fn local_day(date: Date, zone: &TimeZone) -> Result<(Time, Time), FieldError> {
    let first_moment = |date: Date| {
        let noon = date.at(12, 0, 0, 0).to_zoned(zone.clone())?;
        noon.start_of_day().map(|moment| Time::from(moment.timestamp()))
    };
    match (first_moment(date), date.tomorrow().and_then(first_moment)) {
        (Ok(begins), Ok(ends)) if begins < ends => Ok((begins, ends)),
        // A zone that crossed the date line has skipped a day (Pacific/Apia, 2011-12-30).
        _ => Err(FieldError::new(
            "date",
            "does not exist in this time zone",
            "non esiste in questo fuso orario",
        )),
    }
}

#[cfg(test)]
mod tests;
