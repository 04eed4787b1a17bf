//! What the store gives without anything around it: the two rows of a scan, from as many callers.

use std::time::Instant;

use appliance::{
    store::{Decision, Edit, Migration, Store, StoreError, StoreOptions, Table, View},
    telemetry::Metrics,
};

const ATTENDANCE: Table<(u64, u64), String> = Table::new("attendance");
const HISTORY: Table<(u64, u64, u64), ()> = Table::new("history");
const MIGRATIONS: &[Migration] = &[Migration { name: "create", apply: create }];

fn create(edit: &Edit<'_>) -> Result<(), StoreError> {
    ATTENDANCE.create(edit)?;
    HISTORY.create(edit)
}

/// Durable scans a second, straight into a file.
pub(crate) async fn rows_per_second(callers: usize, rows: usize) -> f64 {
    let home = tempfile::tempdir().unwrap();
    let metrics = Metrics::new().unwrap().store("bench");
    let path = home.path().join("alone.redb");
    let store = Store::open(&path, StoreOptions::default(), MIGRATIONS, metrics).unwrap();
    let started = Instant::now();
    let callers: Vec<_> = (0..callers as u64)
        .map(|user| {
            let (store, events) = (store.clone(), (rows / callers) as u64);
            tokio::spawn(async move {
                for event in 0..events {
                    scan(&store, event, user).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let rate = rows as f64 / started.elapsed().as_secs_f64();
    store.close();
    rate
}

async fn scan(store: &Store, event: u64, user: u64) {
    let command = move |view: &View<'_>| -> Result<Decision<(), ()>, StoreError> {
        if ATTENDANCE.contains(view, (event, user))? {
            return Ok(Decision::Refuse(()));
        }
        Ok(Decision::write(move |edit| {
            // As long as an attendance record.
            ATTENDANCE.put(edit, (event, user), &"r".repeat(40))?;
            HISTORY.put(edit, (user, event, event), &())
        }))
    };
    store.submit(command).await.unwrap().unwrap();
}
