//! The books of the feed: which logs there are of whom, and how many bytes. Every log goes in and out here, in
//! the same commit as its entry in the index and in the counters.

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{
    model::{Author, Post, Removed, WantedAuthor},
    rules::log_bytes,
};
use crate::{
    social_log::{
        records::{AuthorUsage, FeedUsage},
        tables::{AUTHORS, FEED, LOGS, LOGS_BY_AUTHOR},
    },
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// What authors are called whose logs arrived before it was known whether an API key sent them. Such logs
/// count for the whole, and not for the share of people.
const EARLIER: &str = "earlier/";
/// What people are called who sent logs without an API key.
pub(super) const PERSON: &str = "user:";

/// What there is in the feed.
pub(super) fn feed_usage(reader: &impl Reader) -> Result<FeedUsage, StoreError> {
    Ok(FEED.get(reader, ())?.unwrap_or_default())
}

/// What there is of an author.
pub(super) fn author_usage(
    reader: &impl Reader,
    author: Author,
) -> Result<AuthorUsage, StoreError> {
    Ok(AUTHORS.get(reader, author.to_string().as_str())?.unwrap_or_default())
}

/// What the author of a log is called here.
fn name_of(log: &Post, usage: &FeedUsage) -> String {
    match log.author {
        Author::User(_) if log.id < usage.keys_known_from => format!("{EARLIER}{}", log.author),
        author => author.to_string(),
    }
}

/// What those are called here whose logs are wanted.
pub(super) fn names_of(
    reader: &impl Reader,
    wanted: WantedAuthor,
) -> Result<Vec<String>, StoreError> {
    let wanted_name = wanted.to_string();
    let mut names = Vec::new();
    AUTHORS.visit(reader, ""..="~", Direction::Ascending, |name, _| {
        let found = match wanted {
            WantedAuthor::Person(_) => name.rsplit('/').next() == Some(wanted_name.as_str()),
            WantedAuthor::Key(_) | WantedAuthor::Import => {
                name.split('/').next() == Some(wanted_name.as_str())
            }
        };
        if found {
            names.push(name.to_owned());
        }
        ControlFlow::Continue(())
    })?;
    Ok(names)
}

/// Adds logs of one author, who spends so many bytes of their quota of the day on them.
pub(super) fn add(
    txn: &WriteTxn<'_>,
    logs: impl Iterator<Item = Post>,
    author: Author,
    day: i64,
    spent: u64,
) -> Result<(), StoreError> {
    let name = author.to_string();
    let (mut posts, mut bytes) = (0, 0);
    for log in logs {
        LOGS.put(txn, log.id, &log)?;
        LOGS_BY_AUTHOR.put(txn, (name.as_str(), log.id), &())?;
        posts += 1;
        bytes += log_bytes(&log);
    }
    let mut of_author = author_usage(txn, author)?;
    let spent_before = of_author.spent_on(day);
    of_author.posts += posts;
    of_author.bytes += bytes;
    (of_author.day, of_author.day_bytes) = (day, spent_before.saturating_add(spent));
    AUTHORS.put(txn, name.as_str(), &of_author)?;
    let mut feed = feed_usage(txn)?;
    feed.posts += posts;
    feed.bytes += bytes;
    if name.starts_with(PERSON) {
        feed.people_bytes += bytes;
    }
    FEED.put(txn, (), &feed)
}

/// Removes logs, as far as they are still there.
pub(super) fn remove(
    txn: &WriteTxn<'_>,
    ids: impl IntoIterator<Item = u64>,
) -> Result<Removed, StoreError> {
    let mut feed = feed_usage(txn)?;
    let (mut removed, mut of_authors) = (Removed::default(), BTreeMap::<String, Removed>::new());
    for id in ids {
        let Some(log) = LOGS.get(txn, id)? else { continue };
        let (name, one) = (name_of(&log, &feed), Removed { posts: 1, bytes: log_bytes(&log) });
        LOGS.remove(txn, id)?;
        LOGS_BY_AUTHOR.remove(txn, (name.as_str(), id))?;
        removed.add(one);
        of_authors.entry(name).or_default().add(one);
    }
    for (name, Removed { posts, bytes }) in of_authors {
        let mut usage = AUTHORS.get(txn, name.as_str())?.unwrap_or_default();
        usage.posts = usage.posts.saturating_sub(posts);
        usage.bytes = usage.bytes.saturating_sub(bytes);
        AUTHORS.put(txn, name.as_str(), &usage)?;
        if name.starts_with(PERSON) {
            feed.people_bytes = feed.people_bytes.saturating_sub(bytes);
        }
    }
    feed.posts = feed.posts.saturating_sub(removed.posts);
    feed.bytes = feed.bytes.saturating_sub(removed.bytes);
    FEED.put(txn, (), &feed)?;
    Ok(removed)
}

/// Authors of whom nothing is left, and who sent nothing today; at most so many.
pub(super) fn idle_authors(
    reader: &impl Reader,
    today: i64,
    most: usize,
) -> Result<Vec<String>, StoreError> {
    let mut idle = Vec::new();
    AUTHORS.visit(reader, ""..="~", Direction::Ascending, |name, usage| {
        if is_idle(&usage, today) {
            idle.push(name.to_owned());
        }
        if idle.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(idle)
}

/// Forgets authors, as far as they are idle still.
pub(super) fn forget_authors(
    txn: &WriteTxn<'_>,
    names: &[String],
    today: i64,
) -> Result<(), StoreError> {
    for name in names {
        let usage = AUTHORS.get(txn, name.as_str())?;
        if usage.is_some_and(|usage| is_idle(&usage, today)) {
            AUTHORS.remove(txn, name.as_str())?;
        }
    }
    Ok(())
}

const fn is_idle(usage: &AuthorUsage, today: i64) -> bool {
    usage.posts == 0 && usage.day != today
}

/// The step of a migration: the books of logs that are there already.
pub(in crate::social_log) fn count_posts(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    LOGS_BY_AUTHOR.create(txn)?;
    AUTHORS.create(txn)?;
    FEED.create(txn)?;
    let whole = LOGS.len(txn)?;
    let mut feed = FeedUsage { keys_known_from: u64::MAX, ..FeedUsage::default() };
    let (mut authors, mut last) = (BTreeMap::<String, AuthorUsage>::new(), 0);
    let mut failed = Ok(());
    LOGS.visit(txn, 0_u64.., Direction::Ascending, |id, log| {
        let (name, bytes) = (name_of(&log, &feed), log_bytes(&log));
        failed = LOGS_BY_AUTHOR.put(txn, (name.as_str(), id), &());
        let of_author = authors.entry(name).or_default();
        of_author.posts += 1;
        of_author.bytes += bytes;
        feed.posts += 1;
        feed.bytes += bytes;
        last = id;
        txn.progress(feed.posts, whole);
        if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    failed?;
    for (name, usage) in authors {
        AUTHORS.put(txn, name.as_str(), &usage)?;
    }
    feed.keys_known_from = last + 1;
    FEED.put(txn, (), &feed)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            model::{Content, Label},
            retention::displace,
        },
        *,
    };
    use crate::{
        clock::Time,
        ids::UserId,
        social_log::{
            KeyName, MIGRATIONS,
            store::tests::{open, temporary_store},
        },
        store::{Outcome, Store},
    };

    const ADA: Author = Author::User(UserId(7));

    fn log(id: u64, author: Author) -> Post {
        Post {
            id,
            social: Label::parse("x").unwrap(),
            timestamp: Time::EPOCH,
            content: Content::parse("y".repeat(871)).unwrap(),
            status: Label::parse("z").unwrap(),
            received_at: Time::EPOCH,
            author,
        }
    }

    /// What one of these takes: 1,001 bytes.
    fn size() -> u64 {
        log_bytes(&log(1, ADA))
    }

    async fn write<T: Send + 'static>(
        store: &Store,
        change: impl Fn(&WriteTxn<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
    ) -> T {
        let done = store.submit(move |_| Ok(Outcome::<T, ()>::commit(change.clone())));
        done.await.unwrap().unwrap()
    }

    async fn add_of(store: &Store, author: Author, ids: std::ops::Range<u64>) {
        write(store, move |txn| add(txn, ids.clone().map(|id| log(id, author)), author, 1, 10))
            .await;
    }

    /// Counts everything anew and compares it with the books.
    fn agree(store: &Store) {
        let snapshot = store.read().unwrap();
        let (mut feed, known) = (FeedUsage::default(), feed_usage(&snapshot).unwrap());
        let mut authors = BTreeMap::<String, (u64, u64)>::new();
        LOGS.visit(&snapshot, 0_u64.., Direction::Ascending, |id, log| {
            let (name, bytes) = (name_of(&log, &known), log_bytes(&log));
            assert!(
                LOGS_BY_AUTHOR.contains(&snapshot, (name.as_str(), id)).unwrap(),
                "{name} {id}"
            );
            feed.posts += 1;
            feed.bytes += bytes;
            feed.people_bytes += if name.starts_with(PERSON) { bytes } else { 0 };
            let of_author = authors.entry(name).or_default();
            *of_author = (of_author.0 + 1, of_author.1 + bytes);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(LOGS_BY_AUTHOR.len(&snapshot).unwrap(), feed.posts);
        assert_eq!(
            (known.posts, known.bytes, known.people_bytes),
            (feed.posts, feed.bytes, feed.people_bytes)
        );
        AUTHORS
            .visit(&snapshot, ""..="~", Direction::Ascending, |name, usage| {
                let counted = authors.remove(name).unwrap_or_default();
                assert_eq!((usage.posts, usage.bytes), counted, "{name}");
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(authors.is_empty(), "{authors:?}");
    }

    #[tokio::test]
    async fn logs_of_before_are_counted_and_are_nobodys_share() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path(), &MIGRATIONS[..1]);
        write(&store, |txn| {
            txn.next_numbers("social_logs", 5)?;
            (1..=5).try_for_each(|id| LOGS.put(txn, id, &log(id, ADA)))
        })
        .await;
        drop(store);
        let store = open(directory.path(), MIGRATIONS);
        agree(&store);
        let usage = feed_usage(&store.read().unwrap()).unwrap();
        assert_eq!((usage.posts, usage.people_bytes, usage.keys_known_from), (5, 0, 6));
        add_of(&store, ADA, 6..8).await;
        agree(&store);
        let names = names_of(&store.read().unwrap(), WantedAuthor::Person(UserId(7))).unwrap();
        assert_eq!(names, ["earlier/user:7", "user:7"]);
        let removed = write(&store, |txn| remove(txn, [2, 6, 99])).await;
        assert_eq!(removed, Removed { posts: 2, bytes: 2 * size() });
        agree(&store);
    }

    #[tokio::test]
    async fn whoever_has_most_makes_room_with_their_oldest() {
        let (_directory, store) = temporary_store();
        let key = Author::Key {
            key: KeyName::parse("api-key:0123456789abcdef").unwrap(),
            owner: UserId(1),
        };
        add_of(&store, key, 1..101).await;
        add_of(&store, ADA, 101..121).await;
        add_of(&store, Author::User(UserId(8)), 121..126).await;
        // All of it fits, and people have five more than their quarter.
        let total = 80 * size();
        let step = move |txn: &WriteTxn<'_>| displace(txn, 100 * size(), u64::MAX);
        let displaced = write(&store, step).await;
        agree(&store);
        assert_eq!(displaced.posts, 25, "down to 100 in all");
        let usage = feed_usage(&store.read().unwrap()).unwrap();
        assert_eq!(usage.people_bytes, 25 * size(), "a quarter");
        write(&store, move |txn| displace(txn, total, u64::MAX)).await;
        agree(&store);
        let left = |author: Author| author_usage(&store.read().unwrap(), author).unwrap().posts;
        assert_eq!((left(key), left(ADA), left(Author::User(UserId(8)))), (60, 15, 5));
        let oldest =
            LOGS.collect(&store.read().unwrap(), 0_u64.., Direction::Ascending, 1, |id, _| id);
        assert_eq!(oldest.unwrap(), [41]);
        let part = write(&store, move |txn| displace(txn, size(), 2 * size())).await;
        assert_eq!(part.posts, 2, "no more than was wanted");
        agree(&store);
    }

    #[tokio::test]
    async fn an_author_is_forgotten_when_nothing_is_left_and_the_day_is_over() {
        let (_directory, store) = temporary_store();
        add_of(&store, ADA, 1..3).await;
        let idle = |today| idle_authors(&store.read().unwrap(), today, 9).unwrap();
        assert!(idle(2).is_empty());
        write(&store, |txn| remove(txn, [1, 2])).await;
        assert!(idle(1).is_empty(), "the quota of today is not given back");
        assert_eq!(idle(2), ["user:7"]);
        write(&store, |txn| forget_authors(txn, &["user:7".to_owned()], 2)).await;
        assert!(idle(2).is_empty());
        agree(&store);
    }
}
