//! Random commands in random groups, against a map in memory.

use std::collections::BTreeMap;

use appliance::store::{Direction, Migration, Outcome, Store, StoreError, Table};
use proptest::{collection::vec, prelude::*};

use crate::{
    bank::{self, expect_panics, metrics, together},
    disk::{Disk, Survives},
};

const VALUES: Table<u64, String> = Table::new("values");
const MIGRATIONS: &[Migration] =
    &[Migration { name: "create values", apply: |txn| VALUES.create(txn) }];

#[derive(Debug, Clone)]
enum Command {
    Put(u64, String),
    Remove(u64),
    /// Removes all keys from the first up to, not including, the second.
    RemoveRange(u64, u64),
    /// Stores the next number of the sequence under a key.
    Number(u64),
    /// Puts, unless there is something under the key.
    PutNew(u64, String),
    /// Puts, and then panics.
    PutAndPanic(u64),
    /// Puts, and then fails.
    PutAndFail(u64),
}

/// What a group of commands is followed by.
#[derive(Debug, Clone, Copy)]
enum After {
    GoOn,
    Close,
    PullThePlug,
}

/// What a command answers: what was there before, or the number it got.
type Answer = Result<Result<Option<String>, ()>, StoreError>;

#[derive(Debug, Default, Clone)]
struct Model {
    values: BTreeMap<u64, String>,
    last_number: u64,
}

impl Model {
    fn apply(&mut self, command: &Command) -> Answer {
        match command {
            Command::Remove(key) => Ok(Ok(self.values.remove(key))),
            Command::RemoveRange(from, to) => {
                self.values.retain(|key, _| !(from..to).contains(&key));
                Ok(Ok(None))
            }
            Command::Number(key) => {
                self.last_number += 1;
                self.values.insert(*key, self.last_number.to_string());
                Ok(Ok(Some(self.last_number.to_string())))
            }
            Command::PutNew(key, _) if self.values.contains_key(key) => Ok(Err(())),
            Command::Put(key, value) | Command::PutNew(key, value) => {
                Ok(Ok(self.values.insert(*key, value.clone())))
            }
            Command::PutAndPanic(_) => Err(StoreError::Panicked),
            Command::PutAndFail(_) => Err(StoreError::Refused("a test".to_owned())),
        }
    }
}

async fn submit(store: &Store, command: Command) -> Answer {
    store
        .submit(move |view| {
            let command = command.clone();
            if let Command::PutNew(key, _) = command
                && VALUES.contains(view, key)?
            {
                return Ok(Outcome::Reject(()));
            }
            Ok(Outcome::commit(move |txn| match command {
                Command::Put(key, value) | Command::PutNew(key, value) => {
                    let before = VALUES.get(txn, key)?;
                    VALUES.put(txn, key, &value)?;
                    Ok(before)
                }
                Command::Remove(key) => {
                    let before = VALUES.get(txn, key)?;
                    assert_eq!(VALUES.remove(txn, key)?, before.is_some());
                    Ok(before)
                }
                Command::RemoveRange(from, to) => {
                    VALUES.remove_range(txn, from..to)?;
                    Ok(None)
                }
                Command::Number(key) => {
                    let number = txn.next_number("numbers")?.to_string();
                    VALUES.put(txn, key, &number)?;
                    Ok(Some(number))
                }
                Command::PutAndPanic(key) => {
                    VALUES.put(txn, key, &"never".to_owned())?;
                    txn.next_number("numbers")?;
                    panic!("a bug in a command");
                }
                Command::PutAndFail(key) => {
                    VALUES.put(txn, key, &"never".to_owned())?;
                    txn.next_number("numbers")?;
                    Err(StoreError::Refused("a test".to_owned()))
                }
            }))
        })
        .await
}

fn command() -> impl Strategy<Value = Command> {
    let key = 0_u64..24;
    let value = prop_oneof![9 => "[a-z]{0,40}", 1 => "[a-z]{5000,9000}"];
    prop_oneof![
        6 => (key.clone(), value.clone()).prop_map(|(key, value)| Command::Put(key, value)),
        3 => key.clone().prop_map(Command::Remove),
        1 => (key.clone(), 0_u64..6).prop_map(|(from, n)| Command::RemoveRange(from, from + n)),
        3 => key.clone().prop_map(Command::Number),
        3 => (key.clone(), value).prop_map(|(key, value)| Command::PutNew(key, value)),
        1 => key.clone().prop_map(Command::PutAndPanic),
        1 => key.prop_map(Command::PutAndFail),
    ]
}

fn after() -> impl Strategy<Value = After> {
    prop_oneof![2 => Just(After::GoOn), 1 => Just(After::Close), 1 => Just(After::PullThePlug)]
}

fn open(disk: &Disk) -> Store {
    Store::open_backend(disk.clone(), bank::OPTIONS, MIGRATIONS, metrics()).unwrap()
}

fn all_values(store: &Store, direction: Direction) -> Vec<(u64, String)> {
    let snapshot = store.read().unwrap();
    VALUES.collect(&snapshot, 0.., direction, usize::MAX, |key, value| (key, value)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_store_behaves_like_a_map_that_survives_restarts(
        script in vec((vec(command(), 1..10), after()), 1..8),
    ) {
        expect_panics();
        let mut disk = Disk::default();
        let mut store = open(&disk);
        let mut model = Model::default();
        for (commands, after) in script {
            let expected: Vec<_> = commands.iter().map(|command| model.apply(command)).collect();
            let submits = commands.into_iter().map(|command| submit(&store, command));
            prop_assert_eq!(bank::block_on(together(&store, submits)), expected);
            match after {
                After::GoOn => {}
                After::Close => {
                    store.close();
                    drop(store);
                    store = open(&disk);
                }
                After::PullThePlug => {
                    disk = disk.after_power_cut(Survives::Nothing);
                    store = open(&disk);
                }
            }
            let mut values: Vec<_> = model.values.clone().into_iter().collect();
            prop_assert_eq!(&all_values(&store, Direction::Ascending), &values);
            values.reverse();
            prop_assert_eq!(all_values(&store, Direction::Descending), values);
        }
    }
}
