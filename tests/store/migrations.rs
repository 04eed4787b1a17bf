//! Migrations: every step once, in order, and never half of one.

use appliance::store::{
    Direction, Migration, OpenError, Reader, Store, StoreError, Table, WriteTxn,
};

use crate::{
    bank::{OPTIONS, made, metrics},
    disk::{Disk, Fault, Survives},
};

/// What each step writes: its name, under a number that the file gives out.
const STEPS_TAKEN: Table<u64, String> = Table::new("steps_taken");
/// What the steps reshape: `first` wrote names, `second` copies their lengths, `third` drops them.
const NAMES: Table<u64, String> = Table::new("names");
const LENGTHS: Table<u64, u64> = Table::new("lengths");

const FIRST: Migration = Migration {
    name: "first",
    apply: |txn| {
        STEPS_TAKEN.create(txn)?;
        NAMES.create(txn)?;
        for number in 0..50 {
            NAMES.put(txn, number, &"n".repeat(usize::try_from(40 * number).unwrap()))?;
        }
        record("first", txn)
    },
};
const SECOND: Migration = Migration {
    name: "second",
    apply: |txn| {
        LENGTHS.create(txn)?;
        let lengths = NAMES.collect(txn, 0.., Direction::Ascending, usize::MAX, |key, name| {
            (key, name.len() as u64)
        })?;
        for (key, length) in lengths {
            LENGTHS.put(txn, key, &length)?;
        }
        record("second", txn)
    },
};
const THIRD: Migration = Migration {
    name: "third",
    apply: |txn| {
        NAMES.remove_range(txn, 0..)?;
        record("third", txn)
    },
};
const FAILING: Migration = Migration {
    name: "tidy the names",
    apply: |txn| {
        NAMES.remove_range(txn, 0..)?;
        Err(StoreError::Corrupt { table: "names", reason: "a test".to_owned() })
    },
};

fn record(step: &str, txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    let number = txn.next_number("steps")?;
    STEPS_TAKEN.put(txn, number, &step.to_owned())
}

fn open(disk: &Disk, steps: &[Migration]) -> Result<Store, OpenError> {
    Store::open_backend(disk.clone(), OPTIONS, steps, metrics())
}

fn steps_taken(reader: &impl Reader) -> Vec<String> {
    STEPS_TAKEN.collect(reader, 0.., Direction::Ascending, usize::MAX, |_, step| step).unwrap()
}

/// The file holds the work of all three steps, each done once.
fn assert_complete(store: &Store) {
    let snapshot = store.read().unwrap();
    assert_eq!(steps_taken(&snapshot), ["first", "second", "third"]);
    assert_eq!(NAMES.len(&snapshot), Ok(0));
    let lengths = LENGTHS.collect(&snapshot, 0.., Direction::Ascending, 99, |_, length| length);
    assert_eq!(lengths, Ok((0..50).map(|number| 40 * number).collect()));
}

#[test]
fn a_new_file_takes_every_step_in_order() {
    assert_complete(&open(&Disk::default(), &[FIRST, SECOND, THIRD]).unwrap());
}

#[test]
fn a_step_is_taken_once_however_often_the_file_is_opened() {
    let disk = Disk::default();
    for _ in 0..3 {
        let store = open(&disk, &[FIRST, SECOND, THIRD]).unwrap();
        assert_complete(&store);
        store.close();
    }
}

#[test]
fn an_older_file_takes_only_the_steps_that_it_lacks() {
    let disk = Disk::default();
    open(&disk, &[FIRST]).unwrap().close();
    assert_complete(&open(&disk, &[FIRST, SECOND, THIRD]).unwrap());
}

#[test]
fn opening_a_file_that_is_up_to_date_migrates_nothing() {
    let disk = Disk::default();
    open(&disk, &[FIRST, SECOND, THIRD]).unwrap().close();
    let never = ["first", "second", "third"]
        .map(|name| Migration { name, apply: |_| Err(StoreError::Busy) });
    assert_complete(&open(&disk, &never).unwrap());
}

