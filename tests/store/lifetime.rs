//! The end of a store: what is queued is committed, what comes later is turned away.

use appliance::store::{Outcome, Store, StoreError, StoreOptions};
use futures_util::FutureExt;

use crate::{
    bank::{
        MIGRATIONS, OPTIONS, answer, block_on, deposit, expect_panics, hold_writer, ledger,
        metrics, open, queued, together,
    },
    disk::{Disk, Survives},
};

#[test]
fn closing_commits_what_is_queued() {
    let disk = Disk::default();
    let store = open(disk.clone());
    let writer = hold_writer(&store);
    let waiting: Vec<_> = (1..=10).map(|nth| queued(deposit(&store, nth, nth, 1))).collect();
    let closing = std::thread::spawn({
        let store = store.clone();
        move || store.close()
    });
    // The writer is let go only once the queue is closed, or this would prove nothing.
    let probe = || store.submit(|_| Ok(Outcome::<(), ()>::NoChange(()))).now_or_never();
    while probe() != Some(Err(StoreError::Stopped)) {
        std::thread::yield_now();
    }
    block_on(writer.release());
    closing.join().unwrap();
    for (number, submit) in (1..).zip(waiting) {
        assert_eq!(block_on(answer(submit)), Ok(Ok(number)));
    }
    let reopened = open(disk.after_power_cut(Survives::Nothing));
    assert_eq!(ledger(&reopened.read().unwrap()), (1..=10).collect::<Vec<_>>());
}

#[test]
fn a_closed_store_takes_no_commands() {
    let store = open(Disk::default());
    store.close();
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Err(StoreError::Stopped));
}

#[test]
fn closing_twice_is_closing_once() {
    let store = open(Disk::default());
    store.close();
    store.clone().close();
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Err(StoreError::Stopped));
}

#[test]
fn a_store_that_closed_in_good_order_did_not_stop_for_an_error() {
    let store = open(Disk::default());
    store.close();
    assert!(store.stopped().now_or_never().is_none());
    assert!(store.is_healthy());
}

#[test]
fn a_snapshot_shows_its_moment_whatever_is_committed_later() {
    let store = open(Disk::default());
    block_on(deposit(&store, 1, 1, 1)).unwrap().unwrap();
    let before = store.read().unwrap();
    block_on(together(&store, (2..=30).map(|nth| deposit(&store, nth, nth, 1))));
    assert_eq!(ledger(&before), [1]);
    assert_eq!(ledger(&store.read().unwrap()).len(), 30);
}

#[test]
fn a_range_that_panics_is_an_error_of_its_caller_alone() {
    let store = open(Disk::default());
    expect_panics();
    block_on(async {
        let panicked = store.read_range(|_| -> Result<(), _> { panic!("a bug in a reader") }).await;
        assert_eq!(panicked, Err(StoreError::Panicked));
        assert_eq!(deposit(&store, 1, 1, 1).await, Ok(Ok(1)));
        assert_eq!(store.read_range(|snapshot| Ok(ledger(snapshot))).await, Ok(vec![1]));
    });
}

#[test]
fn a_queue_and_a_group_hold_at_least_one_command() {
    let options = StoreOptions { queue_capacity: 0, max_batch: 0, ..OPTIONS };
    let store = Store::open_backend(Disk::default(), options, MIGRATIONS, metrics()).unwrap();
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Ok(Ok(1)));
}
