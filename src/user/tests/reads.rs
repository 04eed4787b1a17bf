//! Reading attendance over a real file.

use super::{House, lesson, time};
use crate::{
    ids::UserId,
    user::{AttendanceRow, AttendanceStatus, EventInput, UserError},
};

fn names(rows: &[AttendanceRow]) -> Vec<&str> {
    rows.iter().map(|row| row.event_name.as_str()).collect()
}

#[tokio::test]
async fn a_history_is_paged_from_the_newest_on() {
    let house = House::new();
    for name in ["one", "two", "three"] {
        let event = house.create(EventInput { name: name.to_owned(), ..lesson() }).await.unwrap();
        house.later(1);
        house.scan(1, &house.code(&event.event.event_id), "page").await.unwrap();
        house.scan(2, &house.code(&event.event.event_id), "page").await.unwrap();
    }
    let page = house.users.history(UserId(1), None, 2).await.unwrap();
    assert_eq!(names(&page), ["three", "two"]);
    let last = &page[1];
    assert_eq!((last.name.as_str(), last.surname.as_str()), ("Name 1", "Surname 1"));
    let before = Some((last.attendance.scanned_at.as_millis(), last.number));
    let next = house.users.history(UserId(1), before, 2).await.unwrap();
    assert_eq!(names(&next), ["one"]);
    assert_eq!(house.users.history(UserId(3), None, 2).await, Ok(vec![]));
}

#[tokio::test]
async fn today_is_the_date_of_each_events_own_zone() {
    let house = House::new();
    let whole_day = |name: &str, date: &str, zone: &str| EventInput {
        name: name.to_owned(),
        date: date.to_owned(),
        timezone: Some(zone.to_owned()),
        ..EventInput::default()
    };
    // 10:30 UTC on the 23rd: the 24th on Kiritimati, the 22nd on Pago Pago (until 11:00 UTC).
    house.at("2026-11-23T10:30:00Z");
    for (name, date, zone) in [
        ("rome", "2026-11-23", "Europe/Rome"),
        ("kiritimati", "2026-11-24", "Pacific/Kiritimati"),
        ("pago", "2026-11-22", "Pacific/Pago_Pago"),
    ] {
        let event = house.create(whole_day(name, date, zone)).await.unwrap();
        house.later(1);
        house.scan(1, &house.code(&event.event.event_id), "today").await.unwrap();
    }
    let (date, rows) = house.users.today(UserId(1)).await.unwrap();
    assert_eq!((date.as_str(), names(&rows)), ("2026-11-23", vec!["pago", "kiritimati", "rome"]));

    house.at("2026-11-23T11:30:00Z");
    let (_, rows) = house.users.today(UserId(1)).await.unwrap();
    assert_eq!(names(&rows), ["kiritimati", "rome"]);
    house.at("2026-11-24T10:00:00Z");
    let (date, rows) = house.users.today(UserId(1)).await.unwrap();
    assert_eq!((date.as_str(), names(&rows)), ("2026-11-24", vec![]));
}

#[tokio::test]
async fn an_events_rows_are_paged_and_filtered_while_its_figures_are_whole() {
    let house = House::new();
    let list = Some([1, 2, 3].map(UserId).to_vec());
    let made = house.create(EventInput { expected: list, ..lesson() }).await.unwrap();
    let id = made.event.event_id;
    house.scan(2, &house.code(&id), "in-time").await.unwrap();
    house.at("2026-11-23T09:30:00+01:00");
    house.scan(1, &house.code(&id), "late").await.unwrap();

    let page = |status, after, limit| house.users.attendance(id.clone(), status, after, limit);
    let (rows, statistics) = page(None, None, 1).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.person).collect::<Vec<_>>(), [UserId(1)]);
    assert_eq!((statistics.recorded, statistics.count(AttendanceStatus::NotRegistered)), (2, 0));
    let (rows, _) = page(None, Some(UserId(1)), 5).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.person).collect::<Vec<_>>(), [UserId(2)]);
    let (rows, _) = page(Some(AttendanceStatus::Late), None, 5).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.person).collect::<Vec<_>>(), [UserId(1)]);

    house.clock.set(time("2026-11-23T11:00:00+01:00"));
    let closed = house.users.statistics(&id).unwrap();
    assert_eq!(closed.count(AttendanceStatus::NotRegistered), 1);
    assert!((closed.attendance_rate.unwrap() - 2.0 / 3.0).abs() < 1e-9);
}

#[tokio::test]
async fn an_event_that_is_not_there_has_no_attendance() {
    let house = House::new();
    let none = "nothing-2026-11-23";
    let rows = house.users.attendance(none.to_owned(), None, None, 5).await;
    assert_eq!(rows, Err(UserError::EventNotFound));
    assert_eq!(house.users.statistics(none), Err(UserError::EventNotFound));
}

#[tokio::test]
async fn activity_counts_scans_by_the_quarter_of_an_hour_with_people_and_events() {
    let house = House::new();
    let busy = house.create(EventInput { name: "busy".to_owned(), ..lesson() }).await.unwrap();
    let calm = house.create(EventInput { name: "calm".to_owned(), ..lesson() }).await.unwrap();
    house.later(1);
    let before = house.clock.now();
    house.scan(1, &house.code(&busy.event.event_id), "first").await.unwrap();
    house.later(1);
    let since = house.clock.now();
    for person in [2, 3] {
        house.scan(person, &house.code(&busy.event.event_id), "second").await.unwrap();
    }
    house.scan(3, &house.code(&calm.event.event_id), "third").await.unwrap();

    let all = house.users.activity(before, 10).await.unwrap().unwrap();
    let quarter = before.as_seconds() / crate::user::QUARTER_SECONDS;
    assert_eq!(all.by_quarter.into_iter().collect::<Vec<_>>(), [(quarter, 4)]);
    let lately = house.users.activity(since, 1).await.unwrap().unwrap();
    assert_eq!((lately.people, lately.events), (2, 2));
    let (person, scans) = &lately.most_active[0];
    assert_eq!((person.id, person.name.as_str(), *scans), (UserId(3), "Name 3", 2));
    let (event, scans) = &lately.top_events[0];
    assert_eq!((event.name.as_str(), *scans, lately.top_events.len()), ("busy", 2, 1));
}
