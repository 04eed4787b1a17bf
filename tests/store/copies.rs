//! Holding writers for one moment of several files, and copying that moment.

use std::{
    collections::BTreeMap,
    fs,
    ops::ControlFlow,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};

use appliance::store::{
    AnyTable, AtRest, OpenError, Outcome, Snapshot, Store, StoreError, StoreOptions, check_pages,
    copy, missing_tables,
};
use futures_util::FutureExt;
use proptest::prelude::*;

use crate::bank::{
    BALANCES, Entry, LEDGER, MIGRATIONS, OPTIONS, block_on, deposit, ledger, metrics, open, roomy,
};

const TABLES: [&dyn AnyTable; 2] = [&BALANCES, &LEDGER];

fn copied(snapshot: &Snapshot, path: &Path) -> BTreeMap<String, u64> {
    copy(snapshot, &TABLES, path, &mut |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn a_held_writer_commits_nothing_and_goes_on_when_it_is_let_go() {
    let store = open(roomy());
    let held = store.pause();
    let mut waiting = Box::pin(deposit(&store, 1, 1, 1));
    assert_eq!(waiting.as_mut().now_or_never(), None);
    assert_eq!(ledger(&store.read().unwrap()), [0_u64; 0]);
    drop(held);
    assert_eq!(block_on(waiting), Ok(Ok(1)));
}

#[test]
fn whoever_holds_second_waits_for_the_first() {
    let store = open(roomy());
    let is_second = AtomicBool::new(false);
    let held = store.pause();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            let _held = store.pause();
            assert!(is_second.load(Ordering::SeqCst));
        });
        is_second.store(true, Ordering::SeqCst);
        drop(held);
        second.join().unwrap();
    });
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Ok(Ok(1)));
}

#[test]
fn a_store_that_is_held_can_be_closed_once_it_is_let_go() {
    let store = open(roomy());
    let held = store.pause();
    let waiting = deposit(&store, 1, 1, 1);
    drop(waiting);
    drop(held);
    store.close();
}

#[test]
fn snapshots_taken_while_writers_are_held_are_of_one_moment() {
    // Every deposit goes to the first and then to the second, so the second never is ahead.
    let stores = [open(roomy()), open(roomy())];
    let (stop, deposits) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let number = deposits.load(Ordering::SeqCst) + 1;
                for store in &stores {
                    block_on(deposit(store, number, 1, 1)).unwrap().unwrap();
                }
                deposits.store(number, Ordering::SeqCst);
            }
        });
        let mut looks = 0;
        while looks < 200 || deposits.load(Ordering::SeqCst) < 10 {
            looks += 1;
            let holds = stores.each_ref().map(Store::pause);
            let [first, second] = stores.each_ref().map(|store| store.read().unwrap());
            drop(holds);
            let [first, second] = [first, second].map(|snapshot| ledger(&snapshot).len());
            assert!(first == second || first == second + 1, "{first} and {second}");
        }
        stop.store(true, Ordering::SeqCst);
    });
}

#[test]
fn a_copy_holds_what_its_moment_held_and_is_a_good_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("copy.redb");
    let store = open(roomy());
    for nth in 1..=40 {
        block_on(deposit(&store, nth, nth % 3, nth)).unwrap().unwrap();
    }
    let snapshot = store.read().unwrap();
    for nth in 41..=60 {
        block_on(deposit(&store, nth, 1, nth)).unwrap().unwrap();
    }
    let rows = copied(&snapshot, &path);
    assert_eq!((rows["ledger"], rows["balances"]), (40, 3));
    assert_eq!(rows, snapshot.rows().unwrap());
    check_pages(&path).unwrap();
    let at_rest = AtRest::open(&path).unwrap();
    assert_eq!(
        at_rest.check_records(&TABLES, &mut || std::ops::ControlFlow::Continue(())).unwrap(),
        rows
    );
    assert_eq!(at_rest.snapshot().unwrap().about(), snapshot.about());
    drop(at_rest);
    let opened = Store::open(&path, OPTIONS, MIGRATIONS, metrics()).unwrap();
    assert_eq!(ledger(&opened.read().unwrap()), (1..=40).collect::<Vec<_>>());
    // Numbers go on where that moment was.
    assert_eq!(block_on(deposit(&opened, 7, 1, 1)), Ok(Ok(41)));
}

#[test]
fn a_copy_that_would_leave_a_table_out_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(roomy());
    let snapshot = store.read().unwrap();
    let some: [&dyn AnyTable; 1] = [&BALANCES];
    assert_eq!(missing_tables(&snapshot, &some).unwrap(), ["ledger"]);
    let path = directory.path().join("copy.redb");
    let refused = copy(&snapshot, &some, &path, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(refused, Err(StoreError::Refused(reason)) if reason.contains("ledger")));
    assert!(!path.exists());
}

#[test]
fn a_copy_stops_when_it_is_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(roomy());
    let stopped =
        copy(&store.read().unwrap(), &TABLES, &directory.path().join("copy.redb"), &mut |_| {
            ControlFlow::Break(())
        });
    assert_eq!(stopped, Err(StoreError::Stopped));
}