#[test]
fn a_power_cut_at_any_sync_of_a_migration_leaves_a_file_that_completes_it() {
    let mut cuts = 0;
    for cut in 1..200 {
        let disk = Disk::default();
        open(&disk, &[FIRST]).unwrap().close();
        disk.fault_at(disk.syncs() + cut, Fault::PowerCut);
        let opened = open(&disk, &[FIRST, SECOND, THIRD]);
        if opened.is_ok() {
            break;
        }
        cuts += 1;
        for survives in [
            Survives::Nothing,
            Survives::Everything,
            Survives::Some(cut),
            Survives::Some(cut + 1_000),
            Survives::Torn(cut),
            Survives::Torn(cut + 1_000),
        ] {
            let reopened = open(&disk.after_power_cut(survives), &[FIRST, SECOND, THIRD]);
            assert_complete(
                &reopened.unwrap_or_else(|error| panic!("cut {cut}, {survives:?}: {error}")),
            );
        }
    }
    assert!(cuts >= 4, "two steps need at least two syncs each, and {cuts} were cut");
}

#[test]
fn a_power_cut_leaves_a_migrating_file_between_two_steps() {
    let mut seen = std::collections::BTreeSet::new();
    for cut in 1..200 {
        let disk = made();
        disk.fault_at(cut, Fault::PowerCut);
        if open(&disk, &[FIRST, SECOND, THIRD]).is_ok() {
            break;
        }
        for survives in [Survives::Nothing, Survives::Everything, Survives::Torn(cut)] {
            let image = disk.after_power_cut(survives);
            // Reopened by an appliance whose steps change nothing, to see what was there.
            let idle = ["first", "second", "third"]
                .map(|name| Migration { name, apply: |txn| STEPS_TAKEN.create(txn) });
            let store = open(&image, &idle).unwrap();
            let snapshot = store.read().unwrap();
            let taken = steps_taken(&snapshot);
            assert_eq!(taken, ["first", "second", "third"][..taken.len()]);
            if !taken.is_empty() {
                let names = NAMES.len(&snapshot).unwrap();
                assert_eq!(names, if taken.len() == 3 { 0 } else { 50 }, "{taken:?}");
                let lengths = LENGTHS.len(&snapshot);
                assert_eq!(lengths.ok(), (taken.len() > 1).then_some(50), "{taken:?}");
            }
            seen.insert(taken.len());
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3], "some state was never met");
}

#[test]
fn a_failing_step_names_itself() {
    let error = open(&Disk::default(), &[FIRST, FAILING, THIRD]).err().unwrap();
    assert!(matches!(
        &error,
        OpenError::Migration { step: "tidy the names", source: StoreError::Corrupt { .. }, .. }
    ));
    assert!(error.to_string().contains("'tidy the names' failed and was undone"), "{error}");
}

#[test]
fn a_failing_step_is_undone_and_the_steps_before_it_are_kept() {
    let disk = Disk::default();
    assert!(open(&disk, &[FIRST, FAILING, THIRD]).is_err());
    let store = open(&disk, &[FIRST]).unwrap();
    let snapshot = store.read().unwrap();
    assert_eq!(steps_taken(&snapshot), ["first"]);
    assert_eq!(NAMES.len(&snapshot), Ok(50), "the failed step's deletion was kept");
}

#[test]
fn a_step_that_failed_is_taken_when_it_has_been_mended() {
    let disk = Disk::default();
    assert!(open(&disk, &[FIRST, FAILING]).is_err());
    assert_complete(&open(&disk, &[FIRST, SECOND, THIRD]).unwrap());
}

#[test]
fn a_newer_file_is_refused_with_the_version_that_made_it() {
    let disk = Disk::default();
    open(&disk, &[FIRST, SECOND, THIRD]).unwrap().close();
    match open(&disk, &[FIRST, SECOND]).err() {
        Some(OpenError::Newer { found: 3, known: 2, made_by, .. }) => {
            assert_eq!(made_by, env!("CARGO_PKG_VERSION"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newer_file_that_was_refused_still_opens_with_its_own_appliance() {
    let disk = Disk::default();
    open(&disk, &[FIRST, SECOND, THIRD]).unwrap().close();
    assert!(open(&disk, &[FIRST, SECOND]).is_err());
    assert_complete(&open(&disk, &[FIRST, SECOND, THIRD]).unwrap());
}
