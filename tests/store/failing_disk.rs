//! I/O errors: after the first one nobody knows what the disk holds, so nothing is tried again.

use std::io::ErrorKind;

use appliance::store::{OpenError, StoreError};
use futures_util::FutureExt;

use crate::{
    bank::{
        Deposited, answer, block_on, deposit, expect_panics, hold_writer, ledger, open, queued,
        together, try_open,
    },
    disk::{Disk, Fault, Survives},
};

/// One acknowledged deposit, then a group of three whose sync fails in the way of `fault`.
fn after_a_failed_group(fault: Fault) -> (Disk, appliance::store::Store, Vec<Deposited>) {
    let disk = Disk::default();
    let store = open(disk.clone());
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Ok(Ok(1)));
    disk.fault_at_next_sync(fault);
    let answers = block_on(together(&store, (2..=4).map(|nth| deposit(&store, nth, nth, 1))));
    (disk, store, answers)
}

#[test]
fn a_failed_sync_is_an_error_for_every_command_of_its_group() {
    let (_, _, answers) = after_a_failed_group(Fault::SyncError);
    assert_eq!(answers.len(), 3);
    for answer in answers {
        assert!(matches!(answer, Err(StoreError::Io(_))), "{answer:?}");
    }
}

#[test]
fn after_a_failed_sync_the_store_takes_no_more_commands() {
    let (_, store, _) = after_a_failed_group(Fault::SyncError);
    assert_eq!(block_on(deposit(&store, 5, 5, 1)), Err(StoreError::Stopped));
    assert!(!store.is_healthy());
}

#[test]
fn a_failed_sync_wakes_whoever_waits_for_the_store_to_stop() {
    let disk = Disk::default();
    let store = open(disk.clone());
    let mut stopped = Box::pin(store.stopped());
    assert!((&mut stopped).now_or_never().is_none());
    disk.fault_at_next_sync(Fault::SyncError);
    assert!(block_on(deposit(&store, 1, 1, 1)).is_err());
    block_on(stopped);
    block_on(store.stopped());
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let (disk, store, _) = after_a_failed_group(Fault::SyncError);
    let syncs = disk.syncs();
    for nth in 5..=8 {
        assert!(block_on(deposit(&store, nth, nth, 1)).is_err());
    }
    store.close();
    drop(store);
    assert_eq!(disk.syncs(), syncs);
}

#[test]
fn commands_that_wait_behind_a_failed_group_are_not_tried() {
    let disk = Disk::default();
    let store = open(disk.clone());
    let syncs = disk.syncs();
    disk.fault_at_next_sync(Fault::SyncError);
    let answers = block_on(together(&store, (1..=7).map(|nth| deposit(&store, nth, nth, 1))));
    assert!(answers[..4].iter().all(|answer| matches!(answer, Err(StoreError::Io(_)))));
    assert_eq!(answers[4..], [const { Err(StoreError::Stopped) }; 3]);
    assert_eq!(disk.syncs(), syncs + 1);
}

#[test]
fn reads_after_a_failed_sync_show_the_last_commit_or_fail() {
    let (_, store, _) = after_a_failed_group(Fault::SyncError);
    if let Ok(snapshot) = store.read() {
        assert_eq!(ledger(&snapshot), [1], "an unsynced commit is shown");
    }
}

#[test]
fn what_a_failed_group_left_on_the_disk_is_all_of_it_or_nothing() {
    // The sync that fails may be any of the commit's.
    for nth_sync in 0..4 {
        let disk = Disk::default();
        let store = open(disk.clone());
        assert_eq!(block_on(deposit(&store, 1, 1, 1)), Ok(Ok(1)));
        disk.fault_at(disk.syncs() + 1 + nth_sync, Fault::SyncError);
        let answers = block_on(together(&store, (2..=4).map(|nth| deposit(&store, nth, nth, 1))));
        let acknowledged = answers.iter().all(Result::is_ok);
        assert!(acknowledged || answers.iter().all(Result::is_err), "{answers:?}");
        for survives in
            [Survives::Nothing, Survives::Everything, Survives::Some(1), Survives::Torn(2)]
        {
            let reopened = open(disk.after_power_cut(survives));
            let found = ledger(&reopened.read().unwrap());
            let whole = found == [1, 2, 3, 4];
            assert!(whole || (found == [1] && !acknowledged), "{nth_sync} {survives:?}: {found:?}");
        }
    }
}

#[test]
fn a_full_disk_stops_the_store_and_loses_nothing_acknowledged() {
    let disk = Disk::default();
    let store = open(disk.clone());
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Ok(Ok(1)));
    disk.refuse_writes(ErrorKind::StorageFull);
    assert!(matches!(block_on(deposit(&store, 2, 1, 1)), Err(StoreError::Io(_))));
    assert_eq!(block_on(deposit(&store, 3, 1, 1)), Err(StoreError::Stopped));
    let reopened = open(disk.after_power_cut(Survives::Everything));
    assert_eq!(ledger(&reopened.read().unwrap()), [1]);
}

#[test]
fn opening_on_a_full_disk_says_that_the_disk_is_full() {
    let disk = Disk::default();
    disk.refuse_writes(ErrorKind::StorageFull);
    assert!(matches!(try_open(disk).err(), Some(OpenError::DiskFull(_))));
}

#[test]
fn opening_without_permission_says_so() {
    let disk = Disk::default();
    disk.refuse_writes(ErrorKind::PermissionDenied);
    assert!(matches!(try_open(disk).err(), Some(OpenError::Denied(_))));
}

#[test]
fn a_writer_that_dies_stops_the_store() {
    expect_panics();
    let disk = Disk::default();
    let store = open(disk.clone());
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Ok(Ok(1)));
    let writer = hold_writer(&store);
    let dying = queued(deposit(&store, 2, 1, 1));
    disk.fault_at_next_sync(Fault::Panic);
    block_on(async {
        writer.release().await;
        assert_eq!(answer(dying).await, Err(StoreError::Stopped));
        // Without the store saying so, a process would go on for ever with a file that takes nothing.
        store.stopped().await;
    });
    assert!(!store.is_healthy());
    assert_eq!(block_on(deposit(&store, 3, 1, 1)), Err(StoreError::Stopped));
}
