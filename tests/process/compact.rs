//! `appliance compact`, and the compaction that a start does when it was asked to.

use std::{fs, path::Path};

use appliance::{
    store::{Outcome, ReadView, Store, StoreError, StoreOptions, Table},
    telemetry::Metrics,
    user,
};

use crate::{program::Home, running::Running};

const DEAD_WEIGHT: Table<u64, String> = Table::new("dead_weight");

/// Writes and removes some MiB, and leaves a note for the next start when asked to.
async fn bloat(path: &Path, ask: bool) {
    let metrics = Metrics::new().unwrap().store("test");
    let store = Store::open(path, StoreOptions::default(), user::MIGRATIONS, metrics).unwrap();
    let fill = |_: &ReadView<'_>| -> Result<Outcome<(), ()>, StoreError> {
        Ok(Outcome::commit(|txn| {
            DEAD_WEIGHT.create(txn)?;
            (0..2_000).try_for_each(|key| DEAD_WEIGHT.put(txn, key, &"x".repeat(4_000)))
        }))
    };
    let clear = |_: &ReadView<'_>| -> Result<Outcome<(), ()>, StoreError> {
        Ok(Outcome::commit(|txn| DEAD_WEIGHT.remove_range(txn, 0..)))
    };
    store.submit(fill).await.unwrap().unwrap();
    store.submit(clear).await.unwrap().unwrap();
    let sizes = store.sizes().unwrap();
    assert_eq!(sizes.file, fs::metadata(path).unwrap().len());
    assert!(sizes.free > 4 << 20, "{sizes:?}");
    assert!(!sizes.is_compaction_worthwhile(), "a few MiB are not worth a start's time");
    if ask {
        store.ask_for_compaction().unwrap();
    }
    store.close();
}

#[tokio::test]
async fn a_database_gives_back_what_was_deleted_and_keeps_the_rest() {
    let home = Home::default();
    home.create_user("capo", "admin").expect(0);
    Running::start(&home).stop();
    let path = home.data().join("user.redb");
    bloat(&path, false).await;
    let before = fs::metadata(&path).unwrap().len();
    let done = home.run(&["compact", "--json"]).expect(0).json();
    let names: Vec<_> = done.as_array().unwrap().iter().map(|file| &file["file"]).collect();
    assert_eq!(names, ["auth.redb", "user.redb", "social_log.redb"]);
    assert_eq!(done[1]["bytes_before"], before);
    let after = fs::metadata(&path).unwrap().len();
    assert_eq!(done[1]["bytes_after"], after);
    assert!(after < before / 4, "{before} {after}");
    assert_eq!(home.run(&["user", "list"]).expect(0).stdout.lines().count(), 1);
    Running::start(&home).stop();
}

#[test]
fn compacting_what_is_not_there_makes_nothing() {
    let home = Home::default();
    home.run(&["compact"]).expect_error(3, &["holds no data"]);
    assert!(!home.data().exists());
}

#[tokio::test]
async fn a_start_compacts_what_it_was_asked_to_once() {
    let home = Home::default();
    Running::start(&home).stop();
    let path = home.data().join("user.redb");
    bloat(&path, true).await;
    let before = fs::metadata(&path).unwrap().len();
    let unwilling = Running::start_with(&home, &["store.compact_at_start_mib=0"]).stop();
    assert!(!unwilling.stderr.contains("compacted"), "{}", unwilling.stderr);
    let stopped = Running::start(&home).stop();
    assert!(stopped.stderr.contains("compacted"), "{}", stopped.stderr);
    assert!(fs::metadata(&path).unwrap().len() < before / 4);
    let stopped = Running::start(&home).stop();
    assert!(!stopped.stderr.contains("compacted"), "{}", stopped.stderr);
}