#[test]
fn a_file_at_rest_is_read_as_it_is_and_shuts_writers_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bank.redb");
    drop(Store::open(&path, OPTIONS, &MIGRATIONS[..1], metrics()).unwrap());
    let before = fs::read(&path).unwrap();
    let at_rest = AtRest::open(&path).unwrap();
    assert_eq!(at_rest.snapshot().unwrap().about().unwrap().schema_version, 1);
    let opened = Store::open(&path, OPTIONS, MIGRATIONS, metrics());
    assert!(matches!(opened.map(drop), Err(OpenError::InUse(_))));
    drop(at_rest);
    assert!(fs::read(&path).unwrap() == before, "reading changed it");
    drop(Store::open(&path, OPTIONS, MIGRATIONS, metrics()).unwrap());
    let about = AtRest::open(&path).unwrap().snapshot().unwrap().about().unwrap();
    assert_eq!((about.schema_version, about.made_by.as_str()), (2, env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_record_that_does_not_read_is_found_by_a_check() {
    const AS_TEXT: appliance::store::Table<u64, String> = appliance::store::Table::new("ledger");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bank.redb");
    let store = Store::open(&path, OPTIONS, MIGRATIONS, metrics()).unwrap();
    let spoilt =
        store.submit(|_| Ok(Outcome::<(), ()>::commit(|txn| AS_TEXT.put(txn, 1, &"?".to_owned()))));
    block_on(spoilt).unwrap().unwrap();
    drop(store);
    check_pages(&path).unwrap();
    let found = AtRest::open(&path)
        .unwrap()
        .check_records(&TABLES, &mut || std::ops::ControlFlow::Continue(()));
    assert!(matches!(found, Err(StoreError::Corrupt { table: "ledger", .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_copy_of_any_rows_has_the_same_rows(
        keys in proptest::collection::btree_set(any::<u64>(), 0..200),
        length in 0_usize..60_000,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("copy.redb");
        let store = open(roomy());
        let (wanted, note) = (keys.clone(), "x".repeat(length));
        let filled = store.submit(move |_| {
            let (keys, note) = (wanted.clone(), note.clone());
            Ok(Outcome::<(), ()>::commit(move |txn| {
                keys.iter().try_for_each(|key| {
                    let entry = Entry { command: *key, account: 0, amount: 0, note: note.clone() };
                    LEDGER.put(txn, *key, &entry)
                })
            }))
        });
        block_on(filled).unwrap().unwrap();
        copied(&store.read().unwrap(), &path);
        let all = |snapshot: &Snapshot| {
            LEDGER.collect(snapshot, 0.., appliance::store::Direction::Ascending, 1_000, |key, entry| {
                (key, entry)
            })
        };
        let copy = AtRest::open(&path).unwrap().snapshot().unwrap();
        prop_assert_eq!(all(&copy).unwrap(), all(&store.read().unwrap()).unwrap());
        prop_assert_eq!(all(&copy).unwrap().len(), keys.len());
    }
}

/// How fast a copy is, for whoever changes it: `cargo test --release --test store -- --ignored speed`.
#[test]
#[ignore = "says how fast a copy is"]
fn the_speed_of_a_copy() {
    const ROWS: u64 = 4_000_000;
    const GROUP: u64 = 50_000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bank.redb");
    let options = StoreOptions { cache_bytes: 64 << 20, ..StoreOptions::default() };
    let store = Store::open(&path, options, MIGRATIONS, metrics()).unwrap();
    for group in 0..ROWS / GROUP {
        let filled = store.submit(move |_| {
            Ok(Outcome::<(), ()>::commit(move |txn| {
                (group * GROUP..(group + 1) * GROUP).try_for_each(|key| {
                    let note = format!("attendance {key} {}", "of somebody somewhere ".repeat(3));
                    LEDGER.put(txn, key, &Entry { command: key, account: 0, amount: 0, note })
                })
            }))
        });
        block_on(filled).unwrap().unwrap();
    }
    let copy_path = directory.path().join("copy.redb");
    let mut bytes = 0;
    let start = Instant::now();
    let held = store.pause();
    let snapshot = store.read().unwrap();
    drop(held);
    let waited = start.elapsed();
    let start = Instant::now();
    let count = &mut |more| {
        bytes += more;
        ControlFlow::Continue(())
    };
    copy(&snapshot, &TABLES, &copy_path, count).unwrap();
    let took = start.elapsed();
    let [before, after] = [&path, &copy_path].map(|path| fs::metadata(path).unwrap().len() >> 20);
    println!(
        "{ROWS} rows, {} MiB of them in {before} MiB: {after} MiB after {took:?}; held {waited:?}",
        bytes >> 20
    );
    let start = Instant::now();
    check_pages(&copy_path).unwrap();
    println!("pages {:?}", start.elapsed());
    let start = Instant::now();
    AtRest::open(&copy_path)
        .unwrap()
        .check_records(&TABLES, &mut || std::ops::ControlFlow::Continue(()))
        .unwrap();
    println!("records {:?}", start.elapsed());
}
