//! How soon a killed server is ready again when its databases are large.

use std::time::{Duration, Instant};

use appliance::{
    auth, social_log,
    store::{Migration, Outcome, ReadView, Store, StoreError, StoreOptions, Table},
    telemetry::Metrics,
    user,
};

use crate::{
    load::{ADMIN, Load, Plan, register_people},
    program::Home,
    running::Running,
    site::Site,
};

const BULK: Table<u64, String> = Table::new("bulk");
/// Of each file, in MiB, when nobody says another.
const SIZE_MIB: u64 = 1 << 10;
const ROW: usize = 3_000;
const ROWS_IN_A_COMMIT: u64 = 20_000;
/// The promise, for a machine with a solid-state disk.
const SOON: Duration = Duration::from_secs(2);

async fn fill(home: &Home, name: &str, steps: &[Migration]) {
    let path = home.data().join(name);
    let metrics = Metrics::new().unwrap().store("test");
    let store = Store::open(&path, StoreOptions::default(), steps, metrics).unwrap();
    let said = std::env::var("APPLIANCE_LARGE_MIB").ok();
    let size = said.map_or(SIZE_MIB, |mib| mib.parse().unwrap()) << 20;
    let mut next = 0;
    while next * ROW as u64 <= size {
        let from = next;
        let some = move |_: &ReadView<'_>| -> Result<Outcome<(), ()>, StoreError> {
            Ok(Outcome::commit(move |txn| {
                BULK.create(txn)?;
                (from..from + ROWS_IN_A_COMMIT)
                    .try_for_each(|key| BULK.put(txn, key, &format!("{key:0ROW$}")))
            }))
        };
        store.submit(some).await.unwrap().unwrap();
        next += ROWS_IN_A_COMMIT;
    }
    let start = Instant::now();
    let sizes = store.sizes().unwrap();
    eprintln!("{name}: {sizes:?}, looked up in {:?}", start.elapsed());
    store.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes 3 GiB: make soak"]
async fn after_the_soak_of_a_gib_in_each_file_a_killed_server_is_ready_in_2_seconds() {
    let home = Home::default();
    home.create_user(ADMIN, "admin").expect(0);
    let running = Running::start(&home);
    register_people(&Site::of(&home, &running)).await;
    running.stop();
    fill(&home, "auth.redb", auth::MIGRATIONS).await;
    fill(&home, "user.redb", user::MIGRATIONS).await;
    fill(&home, "social_log.redb", social_log::MIGRATIONS).await;
    let mut running = Running::start(&home);
    for round in 0..3 {
        let plan = Plan::of(&Site::of(&home, &running), &format!("grande{round}")).await;
        let mut load = Load::begin(&home, &running, plan);
        load.acknowledged(40).await;
        running.kill();
        load.end().await;
        let start = Instant::now();
        running = Running::start(&home);
        let took = start.elapsed();
        eprintln!("ready {took:?} after a kill");
        // With its own assertions redb reads the whole file when it is opened.
        assert!(cfg!(debug_assertions) || took < SOON, "{took:?}");
    }
    running.stop();
    empty_most_of(&home, "user.redb", user::MIGRATIONS).await;
    let start = Instant::now();
    let done = home.run(&["compact"]).expect(0).stdout;
    eprintln!("compacted in {:?}:\n{done}", start.elapsed());
    Running::start(&home).stop();
}

/// Removes the older two thirds of a file's rows, so that what stays has to move.
async fn empty_most_of(home: &Home, name: &str, steps: &[Migration]) {
    let metrics = Metrics::new().unwrap().store("test");
    let path = home.data().join(name);
    let store = Store::open(&path, StoreOptions::default(), steps, metrics).unwrap();
    let rows = BULK.len(&store.read().unwrap()).unwrap();
    let clear = move |_: &ReadView<'_>| -> Result<Outcome<(), ()>, StoreError> {
        Ok(Outcome::commit(move |txn| BULK.remove_range(txn, ..rows * 2 / 3)))
    };
    store.submit(clear).await.unwrap().unwrap();
    store.close();
}
