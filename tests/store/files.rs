//! Real files: who may open them, how they are made, and what is refused.

use std::{
    fs,
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
};

use appliance::store::{OpenError, Store};
use tempfile::TempDir;

use crate::bank::{MIGRATIONS, OPTIONS, block_on, deposit, ledger, metrics};

fn open(path: &Path) -> Result<Store, OpenError> {
    Store::open(path, OPTIONS, MIGRATIONS, metrics())
}

fn refusal(path: &Path) -> OpenError {
    match open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

/// A directory and a path in it where nothing is yet.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bank.redb");
    (directory, path)
}

/// A closed store with three deposits.
fn written() -> (TempDir, PathBuf) {
    let (directory, path) = place();
    let store = open(&path).unwrap();
    for nth in 1..=3 {
        assert_eq!(block_on(deposit(&store, nth, nth, 1)), Ok(Ok(nth)));
    }
    store.close();
    (directory, path)
}

#[test]
fn what_was_written_is_there_at_the_next_start() {
    let (_directory, path) = written();
    let store = open(&path).unwrap();
    assert_eq!(ledger(&store.read().unwrap()), [1, 2, 3]);
}

#[test]
fn a_file_is_opened_by_one_store_at_a_time() {
    let (_directory, path) = place();
    let store = open(&path).unwrap();
    assert!(matches!(refusal(&path), OpenError::InUse(file) if file == path));
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Ok(Ok(1)), "the first is not disturbed");
}

#[test]
fn a_store_that_was_dropped_has_let_go_of_its_file() {
    let (_directory, path) = place();
    for nth in 1..=20 {
        let store = open(&path).unwrap();
        assert_eq!(block_on(deposit(&store, nth, 1, 1)), Ok(Ok(nth)));
        drop(store);
    }
}

#[test]
fn a_new_file_is_for_its_owner_alone() {
    let (_directory, path) = place();
    drop(open(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn what_an_interrupted_first_start_left_behind_does_not_stop_the_next() {
    let (directory, path) = place();
    fs::write(directory.path().join("bank.redb.new"), [0; 5_000]).unwrap();
    let store = open(&path).unwrap();
    assert_eq!(block_on(deposit(&store, 1, 1, 1)), Ok(Ok(1)));
}

#[test]
fn a_first_start_leaves_one_file() {
    let (directory, path) = place();
    drop(open(&path).unwrap());
    let names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names, [path]);
}

#[test]
fn a_file_that_another_process_is_making_is_in_use() {
    let (directory, path) = place();
    let draft = fs::File::create(directory.path().join("bank.redb.new")).unwrap();
    draft.lock().unwrap();
    assert!(matches!(refusal(&path), OpenError::InUse(file) if file == path));
    drop(draft);
    assert!(open(&path).is_ok());
}

#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let (_directory, path) = place();
    let long = vec![b'z'; 2 << 20];
    let texts: [&[u8]; 4] = [b"x", b"SQLite format 3\0", &[0xA5; 4096], &long];
    for text in texts {
        fs::write(&path, text).unwrap();
        assert!(matches!(refusal(&path), OpenError::Unreadable { .. }));
        assert!(fs::read(&path).unwrap() == text, "{} bytes were changed", text.len());
    }
}

#[test]
fn a_file_that_was_cut_short_is_refused_and_left_as_it_is() {
    let (_directory, path) = written();
    let whole = fs::read(&path).unwrap();
    for length in [1, 8, 64, 319, 320, 512, 4095, 4096, 4097, 8192, whole.len() / 2] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(refusal(&path), OpenError::Unreadable { .. }), "{length} bytes");
        assert!(fs::read(&path).unwrap() == whole[..length], "{length} bytes were changed");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(ledger(&open(&path).unwrap().read().unwrap()), [1, 2, 3]);
}

#[test]
fn a_header_with_a_flipped_byte_is_refused_or_reads_right() {
    let (_directory, path) = written();
    let whole = fs::read(&path).unwrap();
    for position in 0..320 {
        fs::write(&path, &whole).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&[whole[position] ^ 0x55], position as u64).unwrap();
        match open(&path) {
            // One of the two commit slots is spare, and its bytes may be anything.
            Ok(store) => assert!([1, 2, 3].starts_with(&ledger(&store.read().unwrap()))),
            Err(error) => assert!(matches!(error, OpenError::Unreadable { .. }), "{error}"),
        }
    }
}

#[test]
fn a_directory_in_the_place_of_a_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(refusal(directory.path()), OpenError::Unreadable { .. }));
}

#[test]
fn a_file_in_a_directory_that_is_not_there_is_refused() {
    let (_directory, path) = place();
    let error = refusal(&path.join("deeper"));
    assert!(matches!(error, OpenError::Unreadable { .. }));
    assert!(!path.exists());
}

/// The kernel lets nobody write here, the superuser included.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_may_not_be_written_is_refused_as_such() {
    let path = Path::new("/proc/sys/kernel/osrelease");
    assert!(matches!(refusal(path), OpenError::Denied(file) if file == path));
}
