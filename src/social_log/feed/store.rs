//! Where logs and remembered submissions lie in the file.

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{
    ledger,
    model::{AcceptedBatch, Author, IdempotencyKey, NewPost, Post},
    rules::{PostMatcher, day_of, is_forgotten},
};
use crate::{
    clock::Time,
    social_log::{
        Page,
        records::{Submission, SubmissionName},
        store::{Window, newest_first},
        tables::{LOGS, SUBMISSIONS, SUBMISSIONS_BY_AGE},
    },
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// How many forgotten submissions a remembered one clears away, at most: more than one, so that they
/// grow fewer, and few, so that nobody waits for it.
const CLEARED_PER_WRITE: usize = 16;

/// Adds logs to the end of the feed, for so many bytes of the author's quota.
pub(super) fn append(
    txn: &WriteTxn<'_>,
    logs: &[NewPost],
    author: Author,
    received_at: Time,
    spent: u64,
) -> Result<AcceptedBatch, StoreError> {
    let accepted = u64::try_from(logs.len()).unwrap_or(u64::MAX);
    let first_id = txn.next_numbers("social_logs", accepted)?;
    let logs = (first_id..).zip(logs).map(|(id, log)| {
        let NewPost { social, timestamp, content, status } = log.clone();
        Post { id, social, timestamp, content, status, received_at, author }
    });
    ledger::add(txn, logs, author, day_of(received_at), spent)?;
    Ok(AcceptedBatch { accepted, first_id, last_id: first_id + accepted.saturating_sub(1) })
}

/// The newest logs that a matcher lets through.
pub(super) fn newest(
    reader: &impl Reader,
    window: Window,
    matcher: &PostMatcher,
) -> Result<Page<Post>, StoreError> {
    newest_first(
        &LOGS,
        reader,
        window,
        |log| log.content.as_str().len(),
        |log| matcher.lets_through(log),
    )
}

/// How many logs of each status were received since a moment; nothing when they are more than `most`.
pub(super) fn by_status(
    reader: &impl Reader,
    since: Time,
    most: usize,
) -> Result<Option<BTreeMap<String, u64>>, StoreError> {
    let mut counts = BTreeMap::<String, u64>::new();
    let (mut examined, mut whole) = (0, true);
    LOGS.visit(reader, 0_u64.., Direction::Descending, |_, log| {
        if log.received_at < since {
            return ControlFlow::Break(());
        }
        if examined == most {
            whole = false;
            return ControlFlow::Break(());
        }
        examined += 1;
        *counts.entry(log.status.as_str().to_owned()).or_default() += 1;
        ControlFlow::Continue(())
    })?;
    Ok(whole.then_some(counts))
}

/// What the author sent under this key, if it is still remembered.
pub(super) fn submission(
    reader: &impl Reader,
    author: &str,
    key: &IdempotencyKey,
    now: Time,
) -> Result<Option<Submission>, StoreError> {
    let found = SUBMISSIONS.get(reader, (author, key.as_str()))?;
    Ok(found.filter(|submission| !is_forgotten(submission.time, now)))
}

/// Remembers a submission, and clears away some that are too old.
pub(super) fn remember(
    txn: &WriteTxn<'_>,
    author: &str,
    key: &IdempotencyKey,
    submission: &Submission,
) -> Result<(), StoreError> {
    clear_forgotten(txn, submission.time)?;
    SUBMISSIONS.put(txn, (author, key.as_str()), submission)?;
    let name = SubmissionName {
        author: author.to_owned(),
        key: key.as_str().to_owned(),
        time: submission.time,
    };
    SUBMISSIONS_BY_AGE.put(txn, txn.next_number("social_submissions")?, &name)
}

fn clear_forgotten(txn: &WriteTxn<'_>, now: Time) -> Result<(), StoreError> {
    let oldest = SUBMISSIONS_BY_AGE.collect(
        txn,
        0_u64..,
        Direction::Ascending,
        CLEARED_PER_WRITE,
        |number, name| (number, name),
    )?;
    for (number, name) in oldest {
        if !is_forgotten(name.time, now) {
            break;
        }
        SUBMISSIONS_BY_AGE.remove(txn, number)?;
        // The key may have been used anew since; then what lies under it is younger and stays.
        let key = (name.author.as_str(), name.key.as_str());
        let submission = SUBMISSIONS.get(txn, key)?;
        if submission.is_some_and(|submission| is_forgotten(submission.time, now)) {
            SUBMISSIONS.remove(txn, key)?;
        }
    }
    Ok(())
}
