//! Groups: what commands of one commit know of each other, and what they cost.

use appliance::{
    store::{Direction, Outcome, ReadView, Store, StoreError},
    telemetry::Metrics,
};
use futures_util::FutureExt;

use crate::{
    bank::{
        BALANCES, MIGRATIONS, OPTIONS, Refusal, Wrong, answer, block_on, deposit, deposit_and,
        deposit_first, expect_panics, hold_writer, ledger, open, queued, roomy, together,
    },
    disk::Survives,
};

/// The syncs of a group that writes.
fn syncs_of_one_commit() -> u64 {
    let disk = roomy();
    let store = open(disk.clone());
    let before = disk.syncs();
    block_on(deposit(&store, 1, 1, 1)).unwrap().unwrap();
    disk.syncs() - before
}

#[test]
fn a_command_sees_what_those_before_it_in_its_group_wrote() {
    let disk = roomy();
    let store = open(disk.clone());
    let before = disk.syncs();
    let answers =
        block_on(together(&store, (1..=3).map(|nth| deposit_first(&store, nth, 7, 5 * nth))));
    assert_eq!(disk.syncs() - before, syncs_of_one_commit(), "it was not one group");
    assert_eq!(
        answers,
        [Ok(Ok(1)), Ok(Err(Refusal::Holds(5))), Ok(Err(Refusal::Holds(5)))],
        "the second and third commands look after the first has written"
    );
}

#[test]
fn a_refusal_inside_a_group_leaves_no_trace() {
    let store = open(roomy());
    let answers = block_on(together(
        &store,
        [(1, 7), (2, 7), (3, 8)]
            .map(|(command, account)| deposit_first(&store, command, account, command)),
    ));
    assert_eq!(answers, [Ok(Ok(1)), Ok(Err(Refusal::Holds(1))), Ok(Ok(2))]);
    let snapshot = store.read().unwrap();
    assert_eq!(ledger(&snapshot), [1, 3]);
    assert_eq!(BALANCES.get(&snapshot, 7), Ok(Some(1)));
}

#[test]
fn many_commands_share_one_commit() {
    let disk = roomy();
    let store = open(disk.clone());
    let before = disk.syncs();
    let answers = block_on(together(&store, (1..=4).map(|nth| deposit(&store, nth, nth, 1))));
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    assert_eq!(disk.syncs() - before, syncs_of_one_commit());
}

#[test]
fn a_command_that_fails_does_not_cost_the_others_their_group() {
    let disk = roomy();
    let store = open(disk.clone());
    let before = disk.syncs();
    let answers = block_on(async {
        let writer = hold_writer(&store);
        let first = queued(deposit(&store, 1, 1, 1));
        let corrupt = || StoreError::Corrupt { table: "accounts", reason: "a test".to_owned() };
        let failing =
            move |_: &ReadView<'_>| -> Result<Outcome<(), ()>, StoreError> { Err(corrupt()) };
        let failed = [queued(store.submit(failing)), queued(store.submit(failing))];
        let last = queued(deposit(&store, 2, 2, 1));
        writer.release().await;
        for failed in failed {
            assert_eq!(answer(failed).await, Err(corrupt()));
        }
        [answer(first).await, answer(last).await]
    });
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))), "{answers:?}");
    assert_eq!(disk.syncs() - before, syncs_of_one_commit(), "it was not one group");
}

#[test]
fn a_group_never_grows_beyond_its_limit() {
    let metrics = Metrics::new().unwrap();
    let store = Store::open_backend(roomy(), OPTIONS, MIGRATIONS, metrics.store("bank")).unwrap();
    let answers = block_on(together(&store, (1..=9).map(|nth| deposit(&store, nth, nth, 1))));
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    store.close();
    let figures = metrics.render().unwrap();
    let groups = r#"appliance_commit_batch_size_count{database="bank"} 4"#;
    assert!(
        figures.contains(groups),
        "the command that held the writer, then 4 + 4 + 1: {figures}"
    );
}

#[test]
fn commands_are_carried_out_in_the_order_in_which_they_came() {
    let store = open(roomy());
    let answers = block_on(together(&store, (1..=20).map(|nth| deposit(&store, nth, 1, 1))));
    let expected: Vec<_> = (1..=20).map(|number| Ok(Ok(number))).collect();
    assert_eq!(answers, expected);
    assert_eq!(ledger(&store.read().unwrap()), (1..=20).collect::<Vec<_>>());
}

#[test]
fn no_answer_leaves_while_a_sync_of_its_commit_is_under_way() {
    let commit = syncs_of_one_commit();
    assert!(commit > 0);
    let disk = roomy();
    let store = open(disk.clone());
    disk.hold_syncs();
    let mut waiting = queued(deposit(&store, 1, 1, 1));
    for _ in 0..commit {
        disk.wait_for_held_sync();
        assert!((&mut waiting).now_or_never().is_none(), "answered before its fsync");
        assert_eq!(ledger(&store.read().unwrap()), [0; 0], "shown before its fsync");
        let survivor = open(disk.after_power_cut(Survives::Nothing));
        assert_eq!(ledger(&survivor.read().unwrap()), [0; 0]);
        disk.let_one_sync_pass();
    }
    assert_eq!(block_on(answer(waiting)), Ok(Ok(1)));
    let survivor = open(disk.after_power_cut(Survives::Nothing));
    assert_eq!(ledger(&survivor.read().unwrap()), [1]);
    disk.let_all_syncs_pass();
}

