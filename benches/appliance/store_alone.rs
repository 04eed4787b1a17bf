//! What the store gives without anything around it: the two rows of a scan, from as many callers.

use std::time::{Duration, Instant};

use appliance::{
    store::{Migration, Outcome, ReadView, Store, StoreError, StoreOptions, Table, WriteTxn},
    telemetry::Metrics,
};

const ATTENDANCE: Table<(u64, u64), String> = Table::new("attendance");
const HISTORY: Table<(u64, u64, u64), ()> = Table::new("history");
const MIGRATIONS: &[Migration] = &[Migration { name: "create", apply: create }];

fn create(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    ATTENDANCE.create(txn)?;
    HISTORY.create(txn)
}

/// A file with nothing around it.
pub(crate) struct StoreAlone {
    store: Store,
    next_event: u64,
    _home: tempfile::TempDir,
}

impl StoreAlone {
    /// Opens one whose commits are shared by at most `max_batch` scans.
    pub(crate) fn open(max_batch: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let metrics = Metrics::new().unwrap().store("bench");
        let path = home.path().join("alone.redb");
        let options = StoreOptions { max_batch, ..StoreOptions::default() };
        let store = Store::open(&path, options, MIGRATIONS, metrics).unwrap();
        Self { store, next_event: 0, _home: home }
    }

    /// Every caller writes the rows of some events; says how long it took.
    pub(crate) async fn round(&mut self, callers: usize, events: usize) -> Duration {
        let from = self.next_event;
        self.next_event += events as u64;
        let until = self.next_event;
        let started = Instant::now();
        let callers = (0..callers as u64).map(|user| {
            let store = self.store.clone();
            tokio::spawn(async move {
                for event in from..until {
                    scan(&store, event, user).await;
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
        started.elapsed()
    }
}

async fn scan(store: &Store, event: u64, user: u64) {
    let command = move |view: &ReadView<'_>| -> Result<Outcome<(), ()>, StoreError> {
        if ATTENDANCE.contains(view, (event, user))? {
            return Ok(Outcome::Reject(()));
        }
        Ok(Outcome::commit(move |txn| {
            // As long as an attendance record.
            ATTENDANCE.put(txn, (event, user), &"r".repeat(40))?;
            HISTORY.put(txn, (user, event, event), &())
        }))
    };
    store.submit(command).await.unwrap().unwrap();
}
