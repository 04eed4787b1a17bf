//! The rules of events, on the days on which they are hardest.

use jiff::ToSpan;
use proptest::prelude::*;

use super::*;

fn defaults() -> Defaults {
    Defaults {
        timezone: "Europe/Rome".to_owned(),
        rotation_seconds: 15,
        open_early_minutes: 15,
        late_after_minutes: 10,
    }
}

fn input(date: &str, timezone: &str) -> EventInput {
    EventInput {
        name: "Corso".to_owned(),
        date: date.to_owned(),
        timezone: Some(timezone.to_owned()),
        ..EventInput::default()
    }
}

fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn fields_at_fault(input: EventInput) -> Vec<String> {
    match plan(input, &defaults()) {
        Err(UserError::Invalid(faults)) => {
            faults.into_iter().map(|fault| fault.field.into_owned()).collect()
        }
        other => panic!("no faults: {other:?}"),
    }
}

#[track_caller]
fn assert_day(date: &str, zone: &str, opens: &str, closes: &str, hours: i64) {
    let schedule = plan(input(date, zone), &defaults()).unwrap().schedule;
    assert_eq!(schedule.opens_at, time(opens));
    assert_eq!(schedule.closes_at, time(closes));
    assert_eq!(schedule.closes_at.millis_since(schedule.opens_at), hours * 3_600_000);
    assert_eq!((schedule.starts_at, schedule.late_after), (None, None));
}

#[test]
fn an_event_without_times_is_open_for_its_local_day_however_long_it_is() {
    let rome = "Europe/Rome";
    assert_day("2026-11-23", rome, "2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z", 24);
    assert_day("2026-03-29", rome, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23);
    assert_day("2026-10-25", rome, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25);
}

#[test]
fn a_day_without_midnight_begins_at_one() {
    let sao_paulo = "America/Sao_Paulo";
    assert_day("2018-11-04", sao_paulo, "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", 23);
    assert_day("2018-11-03", sao_paulo, "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", 24);
    assert_day("2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z", 23);
}

#[test]
fn a_day_that_a_zone_skipped_does_not_exist() {
    assert_eq!(fields_at_fault(input("2011-12-30", "Pacific/Apia")), ["date"]);
}

#[test]
fn a_start_opens_early_is_late_after_and_closes_with_the_day() {
    let starts_at = time("2026-11-23T09:00:00+01:00");
    let input = EventInput { starts_at: Some(starts_at), ..input("2026-11-23", "Europe/Rome") };
    let schedule = plan(input, &defaults()).unwrap().schedule;
    assert_eq!(schedule.opens_at, starts_at.plus_minutes(-15));
    assert_eq!(schedule.late_after, Some(starts_at.plus_minutes(10)));
    assert_eq!(schedule.closes_at, time("2026-11-24T00:00:00+01:00"));
}

#[test]
fn margins_of_the_event_win_and_an_end_may_be_on_the_next_day() {
    let starts_at = time("2026-11-23T23:00:00+01:00");
    let ends_at = time("2026-11-24T02:00:00+01:00");
    let input = EventInput {
        starts_at: Some(starts_at),
        ends_at: Some(ends_at),
        open_early_minutes: Some(0),
        late_after_minutes: Some(1_440),
        close_after_minutes: Some(30),
        ..input("2026-11-23", "Europe/Rome")
    };
    let schedule = plan(input, &defaults()).unwrap().schedule;
    assert_eq!(schedule.opens_at, starts_at);
    assert_eq!(schedule.late_after, Some(starts_at.plus_minutes(1_440)));
    assert_eq!(schedule.closes_at, ends_at.plus_minutes(30));
}

#[test]
fn times_that_contradict_the_date_or_each_other_are_refused() {
    let day = || input("2026-11-23", "Europe/Rome");
    let starts_at = Some(time("2026-11-23T09:00:00Z"));
    let before_midnight = Some(time("2026-11-22T22:59:59Z"));
    let next_midnight = Some(time("2026-11-23T23:00:00Z"));
    let faults = |starts_at, ends_at| fields_at_fault(EventInput { starts_at, ends_at, ..day() });
    assert_eq!(faults(before_midnight, None), ["starts_at"]);
    assert_eq!(faults(next_midnight, None), ["starts_at"]);
    assert_eq!(faults(None, starts_at), ["starts_at"]);
    assert_eq!(faults(starts_at, starts_at), ["ends_at"]);
}

