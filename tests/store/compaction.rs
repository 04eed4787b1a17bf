//! Compacting: what is there stays, what is not is given back, and a power cut changes neither.

use appliance::store::{Direction, Migration, Store, StoreError, Table, WriteTxn, compact_backend};

use crate::{
    bank::{OPTIONS, metrics},
    disk::{Disk, Fault, Survives},
};

const ROWS: Table<u64, String> = Table::new("rows");
const FILLED: &[Migration] = &[
    Migration { name: "write many", apply: write_many },
    Migration { name: "remove most", apply: remove_most },
];

fn row(key: u64) -> String {
    format!("{key:0500}")
}

fn write_many(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    ROWS.create(txn)?;
    (0..2_000).try_for_each(|key| ROWS.put(txn, key, &row(key)))
}

fn remove_most(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    // From the front, so that what stays is at the file's end.
    ROWS.remove_range(txn, ..1_900_u64)
}

/// A closed file, most of which is empty.
fn half_empty() -> Disk {
    let disk = Disk::default();
    Store::open_backend(disk.clone(), OPTIONS, FILLED, metrics()).unwrap().close();
    Disk::of(disk.bytes())
}

fn assert_whole(disk: &Disk, context: &str) {
    let store = Store::open_backend(disk.clone(), OPTIONS, FILLED, metrics())
        .unwrap_or_else(|error| panic!("{context}: {error}"));
    let found = ROWS
        .collect(&store.read().unwrap(), 0.., Direction::Ascending, usize::MAX, |key, row| {
            (key, row)
        })
        .unwrap();
    let expected: Vec<_> = (1_900..2_000).map(|key| (key, row(key))).collect();
    assert_eq!(found, expected, "{context}");
}

#[test]
fn a_file_that_is_mostly_empty_becomes_small_and_keeps_its_rows() {
    let disk = half_empty();
    let before = disk.bytes().len();
    compact_backend(disk.clone()).unwrap();
    let after = disk.bytes().len();
    assert!(after < before / 3, "{before} {after}");
    assert_whole(&disk, "compacted");
}

#[test]
fn a_power_cut_at_any_sync_of_a_compaction_loses_nothing() {
    let image = half_empty().bytes();
    for cut in 1..500 {
        let disk = Disk::of(image.clone());
        disk.fault_at(cut, Fault::PowerCut);
        let compacted = compact_backend(disk.clone());
        if !disk.lost_power() {
            compacted.unwrap();
            assert!(cut > 5, "only {} syncs were cut", cut - 1);
            return;
        }
        for survives in
            [Survives::Nothing, Survives::Everything, Survives::Some(cut), Survives::Torn(cut)]
        {
            let context = format!("cut {cut}, {survives:?}");
            assert_whole(&disk.after_power_cut(survives), &context);
            let again = disk.after_power_cut(survives);
            compact_backend(again.clone()).unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_whole(&again, &context);
        }
    }
    panic!("the compaction never ends");
}
