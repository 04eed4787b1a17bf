//! The domain of these tests: accounts with a balance, and a ledger of every deposit.
//!
//! A deposit raises a balance and writes a numbered ledger entry. Whatever happens, a balance is the
//! sum of its entries and the entries are numbered 1, 2, 3 …: [`ledger`] checks both.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Once, mpsc},
};

use appliance::{
    store::{
        Direction, Migration, OpenError, Outcome, ReadView, Reader, StorageBackend, Store,
        StoreError, StoreOptions, Table, WriteTxn, first_version,
    },
    telemetry::{Metrics, StoreMetrics},
};
use futures_util::{
    FutureExt,
    future::{MaybeDone, maybe_done},
};
use serde::{Deserialize, Serialize};

use crate::disk::{Disk, PATIENCE};

pub const BALANCES: Table<u64, u64> = Table::new("balances");
pub const LEDGER: Table<u64, Entry> = Table::new("ledger");

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which command of the test it was.
    pub command: u64,
    pub account: u64,
    pub amount: u64,
    /// Filler, so that a few entries need new pages.
    pub note: String,
}

first_version!(Entry);

pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "create balances", apply: |txn| BALANCES.create(txn) },
    Migration { name: "create the ledger", apply: |txn| LEDGER.create(txn) },
];

/// Small groups and a small queue, so that a short script makes many groups.
pub const OPTIONS: StoreOptions =
    StoreOptions { cache_bytes: 4 << 20, queue_capacity: 64, max_batch: 4 };

pub fn metrics() -> StoreMetrics {
    Metrics::new().unwrap().store("test")
}

pub fn try_open(disk: impl StorageBackend) -> Result<Store, OpenError> {
    Store::open_backend(disk, OPTIONS, MIGRATIONS, metrics())
}

pub fn open(disk: impl StorageBackend) -> Store {
    try_open(disk).unwrap()
}

/// A file that was made and has taken no step yet. Making one is a matter of real files (`files`).
pub fn made() -> Disk {
    let disk = Disk::default();
    drop(Store::open_backend(disk.clone(), OPTIONS, &[], metrics()).unwrap());
    Disk::of(disk.bytes())
}

/// A file in use with room for what the tests write, so that no commit has to make it longer. One
/// that does costs a sync more, and redb keeps readers waiting for that one.
pub fn roomy() -> Disk {
    let disk = made();
    let store = open(disk.clone());
    let filler = Entry { command: 0, account: 0, amount: 0, note: "room".repeat(500_000) };
    let grown = block_on(store.submit(move |_| {
        let filler = filler.clone();
        Ok(Outcome::<(), ()>::commit(move |txn| LEDGER.put(txn, 1, &filler)))
    }));
    assert_eq!(grown, Ok(Ok(())));
    let emptied =
        block_on(store.submit(|_| Ok(Outcome::<bool, ()>::commit(|txn| LEDGER.remove(txn, 1)))));
    assert_eq!(emptied, Ok(Ok(true)));
    drop(store);
    Disk::of(disk.bytes())
}

/// Why a deposit was turned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The account holds this much, which is more than the caller expected.
    Holds(u64),
}

pub type Deposited = Result<Result<u64, Refusal>, StoreError>;

/// Deposits `amount`; answers the number of the ledger entry.
pub async fn deposit(store: &Store, command: u64, account: u64, amount: u64) -> Deposited {
    store
        .submit(move |view| Ok(Outcome::Commit(change_balance(view, command, account, amount)?)))
        .await
}

/// Deposits, unless the account holds something already.
pub async fn deposit_first(store: &Store, command: u64, account: u64, amount: u64) -> Deposited {
    store
        .submit(move |view| match BALANCES.get(view, account)? {
            Some(balance) => Ok(Outcome::Reject(Refusal::Holds(balance))),
            None => Ok(Outcome::Commit(change_balance(view, command, account, amount)?)),
        })
        .await
}

/// Deposits, and then goes wrong: all of it must vanish.
pub async fn deposit_and(store: &Store, command: u64, account: u64, wrong: Wrong) -> Deposited {
    store
        .submit(move |view| {
            let change = change_balance(view, command, account, 1)?;
            Ok(Outcome::commit(move |txn| {
                change(txn)?;
                match wrong {
                    Wrong::Panics => panic!("a bug in a command"),
                    Wrong::ReadsGarbage => MISREAD.get(txn, account).map(|_| 0),
                    Wrong::OpensTheWrongTable => MISTAKEN.get(txn, 1).map(|_| 0),
                }
            }))
        })
        .await
}