#[test]
fn every_fault_is_named_at_once() {
    let input = EventInput {
        name: " ".to_owned(),
        rotation_seconds: Some(4),
        open_early_minutes: Some(1_441),
        expected: Some(Vec::new()),
        ..input("2026-02-30", "Europe/Atlantis")
    };
    assert_eq!(
        fields_at_fault(input),
        ["name", "date", "timezone", "rotation_seconds", "open_early_minutes", "expected"]
    );
}

#[test]
fn a_date_has_one_form_only() {
    for text in ["20261123", "2026-11-23T00:00", " 2026-11-23", "1999-12-31", "3000-01-01", ""] {
        assert_eq!(fields_at_fault(input(text, "Europe/Rome")), ["date"], "{text:?}");
    }
}

#[test]
fn a_zone_is_kept_as_the_database_spells_it_and_rotating_is_the_default() {
    let plan = plan(input("2026-11-23", "europe/rome"), &defaults()).unwrap();
    assert_eq!((plan.timezone.as_str(), plan.mode), ("Europe/Rome", Mode::Rotating));
}

#[test]
fn expected_people_are_sorted_once_each_and_limited() {
    let people = |ids: Vec<u64>| EventInput {
        expected: Some(ids.into_iter().map(UserId).collect()),
        ..input("2026-11-23", "Europe/Rome")
    };
    let plan = plan(people(vec![3, 1, 3]), &defaults()).unwrap();
    assert_eq!(plan.expected, Some(vec![UserId(1), UserId(3)]));
    assert_eq!(fields_at_fault(people((0..5_001).collect())), ["expected"]);
}

#[test]
fn names_that_differ_in_case_alone_are_the_same() {
    assert_eq!(same_name_key(" CORSO é "), same_name_key("corso É"));
    assert_ne!(same_name_key("corso!"), same_name_key("corso"));
}

proptest! {
    #[test]
    fn a_whole_day_holds_every_moment_of_its_date_and_no_other(
        days in 0_i64..36_500,
        name in prop::sample::select(vec![
            "Europe/Rome", "America/Sao_Paulo", "America/Havana", "Africa/Cairo",
            "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "UTC",
        ]),
    ) {
        let date = jiff::civil::date(2000, 1, 1) + days.days();
        let Ok(plan) = plan(input(&date.to_string(), name), &defaults()) else {
            prop_assert_eq!((date, name), (jiff::civil::date(2011, 12, 30), "Pacific/Apia"));
            return Ok(());
        };
        let zone = TimeZone::get(name).unwrap();
        let date_at = |time: Time, millis| {
            Time::from_millis(time.as_millis() + millis).date_in(&zone)
        };
        let Schedule { opens_at, closes_at, .. } = plan.schedule;
        prop_assert!(date_at(opens_at, -1) < date);
        prop_assert_eq!(date_at(opens_at, 0), date);
        prop_assert_eq!(date_at(closes_at, -1), date);
        prop_assert!(date_at(closes_at, 0) > date);
    }
}

#[test]
fn an_event_lasts_a_month_at_most_and_is_never_open_for_longer_than_is_searched() {
    let lasting = |ends_at: &str| EventInput {
        starts_at: Some(time("2026-11-23T00:00:00+01:00")),
        ends_at: Some(time(ends_at)),
        open_early_minutes: Some(1_440),
        close_after_minutes: Some(1_440),
        ..input("2026-11-23", "Europe/Rome")
    };
    let longest = plan(lasting("2026-12-25T00:00:00+01:00"), &defaults()).unwrap().schedule;
    let open_minutes = longest.closes_at.millis_since(longest.opens_at) / 60_000;
    assert!(open_minutes <= LONGEST_MINUTES, "{open_minutes}");
    assert_eq!(fields_at_fault(lasting("2026-12-25T00:00:01+01:00")), ["ends_at"]);
}
