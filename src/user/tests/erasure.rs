//! Erasing people over a real file.

use super::{House, assert_refused, lesson};
use crate::{
    ids::UserId,
    language::Language,
    store::Outcome,
    user::{
        EventInput, ScanRefusal, UserError,
        tables::{ATTENDANCE, EVENTS, EXPECTED, PROFILES, REFUSALS, TALLIES},
    },
};

impl House {
    /// Removes an account, as the other domain does before it asks to erase.
    fn unregister(&self, id: u64) {
        self.accounts.0.lock().unwrap().retain(|(known, _)| known.0 != id);
    }

    async fn erase(&self, id: u64) {
        self.unregister(id);
        self.users.erase(UserId(id)).await.unwrap();
    }
}

#[tokio::test]
async fn the_name_goes_and_the_row_stays_without_words() {
    let house = House::new();
    let event = house.lesson().await;
    house.scan(1, &house.code(&event), "one").await.unwrap();
    house.scan(2, &house.code(&event), "two").await.unwrap();
    let corrected = house.users.store().submit(|_| {
        Ok(Outcome::<(), ()>::commit(|txn| {
            let row = ATTENDANCE.get(txn, (1, 1))?.unwrap();
            let row = crate::user::Attendance { reason: Some("ill".to_owned()), ..row };
            ATTENDANCE.put(txn, (1, 1), &row)
        }))
    });
    corrected.await.unwrap().unwrap();
    let tally = TALLIES.get(&house.users.store().read().unwrap(), 1).unwrap();
    house.erase(1).await;
    let snapshot = house.users.store().read().unwrap();
    assert!(!PROFILES.contains(&snapshot, 1).unwrap());
    assert_eq!(TALLIES.get(&snapshot, 1).unwrap(), tally);
    let erased = ATTENDANCE.get(&snapshot, (1, 1)).unwrap().unwrap();
    let other = ATTENDANCE.get(&snapshot, (1, 2)).unwrap().unwrap();
    assert_eq!((erased.reason, erased.nonce), (None, None));
    assert_eq!(other.nonce.as_deref(), Some("nonce-two"));
    let (rows, statistics) = house.users.attendance(event, None, None, 10).await.unwrap();
    assert_eq!((rows.len(), statistics.recorded), (2, 2));
    let shown = |language| rows[0].shown_name(language);
    assert_eq!(shown(Language::English), "Deleted person");
    assert_eq!(shown(Language::Italian), "Persona eliminata");
    assert_eq!(rows[1].shown_name(Language::English), "Name 2");
}

#[tokio::test]
async fn erasing_again_does_nothing_and_tells_nobody() {
    let house = House::new();
    house.users.profile(UserId(1)).await.unwrap();
    house.erase(1).await;
    house.users.erase(UserId(1)).await.unwrap();
    let told: Vec<_> =
        house.audit().into_iter().map(|event| (event.action, event.target)).collect();
    assert_eq!(told, [("profile.erased".to_owned(), "user:1".to_owned())]);
}

#[tokio::test]
async fn a_profile_that_was_on_its_way_does_not_come_back() {
    let house = House::new();
    // The account was still there when somebody read it, and is gone when the profile is kept.
    house.users.erase(UserId(1)).await.unwrap();
    assert_eq!(house.users.profile(UserId(1)).await, Err(UserError::UserNotFound));
    let ids = || [1, 2].map(UserId).to_vec();
    assert_eq!(house.users.ensure_profiles(ids()).await, Ok(1));
    assert_eq!(house.users.names(ids()).await.unwrap()[0], None);
}

#[tokio::test]
async fn refused_scans_and_places_at_events_to_come_go_and_those_of_the_past_stay() {
    let house = House::new();
    let expecting = |name: &str| EventInput {
        name: name.to_owned(),
        expected: Some(vec![UserId(1), UserId(2)]),
        ..lesson()
    };
    let past = house.create(expecting("past")).await.unwrap();
    let code = house.code(&past.event.event_id);
    house.at("2026-11-24T08:50:00+01:00");
    assert_refused(house.scan(1, &code, "late").await, ScanRefusal::Closed);
    let to_come = EventInput {
        date: "2026-11-25".to_owned(),
        starts_at: None,
        ends_at: None,
        ..expecting("to come")
    };
    house.create(to_come).await.unwrap();
    house.erase(1).await;
    let snapshot = house.users.store().read().unwrap();
    let is_expected = |number| EXPECTED.contains(&snapshot, (number, 1)).unwrap();
    let expected = |number| EVENTS.get(&snapshot, number).unwrap().unwrap().expected;
    assert_eq!((is_expected(1), expected(1)), (true, Some(2)));
    assert_eq!((is_expected(2), expected(2)), (false, Some(1)));
    assert!(!REFUSALS.contains(&snapshot, (1, 1)).unwrap());
}