/// The ways in which a command can fail after it has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Panics,
    ReadsGarbage,
    OpensTheWrongTable,
}

/// The balances, read as what they are not.
const MISREAD: Table<u64, [u8; 32]> = Table::new("balances");
/// The balances under another kind of key, which redb refuses to open.
const MISTAKEN: Table<u32, u64> = Table::new("balances");

type Change = Box<dyn FnOnce(&WriteTxn<'_>) -> Result<u64, StoreError>>;

fn change_balance(
    view: &ReadView<'_>,
    command: u64,
    account: u64,
    amount: u64,
) -> Result<Change, StoreError> {
    let balance = BALANCES.get(view, account)?.unwrap_or_default();
    Ok(Box::new(move |txn| {
        BALANCES.put(txn, account, &(balance + amount))?;
        let number = txn.next_number("ledger")?;
        let note = format!("{command:04}").repeat(usize::try_from(200 * (command % 4)).unwrap());
        LEDGER.put(txn, number, &Entry { command, account, amount, note })?;
        Ok(number)
    }))
}

/// The commands in the ledger, in its order, once it and the balances agree.
pub fn ledger(reader: &impl Reader) -> Vec<u64> {
    let entries = LEDGER
        .collect(reader, 0.., Direction::Ascending, usize::MAX, |number, entry| (number, entry))
        .unwrap();
    let balances: BTreeMap<u64, u64> = BALANCES
        .collect(reader, 0.., Direction::Ascending, usize::MAX, |account, sum| (account, sum))
        .unwrap()
        .into_iter()
        .collect();
    let mut sums = BTreeMap::new();
    for (expected, (number, entry)) in (1..).zip(&entries) {
        assert_eq!(*number, expected, "the ledger has a gap or a repeated number");
        *sums.entry(entry.account).or_default() += entry.amount;
    }
    assert_eq!(balances, sums, "a deposit was half applied");
    entries.into_iter().map(|(_, entry)| entry.command).collect()
}

type Held = Result<Result<(), ()>, StoreError>;

/// A writer that is busy with a command which waits, so that what comes now is queued behind it.
pub struct HeldWriter {
    busy: Pin<Box<dyn Future<Output = Held>>>,
    release: mpsc::Sender<()>,
}

pub fn hold_writer(store: &Store) -> HeldWriter {
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let store = store.clone();
    let mut busy = Box::pin(async move {
        store
            .submit(move |_| {
                started.send(()).unwrap();
                // An error means that the sender is gone, which is the signal.
                let _ = released.recv();
                Ok(Outcome::NoChange(()))
            })
            .await
    });
    assert!((&mut busy).now_or_never().is_none());
    has_started.recv_timeout(PATIENCE).unwrap();
    HeldWriter { busy, release }
}

impl HeldWriter {
    pub async fn release(self) {
        drop(self.release);
        assert_eq!(self.busy.await, Ok(Ok(())));
    }
}

/// A submit that was polled once, which is what queues it.
pub fn queued<F: Future>(submit: F) -> Pin<Box<MaybeDone<F>>> {
    let mut submit = Box::pin(maybe_done(submit));
    let _ = (&mut submit).now_or_never();
    submit
}

/// What a queued submit is answered.
pub async fn answer<F: Future>(mut submit: Pin<Box<MaybeDone<F>>>) -> F::Output {
    submit.as_mut().await;
    submit.as_mut().take_output().unwrap()
}

/// Queues all submits while the writer is held, lets it go and collects the answers. As many as fit
/// share a group.
pub async fn together<F: Future>(
    store: &Store,
    submits: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let writer = hold_writer(store);
    let waiting: Vec<_> = submits.into_iter().map(queued).collect();
    writer.release().await;
    let mut answers = Vec::new();
    for submit in waiting {
        answers.push(answer(submit).await);
    }
    answers
}

/// Keeps panics that a test provokes out of the output; their message begins with "a bug".
pub fn expect_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload_as_str().is_some_and(|message| message.starts_with("a bug")) {
                loud(info);
            }
        }));
    });
}

/// Runs a test's future on a runtime of its own; one that never ends has failed.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await });
    ended.expect("an answer never came")
}
