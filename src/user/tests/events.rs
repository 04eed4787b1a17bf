//! Events over a real file.

use super::{House, assert_refused, lesson, time};
use crate::{
    audit_event::AuditContext,
    ids::UserId,
    store::Direction,
    user::{
        EventInput, Mode, ScanRefusal, UserError,
        tables::{
            ATTENDANCE, ATTENDANCE_CHANGES, EVENT_CLOSINGS, EVENT_IDS, EVENT_NAMES, EVENTS,
            EXPECTED, HISTORY, REFUSALS, TALLIES,
        },
    },
};

#[tokio::test]
async fn an_event_is_made_with_the_defaults_and_its_audit_event() {
    let house = House::new();
    let made = house.create(lesson()).await.unwrap();
    assert_eq!(made.event.event_id, "corso-di-rust-2026-11-23");
    assert_eq!((made.event.timezone.as_str(), made.event.mode), ("Europe/Rome", Mode::Rotating));
    assert_eq!(made.event.schedule.opens_at, time("2026-11-23T08:45:00+01:00"));
    assert_eq!(house.users.event(made.event.event_id.clone()).await.unwrap(), made);

    let audit = house.audit();
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].action, "event.created");
    assert_eq!(audit[0].target, "event:corso-di-rust-2026-11-23");
    let after = audit[0].after.as_deref().unwrap();
    assert!(after.contains("\"Corso di Rust\"") && !after.contains("secret"));
}

#[tokio::test]
async fn the_same_name_on_the_same_date_exists_whatever_the_case() {
    let house = House::new();
    house.lesson().await;
    let again = EventInput { name: " corso DI rust ".to_owned(), ..lesson() };
    let event_id = "corso-di-rust-2026-11-23".to_owned();
    assert_eq!(house.create(again).await, Err(UserError::EventExists { event_id }));
    assert_eq!(house.audit().len(), 1, "a refusal leaves no trace");
}

#[tokio::test]
async fn another_name_with_the_same_slug_gets_a_number() {
    let house = House::new();
    house.lesson().await;
    let other = EventInput { name: "Corso di Rust!".to_owned(), ..lesson() };
    let other = house.create(other).await.unwrap();
    assert_eq!(other.event.event_id, "corso-di-rust-2026-11-23-2");
}

#[tokio::test]
async fn a_list_of_people_must_name_registered_ones() {
    let house = House::new();
    let with = |ids: [u64; 2]| EventInput { expected: Some(ids.map(UserId).to_vec()), ..lesson() };
    let Err(UserError::Invalid(faults)) = house.create(with([1, 99])).await else {
        panic!("nobody has the id 99")
    };
    assert_eq!(faults[0].field, "expected");
    assert!(faults[0].message.en.contains("99"));
    let made = house.create(with([2, 1])).await.unwrap();
    assert_eq!(made.expected, Some(vec![UserId(1), UserId(2)]));
    assert_eq!(made.statistics.expected, Some(2));
}

#[tokio::test]
async fn events_are_listed_from_the_newest_on() {
    let house = House::new();
    for name in ["a", "b", "c"] {
        house.create(EventInput { name: name.to_owned(), ..lesson() }).await.unwrap();
    }
    let page = house.users.events(None, 2).await.unwrap();
    let names = |page: &[super::EventView]| -> Vec<_> {
        page.iter().map(|view| view.event.name.clone()).collect()
    };
    assert_eq!(names(&page), ["c", "b"]);
    let next = house.users.events(Some(page[1].number), 2).await.unwrap();
    assert_eq!(names(&next), ["a"]);
}

#[tokio::test]
async fn a_deactivated_event_shows_no_code_and_can_be_activated_again() {
    let house = House::new();
    let id = house.lesson().await;
    let from = || AuditContext::COMMAND_LINE;
    let view = house.users.set_event_active(id.clone(), false, from()).await.unwrap();
    assert!(!view.event.is_active);
    assert_refused(house.users.shown_code(&id), ScanRefusal::EventInactive);
    house.users.set_event_active(id.clone(), false, from()).await.unwrap();
    house.users.set_event_active(id.clone(), true, from()).await.unwrap();
    assert!(house.users.shown_code(&id).is_ok());

    let audit = house.audit();
    let actions: Vec<_> = audit.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["event.created", "event.updated", "event.updated"], "no change, no event");
    assert_eq!(audit[1].before.as_deref(), Some(r#"{"is_active":true}"#));
    assert_eq!(audit[1].after.as_deref(), Some(r#"{"is_active":false}"#));
}

#[tokio::test]
async fn a_deleted_event_leaves_nothing_but_its_audit() {
    let house = House::new();
    let list = Some(vec![UserId(1), UserId(2)]);
    let made = house.create(EventInput { expected: list, ..lesson() }).await.unwrap();
    let id = made.event.event_id;
    let code = house.code(&id);
    house.scan(1, &code, "a1").await.unwrap();
    assert_refused(house.scan(3, &code, "a3").await, ScanRefusal::NotExpected);

    house.users.delete_event(id.clone(), AuditContext::COMMAND_LINE).await.unwrap();
    let snapshot = house.users.store().read().unwrap();
    let rows = [
        EVENTS.len(&snapshot),
        EVENT_IDS.len(&snapshot),
        EVENT_NAMES.len(&snapshot),
        EVENT_CLOSINGS.len(&snapshot),
        EXPECTED.len(&snapshot),
        ATTENDANCE.len(&snapshot),
        ATTENDANCE_CHANGES.len(&snapshot),
        HISTORY.len(&snapshot),
        TALLIES.len(&snapshot),
        REFUSALS.len(&snapshot),
    ];
    assert!(rows.into_iter().all(|rows| rows == Ok(0)));
    drop(snapshot);
    assert_eq!(house.audit().last().unwrap().action, "event.deleted");
    assert_refused(house.scan(1, &code, "a1").await, ScanRefusal::CodeInvalid);
    let gone = house.users.delete_event(id, AuditContext::COMMAND_LINE).await;
    assert_eq!(gone, Err(UserError::EventNotFound));
}

#[tokio::test]
async fn a_number_is_never_given_twice() {
    let house = House::new();
    let first = house.create(lesson()).await.unwrap();
    house.users.delete_event(first.event.event_id, AuditContext::COMMAND_LINE).await.unwrap();
    let second = house.create(lesson()).await.unwrap();
    assert_eq!((first.number, second.number), (1, 2));
    let snapshot = house.users.store().read().unwrap();
    let numbers = EVENTS.collect(&snapshot, 0.., Direction::Ascending, 9, |number, _| number);
    assert_eq!(numbers, Ok(vec![2]));
}
