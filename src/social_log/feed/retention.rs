//! What makes room when there are too many posts: the oldest of whoever has most, so that nobody who has little loses
//! anything to somebody who sends much.

use std::ops::ControlFlow;

use super::{
    ledger::{PERSON, feed_usage, remove},
    model::Removed,
    rules::{log_bytes, people_bound},
};
use crate::{
    social_log::{
        records::FeedUsage,
        tables::{AUTHORS, FEED, LOGS, LOGS_BY_AUTHOR},
    },
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// How many logs of an author make room at once, before somebody else may have more than they.
const AT_ONCE: usize = 64;

/// Whether the feed takes more than it may, in all or by those who send without an API key.
pub(super) fn is_over(usage: &FeedUsage, total: u64) -> bool {
    usage.bytes > total || usage.people_bytes > people_bound(total)
}

/// Removes the oldest logs of whoever has most, as long as the feed takes more than it may: until at least
/// `wanted` bytes are free, or nothing is over.
pub(super) fn displace(txn: &WriteTxn<'_>, total: u64, wanted: u64) -> Result<Removed, StoreError> {
    let mut removed = Removed::default();
    loop {
        let usage = feed_usage(txn)?;
        if !is_over(&usage, total) || removed.bytes >= wanted {
            break;
        }
        let of_people = usage.people_bytes > people_bound(total);
        let surplus =
            if of_people { usage.people_bytes - people_bound(total) } else { usage.bytes - total };
        let Some(name) = whoever_has_most(txn, of_people)? else { break };
        let ids = oldest_of(txn, &name, surplus.min(wanted - removed.bytes))?;
        let gone = remove(txn, ids)?;
        if gone.posts == 0 {
            break;
        }
        removed.add(gone);
    }
    if removed.posts > 0 {
        let mut usage = feed_usage(txn)?;
        usage.displaced_posts += removed.posts;
        usage.displaced_bytes += removed.bytes;
        FEED.put(txn, (), &usage)?;
    }
    Ok(removed)
}

fn whoever_has_most(reader: &impl Reader, of_people: bool) -> Result<Option<String>, StoreError> {
    let mut most: Option<(u64, String)> = None;
    AUTHORS.visit(reader, ""..="~", Direction::Ascending, |name, usage| {
        let counts = usage.posts > 0 && (!of_people || name.starts_with(PERSON));
        if counts && most.as_ref().is_none_or(|(bytes, _)| *bytes < usage.bytes) {
            most = Some((usage.bytes, name.to_owned()));
        }
        ControlFlow::Continue(())
    })?;
    Ok(most.map(|(_, name)| name))
}

/// The oldest logs of an author that take so many bytes together, at most [`AT_ONCE`].
fn oldest_of(reader: &impl Reader, name: &str, wanted: u64) -> Result<Vec<u64>, StoreError> {
    let range = (name, 0)..=(name, u64::MAX);
    let candidates =
        LOGS_BY_AUTHOR.collect(reader, range, Direction::Ascending, AT_ONCE, |(_, id), ()| id)?;
    let (mut ids, mut bytes) = (Vec::new(), 0);
    for id in candidates {
        if bytes >= wanted {
            break;
        }
        ids.push(id);
        bytes += LOGS.get(reader, id)?.as_ref().map_or(0, log_bytes);
    }
    Ok(ids)
}

/// Forgets how much made room for others, as far as that was told.
pub(super) fn told(txn: &WriteTxn<'_>, told: Removed) -> Result<(), StoreError> {
    let mut usage = feed_usage(txn)?;
    usage.displaced_posts = usage.displaced_posts.saturating_sub(told.posts);
    usage.displaced_bytes = usage.displaced_bytes.saturating_sub(told.bytes);
    FEED.put(txn, (), &usage)
}
