//! How a growing list is read: newest first, a page at a time, with a bound on the work.

use std::ops::ControlFlow;

use crate::store::{Direction, Reader, Record, StoreError, Table};

/// How many rows one page looks at, at most, whatever its filter lets through.
pub const MAX_EXAMINED: usize = 20_000;

/// From how much text on a page is full, in bytes, however few rows it has.
const PAGE_BYTES: usize = 2 << 20;

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found, newest first; perhaps less than was asked for, even nothing.
    pub items: Vec<T>,
    /// The key below which the search goes on; nothing at the end of the list.
    pub next: Option<u64>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    before: Option<u64>,
    limit: usize,
    examine: usize,
}

impl Window {
    /// At most `limit` rows with keys below `before`, or the newest.
    pub(super) const fn new(before: Option<u64>, limit: usize) -> Self {
        Self { before, limit, examine: MAX_EXAMINED }
    }
}

/// Reads the rows of a window that `keep` lets through, of which each has as much text as `length` says. A page
/// that is full, or has looked at [`MAX_EXAMINED`] rows, ends where it is and says where the next one starts.
pub(super) fn newest_first<R: Record>(
    table: &Table<u64, R>,
    reader: &impl Reader,
    window: Window,
    length: impl Fn(&R) -> usize,
    keep: impl Fn(&R) -> bool,
) -> Result<Page<R>, StoreError> {
    let mut page = Page { items: Vec::new(), next: None };
    let (mut examined, mut bytes, mut last) = (0, 0, None);
    let below = ..window.before.unwrap_or(u64::MAX);
    table.visit(reader, below, Direction::Descending, |key, record| {
        let full = page.items.len() == window.limit || bytes >= PAGE_BYTES;
        if full || examined == window.examine {
            page.next = last;
            return ControlFlow::Break(());
        }
        examined += 1;
        last = Some(key);
        if keep(&record) {
            bytes += length(&record);
            page.items.push(record);
        }
        ControlFlow::Continue(())
    })?;
    Ok(page)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        social_log::MIGRATIONS,
        store::{Migration, Outcome, Store, StoreOptions},
        telemetry::Metrics,
    };

    /// A store of this domain in a directory that goes away with the first value.
    pub(in crate::social_log) fn temporary_store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path(), MIGRATIONS);
        (directory, store)
    }

    /// Opens the store of a directory.
    pub(in crate::social_log) fn open(
        directory: &std::path::Path,
        migrations: &[Migration],
    ) -> Store {
        let metrics = Metrics::new().unwrap().store("social_log");
        let path = directory.join("social_log.redb");
        Store::open(&path, StoreOptions::default(), migrations, metrics).unwrap()
    }

    const NUMBERS: Table<u64, u64> = Table::new("numbers");
    const NUMBERS_EXIST: &[Migration] =
        &[Migration { name: "create numbers", apply: |txn| NUMBERS.create(txn) }];

    async fn numbers(count: u64) -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path(), NUMBERS_EXIST);
        let written = store.submit(move |_| {
            Ok(Outcome::<(), ()>::commit(move |txn| {
                (1..=count).try_for_each(|number| NUMBERS.put(txn, number, &number))
            }))
        });
        written.await.unwrap().unwrap();
        (directory, store)
    }

    #[tokio::test]
    async fn a_page_that_examined_enough_goes_on_where_it_stopped() {
        let (_directory, store) = numbers(10).await;
        let page = |before| {
            let window = Window { before, limit: 5, examine: 4 };
            newest_first(&NUMBERS, &store.read().unwrap(), window, |_| 0, |n| *n == 3).unwrap()
        };
        assert_eq!(page(None), Page { items: vec![], next: Some(7) });
        assert_eq!(page(Some(7)), Page { items: vec![3], next: Some(3) });
        assert_eq!(page(Some(3)), Page { items: vec![], next: None });
    }

    #[tokio::test]
    async fn a_full_page_has_a_next_one_only_when_rows_are_left() {
        let (_directory, store) = numbers(4).await;
        let page = |before| {
            let window = Window::new(before, 2);
            newest_first(&NUMBERS, &store.read().unwrap(), window, |_| 0, |_| true).unwrap()
        };
        assert_eq!(page(None), Page { items: vec![4, 3], next: Some(3) });
        assert_eq!(page(Some(3)), Page { items: vec![2, 1], next: None });
    }

    #[tokio::test]
    async fn a_page_is_full_when_it_has_much_text_however_few_rows_it_has() {
        let (_directory, store) = numbers(5).await;
        let page = |before| {
            let (window, reader) = (Window::new(before, 200), store.read().unwrap());
            newest_first(&NUMBERS, &reader, window, |_| PAGE_BYTES / 2, |_| true).unwrap()
        };
        assert_eq!(page(None), Page { items: vec![5, 4], next: Some(4) });
        assert_eq!(page(Some(2)), Page { items: vec![1], next: None });
    }
}
