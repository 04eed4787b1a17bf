//! Scans over a real file.

use super::{House, assert_refused, context, lesson, time};
use crate::{
    audit_event::AuditContext,
    ids::UserId,
    user::{
        AttendanceStatus, BrowserId, EventInput, Mode, ScanAnswer, ScanInput, ScanOutcome,
        ScanRefusal, Source, UserError,
        tables::{ATTENDANCE, PROFILES, REFUSALS, SPENT_HOLDS},
    },
};

#[tokio::test]
async fn a_scan_is_recorded_and_a_second_one_answers_with_the_first_time() {
    let house = House::new();
    let id = house.lesson().await;
    let first = house.scan(1, &house.code(&id), "first").await.unwrap();
    assert_eq!(
        first,
        ScanAnswer {
            outcome: ScanOutcome::Recorded,
            event_id: id.clone(),
            event_name: "Corso di Rust".to_owned(),
            status: AttendanceStatus::Present,
            minutes_late: None,
            scanned_at: house.clock.now(),
        }
    );
    house.later(60);
    let second = house.scan(1, &house.code(&id), "second").await.unwrap();
    assert_eq!(second, ScanAnswer { outcome: ScanOutcome::AlreadyRecorded, ..first });
}

#[tokio::test]
async fn the_link_that_is_shown_can_be_sent_in_any_case() {
    let house = House::new();
    let id = house.lesson().await;
    let shown = house.users.shown_code(&id).unwrap();
    assert_eq!(shown.url, format!("HTTPS://LOCALHOST:8443/S/{}", shown.code));
    assert!(house.scan(1, &shown.url.to_lowercase(), "link").await.is_ok());
}

#[tokio::test]
async fn a_repeated_request_gets_its_answer_after_the_code_has_expired_and_the_event_closed() {
    let house = House::new();
    let id = house.lesson().await;
    let shown = house.users.shown_code(&id).unwrap();
    let hold = house.hold(&shown.code).unwrap().hold;
    let first = house.scan(1, &shown.code, "same").await.unwrap();
    let typed = house.type_in(2, &shown.typed_code, "same").await.unwrap();
    let redeemed = house.redeem(3, &hold, "same").await.unwrap();
    house.at("2026-11-24T09:00:00+01:00");
    assert_eq!(house.scan(1, &shown.code, "same").await, Ok(first));
    assert_eq!(house.type_in(2, &shown.typed_code, "same").await, Ok(typed));
    assert_eq!(house.redeem(3, &hold, "same").await, Ok(redeemed));
    assert_refused(house.type_in(1, &shown.typed_code, "new").await, ScanRefusal::CodeInvalid);
}

#[tokio::test]
async fn a_code_is_taken_for_one_window_more_than_it_is_shown() {
    let house = House::new();
    let id = house.lesson().await;
    let shown = house.users.shown_code(&id).unwrap();
    house.clock.set(shown.shown_until.plus_seconds(14));
    assert!(house.scan(1, &shown.code, "grace").await.is_ok());
    house.clock.set(shown.shown_until.plus_seconds(15));
    assert_refused(house.scan(2, &shown.code, "late").await, ScanRefusal::CodeExpired);
    house.clock.set(shown.shown_from.plus_seconds(-1));
    assert_refused(house.scan(3, &shown.code, "future").await, ScanRefusal::CodeExpired);
}

#[tokio::test]
async fn the_typed_code_does_the_same_job_and_stays_with_its_window() {
    let house = House::new();
    let id = house.lesson().await;
    let typed = house.users.shown_code(&id).unwrap().typed_code;
    let spaced = format!("{} {}", &typed[..4], &typed[4..]);
    assert_eq!(house.type_in(1, &spaced, "typed").await.unwrap().event_id, id);
    house.later(30);
    assert_refused(house.type_in(2, &typed, "typed").await, ScanRefusal::CodeInvalid);
    assert_refused(house.type_in(2, "1234", "typed").await, ScanRefusal::CodeInvalid);
}

#[tokio::test]
async fn scanning_opens_is_late_and_closes_by_the_schedule() {
    let house = House::new();
    let id = house.lesson().await;
    house.at("2026-11-23T08:44:59+01:00");
    assert_refused(house.scan(1, &house.code(&id), "early").await, ScanRefusal::TooEarly);
    assert_refused(house.hold(&house.code(&id)), ScanRefusal::TooEarly);
    house.at("2026-11-23T09:12:30+01:00");
    let late = house.scan(1, &house.code(&id), "late").await.unwrap();
    assert_eq!((late.status, late.minutes_late), (AttendanceStatus::Late, Some(12)));
    house.at("2026-11-23T10:59:59+01:00");
    let last = house.code(&id);
    house.at("2026-11-23T11:00:00+01:00");
    assert_refused(house.scan(2, &last, "over").await, ScanRefusal::Closed);
    assert_refused(house.users.shown_code(&id), ScanRefusal::Closed);
}

