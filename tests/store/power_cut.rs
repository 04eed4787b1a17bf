//! Power cuts: one run of a script for every sync that the script makes, with the cut at that sync,
//! and for each several accounts of what the disk had kept by then.

use appliance::store::Store;

use crate::{
    bank::{self, Deposited, deposit, deposit_first, ledger, made, open, together, try_open},
    disk::{Disk, Fault, Survives},
};

const OUTCOMES: [Survives; 10] = [
    Survives::Nothing,
    Survives::Everything,
    Survives::Some(1),
    Survives::Some(2),
    Survives::Some(3),
    Survives::Some(4),
    Survives::Torn(5),
    Survives::Torn(6),
    Survives::Torn(7),
    Survives::Torn(8),
];

/// More syncs than any script here makes: a script that never ends is a failure.
const ENOUGH: u64 = 1_000;

/// What the outside world was told.
#[derive(Debug, Default)]
struct Told {
    /// Command and ledger number of each acknowledged deposit.
    acknowledged: Vec<(u64, u64)>,
    refused: Vec<u64>,
}

impl Told {
    fn note(&mut self, command: u64, answer: &Deposited) {
        match answer {
            Ok(Ok(number)) => self.acknowledged.push((command, *number)),
            Ok(Err(_)) => self.refused.push(command),
            Err(_) => {}
        }
    }
}

/// Opens a file for the first time, makes deposits in groups of known sizes, and closes it.
fn script(disk: &Disk) -> Told {
    let mut told = Told::default();
    let Ok(store) = try_open(disk.clone()) else { return told };
    bank::block_on(async {
        for wave in 0..3 {
            // Seven commands make a group of four and one of three.
            let commands: Vec<u64> = (1..=7).map(|nth| wave * 10 + nth).collect();
            let submits = commands.iter().map(|command| deposit(&store, *command, command % 5, 1));
            for (command, answer) in commands.iter().zip(together(&store, submits).await) {
                told.note(*command, &answer);
            }
            // The process ends when its store has stopped.
            if !store.is_healthy() {
                return;
            }
            let alone = wave * 10 + 8;
            told.note(alone, &deposit(&store, alone, 1, 100).await);
            if !store.is_healthy() {
                return;
            }
            let refused = wave * 10 + 9;
            told.note(refused, &deposit_first(&store, refused, 1, 1).await);
        }
    });
    store.close();
    told
}

/// What must hold of a file that is opened after a cut, whatever the script had got to.
fn verify(store: &Store, told: &Told) {
    let found = ledger(&store.read().unwrap_or_else(|error| panic!("{error}")));
    for (command, number) in &told.acknowledged {
        let times = found.iter().filter(|there| *there == command).count();
        assert_eq!(times, 1, "acknowledged command {command} is there {times} times");
        let place = usize::try_from(*number).unwrap() - 1;
        assert_eq!(found[place], *command, "number {number} went to another command");
    }
    assert!(told.refused.iter().all(|refused| !found.contains(refused)));
    assert_whole_groups(&found);

    let highest = told.acknowledged.iter().map(|(_, number)| *number).max().unwrap_or(0);
    let number = bank::block_on(deposit(store, 9_999, 3, 1)).unwrap().unwrap();
    assert!(number > highest, "an acknowledged number was given out again");
    assert_eq!(ledger(&store.read().unwrap()).last(), Some(&9_999));
}

/// A group is there as a whole or not at all, and none is there without those before it.
fn assert_whole_groups(found: &[u64]) {
    let script: Vec<u64> =
        (0..3).flat_map(|wave| (1..=8).map(move |nth| wave * 10 + nth)).collect();
    assert_eq!(found, &script[..found.len()], "not in the order of the script");
    let ends = [0, 4, 7, 8];
    assert!(ends.contains(&(found.len() % 8)), "a group was cut in two: {found:?}");
}

/// Runs the script once for each of its syncs, with the power going at that sync.
fn for_every_power_cut(mut check: impl FnMut(u64, &Disk, &Told)) {
    for cut in 1..ENOUGH {
        let disk = made();
        disk.fault_at(cut, Fault::PowerCut);
        let told = script(&disk);
        if !disk.lost_power() {
            assert_eq!(told.acknowledged.len(), 24, "the uncut script acknowledges everything");
            assert_eq!(told.refused.len(), 3);
            assert!(cut > 20, "the script made only {cut} syncs");
            return;
        }
        check(cut, &disk, &told);
    }
    panic!("the script never ends");
}

#[test]
fn a_power_cut_at_any_sync_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    for_every_power_cut(|cut, disk, told| {
        for survives in OUTCOMES {
            let store = try_open(disk.after_power_cut(survives))
                .unwrap_or_else(|error| panic!("cut {cut}, {survives:?}: {error}"));
            verify(&store, told);
        }
    });
}

#[test]
fn a_second_power_cut_during_the_repair_of_the_first_changes_nothing() {
    for_every_power_cut(|first, disk, told| {
        let after_first = disk.after_power_cut(Survives::Some(first));
        for second in 1..ENOUGH {
            let disk = Disk::of(after_first.bytes());
            disk.fault_at(second, Fault::PowerCut);
            drop(try_open(disk.clone()));
            if !disk.lost_power() {
                break;
            }
            for survives in [Survives::Nothing, Survives::Torn(second), Survives::Everything] {
                let store = try_open(disk.after_power_cut(survives))
                    .unwrap_or_else(|error| panic!("cuts {first}, {second}: {error}"));
                verify(&store, told);
            }
        }
    });
}

#[test]
fn pulling_the_plug_on_an_idle_store_is_as_good_as_closing_it() {
    let disk = Disk::default();
    let store = open(disk.clone());
    let answers = bank::block_on(together(&store, (1..=3).map(|nth| deposit(&store, nth, nth, 1))));
    assert_eq!(answers, [Ok(Ok(1)), Ok(Ok(2)), Ok(Ok(3))]);
    let reopened = open(disk.after_power_cut(Survives::Nothing));
    assert_eq!(ledger(&reopened.read().unwrap()), [1, 2, 3]);
}
