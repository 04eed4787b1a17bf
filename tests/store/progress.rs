//! What whoever opens a file listener of a long repair or migration.

use std::sync::{Arc, Mutex};

use appliance::store::{Migration, OpenError, OpenProgress, OpenStep, Store, Table};

use crate::bank::{OPTIONS, metrics};

const ROWS: Table<u64, u64> = Table::new("rows");

const MAKE: Migration = Migration { name: "make rows", apply: |txn| ROWS.create(txn) };
const FILL: Migration = Migration {
    name: "fill rows",
    apply: |txn| {
        (0..4).try_for_each(|row| {
            txn.progress(row, 4);
            ROWS.put(txn, row, &row)
        })
    },
};

/// A progress, and what was told of it.
fn listening() -> (OpenProgress, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let progress = OpenProgress::new(move |step: &OpenStep<'_>| {
        let file = step.file.file_name().unwrap().display();
        listener.lock().unwrap().push(format!("{file}: {} {:?}", step.name, step.percent));
    });
    (progress, heard)
}

#[test]
fn every_step_of_a_migration_is_told_with_what_it_says_of_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.redb");
    drop(Store::open(&path, OPTIONS, &[MAKE], metrics()).unwrap());
    let (progress, heard) = listening();
    Store::open_telling(&path, OPTIONS, &[MAKE, FILL], metrics(), &progress).unwrap();
    let fill = |percent| format!("rows.redb: fill rows {percent}");
    let expected = ["None", "Some(0)", "Some(25)", "Some(50)", "Some(75)"].map(fill);
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn a_repair_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let (left, path) = (directory.path().join("left.redb"), directory.path().join("rows.redb"));
    // A file whose writer was killed, of the slow kind: nothing in it says what is in use.
    let database = redb::Database::create(&left).unwrap();
    let table = redb::TableDefinition::<u64, u64>::new("rows");
    let transaction = database.begin_write().unwrap();
    {
        let mut rows = transaction.open_table(table).unwrap();
        for row in 0..1_000 {
            rows.insert(row, row).unwrap();
        }
    }
    transaction.commit().unwrap();
    std::fs::copy(&left, &path).unwrap();
    let (progress, heard) = listening();
    // Not one of ours, which is found out after the repair.
    let opened = Store::open_telling(&path, OPTIONS, &[], metrics(), &progress);
    assert!(opened.is_err());
    let heard = heard.lock().unwrap();
    assert!(
        heard.first().is_some_and(|first| first.starts_with("rows.redb: repairing Some(")),
        "{heard:?}"
    );
    drop(database);
}

#[test]
fn steps_that_are_no_longer_wanted_are_not_taken_and_the_next_opening_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.redb");
    let steps = [MAKE, FILL];
    let (progress, heard) = listening();
    let so_far = Arc::clone(&heard);
    let progress = progress.while_wanted(move || so_far.lock().unwrap().is_empty());
    let opened = Store::open_telling(&path, OPTIONS, &steps, metrics(), &progress);
    assert!(matches!(opened.map(drop), Err(OpenError::GivenUp(_))));
    assert_eq!(*heard.lock().unwrap(), ["rows.redb: make rows None"]);
    let (progress, heard) = listening();
    let store = Store::open_telling(&path, OPTIONS, &steps, metrics(), &progress).unwrap();
    assert!(heard.lock().unwrap()[0].contains("fill rows"), "{heard:?}");
    assert_eq!(store.read().unwrap().about().unwrap().schema_version, 2);
}