#[tokio::test]
async fn an_inactive_event_takes_no_scans() {
    let house = House::new();
    let id = house.lesson().await;
    let shown = house.users.shown_code(&id).unwrap();
    house.users.set_event_active(id, false, AuditContext::COMMAND_LINE).await.unwrap();
    assert_refused(house.scan(1, &shown.code, "code").await, ScanRefusal::EventInactive);
    assert_refused(house.type_in(1, &shown.typed_code, "typed").await, ScanRefusal::EventInactive);
    assert_refused(house.hold(&shown.code), ScanRefusal::EventInactive);
}

#[tokio::test]
async fn a_static_code_lasts_as_long_as_its_event() {
    let house = House::new();
    let input = EventInput { mode: Some(Mode::Static), starts_at: None, ends_at: None, ..lesson() };
    let id = house.create(input).await.unwrap().event.event_id;
    let shown = house.users.shown_code(&id).unwrap();
    assert_eq!(shown.shown_until, time("2026-11-24T00:00:00+01:00"));
    house.at("2026-11-23T23:59:59+01:00");
    assert!(house.scan(1, &shown.code, "static").await.is_ok());
    assert!(house.type_in(2, &shown.typed_code, "static").await.is_ok());
}

#[tokio::test]
async fn a_scan_by_hold_counts_as_of_when_the_hold_was_made() {
    let house = House::new();
    let id = house.lesson().await;
    house.at("2026-11-23T09:09:00+01:00");
    let hold = house.hold(&house.code(&id)).unwrap();
    assert_eq!(hold.event_name, "Corso di Rust");
    assert_eq!(hold.expires_at, time("2026-11-23T09:19:00+01:00"));
    house.at("2026-11-23T09:11:00+01:00");
    let answer = house.redeem(1, &hold.hold, "held").await.unwrap();
    assert_eq!((answer.status, answer.minutes_late), (AttendanceStatus::Present, None));
    assert_eq!(answer.scanned_at, time("2026-11-23T09:09:00+01:00"));
    let snapshot = house.users.store().read().unwrap();
    assert_eq!(ATTENDANCE.get(&snapshot, (1, 1)).unwrap().unwrap().source, Source::Hold);
    house.at("2026-11-23T09:19:00+01:00");
    assert_refused(house.redeem(2, &hold.hold, "held").await, ScanRefusal::CodeExpired);
}

#[tokio::test]
async fn a_hold_that_is_redeemed_after_two_minutes_counts_as_of_then() {
    let house = House::new();
    let id = house.lesson().await;
    house.at("2026-11-23T09:09:00+01:00");
    let hold = house.hold(&house.code(&id)).unwrap();
    house.at("2026-11-23T09:11:00.001+01:00");
    let answer = house.redeem(1, &hold.hold, "held").await.unwrap();
    assert_eq!((answer.status, answer.minutes_late), (AttendanceStatus::Late, Some(11)));
    assert_eq!(answer.scanned_at, house.clock.now());
}

#[tokio::test]
async fn a_hold_is_good_for_one_person_in_the_browser_that_asked_for_it() {
    let house = House::new();
    let id = house.lesson().await;
    let hold = house.hold(&house.code(&id)).unwrap().hold;
    for browser in [None, Some(BrowserId([8; 10]))] {
        let elsewhere = house.redeem_in(browser, 1, &hold, "held").await;
        assert_refused(elsewhere, ScanRefusal::HoldOfAnotherBrowser);
    }
    let first = house.redeem(1, &hold, "held").await.unwrap();
    assert_eq!(house.redeem(1, &hold, "held").await.unwrap(), first, "the same scan again");
    assert_refused(house.redeem(2, &hold, "held").await, ScanRefusal::HoldSpent);
    let mine = house.hold(&house.code(&id)).unwrap().hold;
    assert!(house.redeem(2, &mine, "mine").await.is_ok());
}

#[tokio::test]
async fn holds_that_have_ended_are_forgotten_as_others_are_spent() {
    let house = House::new();
    let id = house.lesson().await;
    for person in 1..=3 {
        let hold = house.hold(&house.code(&id)).unwrap().hold;
        house.redeem(person, &hold, "held").await.unwrap();
        house.later(60);
    }
    house.later(600);
    house.register(4);
    let hold = house.hold(&house.code(&id)).unwrap().hold;
    house.redeem(4, &hold, "held").await.unwrap();
    assert_eq!(SPENT_HOLDS.len(&house.users.store().read().unwrap()), Ok(1));
}

