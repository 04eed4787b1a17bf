//! The log of changes of attendance.

use tempfile::TempDir;

use super::{BROWSER, House, time};
use crate::{
    clock::Time,
    ids::{RandomId, UserId},
    store::{Direction, Outcome, Snapshot, Store, StoreOptions},
    telemetry::Metrics,
    user::{
        Attendance, AttendanceStatus, EventInput, MIGRATIONS, Source,
        records::{AttendanceChange, ChangeOrigin},
        tables::{ATTENDANCE, ATTENDANCE_CHANGES, EVENTS},
    },
};

fn changes(snapshot: &Snapshot, event: u32) -> Vec<(u64, AttendanceChange)> {
    let mut changes = Vec::new();
    let all = (event, 0)..=(event, u64::MAX);
    ATTENDANCE_CHANGES
        .visit(snapshot, all, Direction::Ascending, |(_, number), change| {
            changes.push((number, change));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    changes
}

#[tokio::test]
async fn each_scan_that_is_recorded_is_a_change_and_nothing_else_is() {
    let house = House::new();
    let event = house.lesson().await;
    let code = house.code(&event);
    house.redeem(1, &house.hold(&code).unwrap().hold, "one").await.unwrap();
    house.later(1);
    house.scan(2, &code, "two").await.unwrap();
    house.scan(2, &code, "two").await.unwrap();
    house.scan(1, &code, "again").await.unwrap();
    house.scan(1, "no code of ours", "none").await.unwrap_err();
    let snapshot = house.users.store().read().unwrap();
    let logged = changes(&snapshot, 1);
    let whose: Vec<_> = logged.iter().map(|(number, change)| (*number, change.user.0)).collect();
    assert_eq!(whose, [(1, 1), (2, 2)]);
    for (_, change) in &logged {
        let row = ATTENDANCE.get(&snapshot, (1, change.user.0)).unwrap().unwrap();
        assert_eq!(change.after, Some(Attendance { nonce: None, ..row }));
        assert_eq!(change.by, change.user);
    }
    let origin = |device| {
        let network = "192.0.2.7".to_owned();
        Some(ChangeOrigin { network, device, request_id: RandomId([1; 16]) })
    };
    assert_eq!(logged[0].1.origin, origin(Some(BROWSER.0)));
    assert_eq!(logged[1].1.origin, origin(None));
    assert_eq!(logged[1].1.at, house.clock.now());
}

#[tokio::test]
async fn each_event_counts_its_changes_by_itself_and_a_deleted_one_leaves_none() {
    let house = House::new();
    let first = house.lesson().await;
    let input = EventInput { name: "Laboratorio".to_owned(), ..super::lesson() };
    let second = house.create(input).await.unwrap().event.event_id;
    for (user, event) in [(1, &first), (1, &second), (2, &second)] {
        house.scan(user, &house.code(event), &format!("{user}-{event}")).await.unwrap();
    }
    let snapshot = house.users.store().read().unwrap();
    assert_eq!((changes(&snapshot, 1).len(), changes(&snapshot, 2).len()), (1, 2));
    let from = crate::audit_event::AuditContext::COMMAND_LINE;
    house.users.delete_event(second, from).await.unwrap();
    let snapshot = house.users.store().read().unwrap();
    assert_eq!((changes(&snapshot, 1).len(), changes(&snapshot, 2).len()), (1, 0));
}

#[tokio::test]
async fn the_changes_of_somebody_who_is_erased_stay_without_words_and_origin() {
    let house = House::new();
    let event = house.lesson().await;
    house.scan(1, &house.code(&event), "one").await.unwrap();
    house.scan(2, &house.code(&event), "two").await.unwrap();
    let corrected = house.users.store().submit(|_| {
        Ok(Outcome::<(), ()>::commit(|txn| {
            let mut change = ATTENDANCE_CHANGES.get(txn, (1, 1))?.unwrap();
            change.after.as_mut().unwrap().reason = Some("ill".to_owned());
            ATTENDANCE_CHANGES.put(txn, (1, 1), &change)
        }))
    });
    corrected.await.unwrap().unwrap();
    house.accounts.0.lock().unwrap().retain(|(id, _)| *id != UserId(1));
    house.users.erase(UserId(1)).await.unwrap();
    let logged = changes(&house.users.store().read().unwrap(), 1);
    let after = logged[0].1.after.as_ref().unwrap();
    assert_eq!((after.status, after.reason.as_deref()), (AttendanceStatus::Present, None));
    assert_eq!(logged[0].1.origin, None);
    assert!(logged[1].1.origin.is_some(), "that of somebody else");
}

#[tokio::test]
async fn a_file_without_the_log_gets_one_of_what_it_holds_in_the_order_in_which_it_came_about() {
    let house = House::new();
    house.lesson().await;
    let event = EVENTS.get(&house.users.store().read().unwrap(), 1).unwrap().unwrap();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("user.redb");
    let metrics = Metrics::new().unwrap();
    let open = |steps| {
        let options = StoreOptions::default();
        Store::open(&path, options, &MIGRATIONS[..steps], metrics.store("user")).unwrap()
    };
    let before =
        MIGRATIONS.iter().position(|step| step.name == "log changes of attendance").unwrap();
    let row = |moment: &str, by: Option<u64>| Attendance {
        status: AttendanceStatus::Present,
        scanned_at: time(moment),
        minutes_late: None,
        source: if by.is_some() { Source::Manual } else { Source::Scan },
        nonce: Some("a nonce".to_owned()),
        updated_at: by.map(|_| time("2026-11-23T12:00:00+01:00")),
        updated_by: by.map(UserId),
        reason: by.map(|_| "was there".to_owned()),
    };
    let rows = [
        (5_u64, row("2026-11-23T09:00:05+01:00", None)),
        (6, row("2026-11-23T09:00:01+01:00", None)),
        (7, row("2026-11-23T09:00:00+01:00", Some(1))),
    ];
    let old = open(before);
    let kept = rows.clone();
    let written = old.submit(move |_| {
        let (event, rows) = (event.clone(), kept.clone());
        Ok(Outcome::<(), ()>::commit(move |txn| {
            EVENTS.put(txn, 1, &event)?;
            rows.iter().try_for_each(|(user, row)| ATTENDANCE.put(txn, (1, *user), row))
        }))
    });
    written.await.unwrap().unwrap();
    old.close();
    drop(old);
    let store = open(MIGRATIONS.len());
    let logged = changes(&store.read().unwrap(), 1);
    let found: Vec<_> = logged.iter().map(|(n, c)| (*n, c.user.0, c.by.0)).collect();
    assert_eq!(found, [(1, 6, 6), (2, 5, 5), (3, 7, 1)]);
    for ((user, row), at) in rows.iter().zip([1, 0, 2]) {
        let (_, change) = &logged[at];
        assert_eq!(change.user, UserId(*user));
        assert_eq!(change.after, Some(Attendance { nonce: None, ..row.clone() }));
        assert_eq!(change.origin, None);
        assert_eq!(change.at, row.updated_at.unwrap_or(row.scanned_at));
        assert_ne!(change.at, Time::EPOCH);
    }
}
