//! The real files of the three domains: a power cut at any sync of their migrations.

use appliance::{
    auth, social_log,
    store::{Migration, Store},
    user,
};
use redb::{ReadableDatabase, TableHandle};

use crate::{
    bank::{OPTIONS, made, metrics},
    disk::{Disk, Fault, Survives},
};

/// The tables of a closed file, sorted.
fn tables(disk: &Disk) -> Vec<String> {
    let database = redb::Database::builder().create_with_backend(disk.clone()).unwrap();
    let transaction = database.begin_read().unwrap();
    let mut names: Vec<_> =
        transaction.list_tables().unwrap().map(|table| table.name().to_owned()).collect();
    names.sort();
    names
}

fn open(disk: &Disk, steps: &[Migration]) -> Option<Store> {
    Store::open_backend(disk.clone(), OPTIONS, steps, metrics()).ok()
}

/// Cuts the power at every sync that bringing a file from `from` steps to all of them makes.
fn cut_at_every_sync(steps: &[Migration], from: usize) -> usize {
    let older = || {
        let disk = made();
        open(&disk, &steps[..from]).unwrap().close();
        Disk::of(disk.bytes())
    };
    let whole = older();
    drop(open(&whole, steps).unwrap());
    let expected = tables(&whole);
    assert!(expected.len() > 2, "{expected:?}");
    for cut in 1..200 {
        let disk = older();
        disk.fault_at(cut, Fault::PowerCut);
        let opened = open(&disk, steps);
        if !disk.lost_power() {
            drop(opened);
            return usize::try_from(cut).unwrap() - 1;
        }
        drop(opened);
        for survives in [
            Survives::Nothing,
            Survives::Everything,
            Survives::Some(cut),
            Survives::Some(cut + 1_000),
            Survives::Torn(cut),
            Survives::Torn(cut + 1_000),
        ] {
            let after = disk.after_power_cut(survives);
            let store = open(&after, steps);
            drop(store.unwrap_or_else(|| panic!("step {from}, cut {cut}, {survives:?}")));
            assert_eq!(tables(&after), expected, "step {from}, cut {cut}, {survives:?}");
        }
    }
    panic!("the migration never ends");
}

#[test]
fn a_power_cut_at_any_sync_of_a_real_migration_leaves_a_file_that_completes_it() {
    for steps in [auth::MIGRATIONS, user::MIGRATIONS, social_log::MIGRATIONS] {
        for from in 0..steps.len() {
            let cuts = cut_at_every_sync(steps, from);
            assert!(cuts >= steps.len() - from, "{cuts} syncs were cut");
        }
    }
}