#[tokio::test]
async fn nothing_made_up_is_taken() {
    let house = House::new();
    let id = house.lesson().await;
    let code = house.code(&id);
    let other = house.create(EventInput { name: "Altro".to_owned(), ..lesson() }).await.unwrap();
    let others = house.code(&other.event.event_id);
    let mixed = format!("{}{}", &code[..7], &others[7..]);
    for forged in ["", "https://localhost/S/", &code[1..], &mixed, &"0".repeat(29)] {
        assert_refused(house.scan(1, forged, "forged").await, ScanRefusal::CodeInvalid);
        assert_refused(house.hold(forged), ScanRefusal::CodeInvalid);
    }
    let as_hold = house.redeem(1, &code, "forged").await;
    assert_refused(as_hold, ScanRefusal::CodeInvalid);
}

#[tokio::test]
async fn refusals_are_counted_at_the_event_unless_the_code_is_not_its_own() {
    let house = House::new();
    let input = EventInput { expected: Some(vec![UserId(1)]), ..lesson() };
    let made = house.create(input).await.unwrap();
    let first_at = house.clock.now();
    let code = house.code(&made.event.event_id);
    assert_refused(house.scan(2, &code, "one").await, ScanRefusal::NotExpected);
    house.later(300);
    assert_refused(house.scan(2, &code, "two").await, ScanRefusal::CodeExpired);
    assert_refused(house.scan(2, &code[1..], "bad").await, ScanRefusal::CodeInvalid);

    let snapshot = house.users.store().read().unwrap();
    let kept = REFUSALS.get(&snapshot, (made.number, 2)).unwrap().unwrap();
    assert_eq!((kept.last, kept.count), (ScanRefusal::CodeExpired, 2));
    assert_eq!((kept.first_at, kept.last_at), (first_at, house.clock.now()));
    assert_eq!(REFUSALS.len(&snapshot), Ok(1));
}

#[tokio::test]
async fn a_first_scan_makes_the_profile_that_is_missing() {
    let house = House::new();
    let id = house.lesson().await;
    house.scan(1, &house.code(&id), "heal").await.unwrap();
    let snapshot = house.users.store().read().unwrap();
    assert_eq!(PROFILES.get(&snapshot, 1).unwrap().unwrap().name, "Name 1");
    drop(snapshot);
    let stranger = house.scan(99, &house.code(&id), "who").await;
    assert_eq!(stranger, Err(UserError::UserNotFound));
}

#[tokio::test]
async fn a_scan_that_rests_on_nothing_names_the_field() {
    let house = House::new();
    let input = ScanInput { nonce: "12345678".to_owned(), ..ScanInput::default() };
    let Err(UserError::Invalid(faults)) = house.users.scan(UserId(1), input, &context()).await
    else {
        panic!("there was no code")
    };
    assert_eq!(faults[0].field, "code");
}

#[tokio::test]
async fn a_class_that_scans_at_once_is_counted_one_by_one() {
    let house = House::new();
    let id = house.lesson().await;
    (4..=60).for_each(|person| house.register(person));
    let code = house.code(&id);
    let scans = (1..=60).map(|person| house.scan(person, &code, "class"));
    let answers = futures_util::future::join_all(scans).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(house.users.statistics(&id).unwrap().count(AttendanceStatus::Present), 60);
}

#[tokio::test]
async fn a_refused_scan_waits_for_one_commit_in_which_it_is_counted() {
    let house = House::new();
    let id = house.lesson().await;
    let code = house.code(&id);
    house.users.profile(UserId(2)).await.unwrap();
    house.later(60);
    let commits = house.users.store().commits();
    let before = *commits.borrow();
    assert_refused(house.scan(2, &code, "stale").await, ScanRefusal::CodeExpired);
    assert_eq!(*commits.borrow(), before + 1);
    let count = REFUSALS.get(&house.users.store().read().unwrap(), (1, 2)).unwrap().unwrap();
    assert_eq!((count.count, count.last), (1, ScanRefusal::CodeExpired));
    assert_refused(
        house.scan(2, "000001R749JR13SHR9F0FPAAPSQ16", "forged").await,
        ScanRefusal::CodeInvalid,
    );
    assert_eq!(*commits.borrow(), before + 1, "a code that is not the event's own leaves nothing");
}