#[test]
fn an_answer_that_rests_on_a_write_of_its_group_waits_for_the_fsync_too() {
    let disk = roomy();
    let store = open(disk.clone());
    block_on(async {
        let writer = hold_writer(&store);
        let writing = queued(deposit(&store, 1, 1, 5));
        let mut refused = queued(deposit_first(&store, 2, 1, 5));
        disk.hold_syncs();
        writer.release().await;
        disk.wait_for_held_sync();
        assert!((&mut refused).now_or_never().is_none(), "it told of a write that may be lost");
        disk.let_all_syncs_pass();
        assert_eq!(answer(writing).await, Ok(Ok(1)));
        assert_eq!(answer(refused).await, Ok(Err(Refusal::Holds(5))));
    });
}

#[test]
fn a_group_that_wrote_nothing_needs_no_fsync() {
    let disk = roomy();
    let store = open(disk.clone());
    block_on(deposit(&store, 1, 1, 5)).unwrap().unwrap();
    let before = disk.syncs();
    let answers = block_on(together(&store, (2..=4).map(|nth| deposit_first(&store, nth, 1, 1))));
    assert_eq!(
        answers,
        [Ok(Err(Refusal::Holds(5))), Ok(Err(Refusal::Holds(5))), Ok(Err(Refusal::Holds(5)))]
    );
    let answered = block_on(store.submit(|_| Ok(Outcome::<u8, ()>::NoChange(3))));
    assert_eq!(answered, Ok(Ok(3)));
    assert_eq!(disk.syncs(), before);
}

#[test]
fn a_command_whose_caller_went_away_is_still_carried_out() {
    let store = open(roomy());
    block_on(async {
        let writer = hold_writer(&store);
        drop(queued(deposit(&store, 1, 1, 1)));
        writer.release().await;
        assert_eq!(deposit(&store, 2, 1, 1).await, Ok(Ok(2)));
    });
    assert_eq!(ledger(&store.read().unwrap()), [1, 2]);
}

fn one_bad_command_hurts_itself_alone(wrong: Wrong, expected: impl Fn(&StoreError) -> bool) {
    expect_panics();
    let store = open(roomy());
    let answers = block_on(async {
        let writer = hold_writer(&store);
        let first = queued(deposit(&store, 1, 1, 5));
        let bad = queued(deposit_and(&store, 2, 1, wrong));
        let last = queued(deposit(&store, 3, 1, 5));
        writer.release().await;
        [answer(first).await, answer(bad).await, answer(last).await]
    });
    assert_eq!(answers[0], Ok(Ok(1)));
    assert!(answers[1].as_ref().is_err_and(expected), "{:?}", answers[1]);
    assert_eq!(answers[2], Ok(Ok(2)), "the undone command used up a number");
    assert_eq!(ledger(&store.read().unwrap()), [1, 3]);
    assert!(store.is_healthy());
    assert_eq!(block_on(deposit(&store, 4, 1, 5)), Ok(Ok(3)));
}

#[test]
fn a_command_that_panics_is_undone_alone() {
    one_bad_command_hurts_itself_alone(Wrong::Panics, |error| *error == StoreError::Panicked);
}

#[test]
fn a_command_that_meets_a_corrupt_record_is_undone_alone() {
    one_bad_command_hurts_itself_alone(Wrong::ReadsGarbage, |error| {
        matches!(error, StoreError::Corrupt { table: "balances", .. })
    });
}

#[test]
fn a_command_that_redb_refuses_is_undone_alone() {
    one_bad_command_hurts_itself_alone(Wrong::OpensTheWrongTable, |error| {
        matches!(error, StoreError::Refused(_))
    });
}

#[test]
fn a_command_that_panics_in_the_middle_of_a_range_is_undone_alone() {
    expect_panics();
    let store = open(roomy());
    block_on(deposit(&store, 1, 1, 5)).unwrap().unwrap();
    let panicked = block_on(store.submit(|view| {
        BALANCES.visit(view, 0.., Direction::Ascending, |_, _| panic!("a bug"))?;
        Ok(Outcome::<(), ()>::NoChange(()))
    }));
    assert_eq!(panicked, Err(StoreError::Panicked));
    assert_eq!(block_on(deposit(&store, 2, 1, 5)), Ok(Ok(2)));
    assert_eq!(ledger(&store.read().unwrap()), [1, 2]);
}

#[test]
fn a_full_queue_says_busy_and_keeps_what_it_has() {
    let store = open(roomy());
    let answers = block_on(async {
        let writer = hold_writer(&store);
        let waiting: Vec<_> = (1..=64).map(|nth| queued(deposit(&store, nth, nth, 1))).collect();
        assert_eq!(deposit(&store, 65, 65, 1).await, Err(StoreError::Busy));
        writer.release().await;
        let mut answers = Vec::new();
        for submit in waiting {
            answers.push(answer(submit).await);
        }
        answers
    });
    let expected: Vec<_> = (1..=64).map(|number| Ok(Ok(number))).collect();
    assert_eq!(answers, expected);
    assert_eq!(ledger(&store.read().unwrap()), (1..=64).collect::<Vec<_>>());
    assert_eq!(block_on(deposit(&store, 66, 1, 1)), Ok(Ok(65)), "there is room again");
}
