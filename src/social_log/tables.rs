//! Every table of `social_log.redb`.
//!
//! What is written most has keys that only grow, so that a commit touches the last page of a table and
//! not a random one. The two exceptions are indexes by a name that a client or the system chose.

use super::{
    audit::{Entry, Head},
    feed::Post,
    records::{AuthorUsage, FeedUsage, Submission, SubmissionName},
};
use crate::store::{AnyTable, Table};

/// The social feed. Key: the log's id, from 1 in the order of arrival. Value: the log.
pub(super) const LOGS: Table<u64, Post> = Table::new("social_logs");

/// Which logs there are of whom. Key: an author, as `feed::ledger` calls them, and the log's id.
pub(super) const LOGS_BY_AUTHOR: Table<(&'static str, u64), ()> =
    Table::new("social_logs_by_author");

/// What there is of each author, and what they sent in a day. Key: the author, as above.
pub(super) const AUTHORS: Table<&'static str, AuthorUsage> = Table::new("social_authors");

/// What there is in the feed: one row.
pub(super) const FEED: Table<(), FeedUsage> = Table::new("social_feed");

/// Submissions that came with an idempotency key. Key: who sent it, as [`super::Author`] prints, and
/// the idempotency key. Value: what was sent and what was answered.
pub(super) const SUBMISSIONS: Table<(&'static str, &'static str), Submission> =
    Table::new("social_submissions");

/// The same submissions by age, so that old ones are found without a search. Key: their order of
/// arrival. Value: the key in [`SUBMISSIONS`].
pub(super) const SUBMISSIONS_BY_AGE: Table<u64, SubmissionName> =
    Table::new("social_submissions_by_age");

/// The audit chain. Key: the entry's place in it, from 1 without gaps. Value: the entry.
pub(super) const AUDIT: Table<u64, Entry> = Table::new("audit");

/// Which events the chain holds. Key: the event's 128-bit id as a big-endian number. Value: the key in
/// [`AUDIT`].
pub(super) const AUDIT_BY_ID: Table<u128, u64> = Table::new("audit_by_id");

/// Where the chain ends: one row. It is written with every entry, and shows when the last ones go
/// missing, which the chain alone could not.
pub(super) const AUDIT_HEAD: Table<(), Head> = Table::new("audit_head");

/// All of them: what a copy and a check of the file go through.
pub static TABLES: &[&dyn AnyTable] = &[
    &LOGS,
    &LOGS_BY_AUTHOR,
    &AUTHORS,
    &FEED,
    &SUBMISSIONS,
    &SUBMISSIONS_BY_AGE,
    &AUDIT,
    &AUDIT_BY_ID,
    &AUDIT_HEAD,
];
