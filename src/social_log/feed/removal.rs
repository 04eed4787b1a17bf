//! Taking posts away: those that somebody wants gone, those that are too old, those that there is no room for.
//!
//! In small steps, each a commit of its own, so that nobody waits long for the writer. What is to go is
//! looked for outside of the writer. Removing works below the floor of free space: it gives space back.

use std::{ops::ControlFlow, time::Duration};

use super::{
    ledger,
    model::{FeedSize, PostFilter, Removed},
    retention,
    rules::{PostMatcher, day_of, log_bytes},
    service::Feed,
};
use crate::{
    clock::Time,
    social_log::{
        SocialLogError,
        tables::{LOGS, LOGS_BY_AUTHOR},
    },
    store::{Direction, Outcome, Reader, Snapshot, StoreError, WriteTxn},
};

/// How much goes in one commit, at most: so many logs, or the first that makes it so many bytes.
const STEP_POSTS: usize = 500;
const STEP_BYTES: u64 = 1 << 20;
/// How many logs one look goes through, at most.
const STEP_EXAMINED: usize = 20_000;
/// Between two tries to get a command into a full queue.
const PAUSE_WHILE_BUSY: Duration = Duration::from_millis(20);

/// What a look found.
struct Found {
    ids: Vec<u64>,
    /// Up to and with which log it looked; nothing when it looked at all.
    looked_to: Option<u64>,
}

impl Feed {
    /// Removes every log that fits the filter and is there now. `removed` says how many are gone, also when it
    /// fails or is given up; doing it again goes on.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(
        &self,
        filter: PostFilter,
        removed: &mut Removed,
    ) -> Result<(), SocialLogError> {
        let snapshot = self.store.read()?;
        let last = LOGS.collect(&snapshot, 0_u64.., Direction::Descending, 1, |id, _| id)?;
        let Some(last) = last.first().copied() else { return Ok(()) };
        let names = filter.author.map(|author| ledger::names_of(&snapshot, author)).transpose()?;
        drop(snapshot);
        let tracks =
            names.map_or_else(|| vec![None], |names| names.into_iter().map(Some).collect());
        for name in tracks {
            let mut after = 0;
            loop {
                let (name, filter) = (name.clone(), filter.clone());
                let look = move |snapshot: &Snapshot| {
                    find(snapshot, name.as_deref(), after, last, &PostMatcher::new(filter))
                };
                let Found { ids, looked_to } = self.store.read_range(look).await?;
                removed.add(self.take_away(ids).await?);
                match looked_to {
                    Some(looked_to) => after = looked_to,
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// Removes what is older than the configured days, and what there is no room for; then forgets authors of
    /// whom nothing is left. Says what went for its age.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn expire(&self) -> Result<Removed, SocialLogError> {
        let (now, mut removed) = (self.clock.now(), Removed::default());
        if let Some(days) = self.policy.keep_days {
            let before = now.plus_seconds(-86_400_i64.saturating_mul(i64::from(days)));
            loop {
                let look = move |snapshot: &Snapshot| received_before(snapshot, before);
                let ids = self.store.read_range(look).await?;
                if ids.is_empty() {
                    break;
                }
                let step = self.take_away(ids).await?;
                removed.add(step);
                if step.posts == 0 {
                    break;
                }
            }
        }
        let total = self.policy.total_bytes;
        while retention::is_over(&ledger::feed_usage(&self.store.read()?)?, total) {
            let step = move |txn: &WriteTxn<'_>| retention::displace(txn, total, STEP_BYTES);
            if self.change(step).await?.posts == 0 {
                break;
            }
        }
        let today = day_of(now);
        let idle = move |snapshot: &Snapshot| ledger::idle_authors(snapshot, today, STEP_POSTS);
        let idle = self.store.read_range(idle).await?;
        if !idle.is_empty() {
            let forget = move |txn: &WriteTxn<'_>| {
                ledger::forget_authors(txn, &idle, today)?;
                Ok(Removed::default())
            };
            self.change(forget).await?;
        }
        Ok(removed)
    }

    /// What made room for others since it was told last.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn displaced(&self) -> Result<Removed, SocialLogError> {
        let usage = ledger::feed_usage(&self.store.read()?)?;
        Ok(Removed { posts: usage.displaced_posts, bytes: usage.displaced_bytes })
    }

    /// Forgets what was told.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn displaced_told(&self, told: Removed) -> Result<(), SocialLogError> {
        let tell = move |txn: &WriteTxn<'_>| {
            retention::told(txn, told)?;
            Ok(Removed::default())
        };
        self.change(tell).await?;
        Ok(())
    }

    /// How much there is in the feed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn size(&self) -> Result<FeedSize, SocialLogError> {
        let usage = ledger::feed_usage(&self.store.read()?)?;
        let bound_bytes = self.policy.total_bytes;
        Ok(FeedSize { posts: usage.posts, bytes: usage.bytes, bound_bytes })
    }

    async fn take_away(&self, ids: Vec<u64>) -> Result<Removed, StoreError> {
        if ids.is_empty() {
            return Ok(Removed::default());
        }
        self.change(move |txn| ledger::remove(txn, ids.iter().copied())).await
    }

    /// Makes a change that gives space back, as soon as there is a place in the queue.
    async fn change(
        &self,
        change: impl Fn(&WriteTxn<'_>) -> Result<Removed, StoreError> + Clone + Send + 'static,
    ) -> Result<Removed, StoreError> {
        loop {
            let (change, room) = (change.clone(), self.room.clone());
            let done = self.store.submit_from_reserve(move |_| {
                let (change, room) = (change.clone(), room.clone());
                Ok(Outcome::<Removed, std::convert::Infallible>::commit(move |txn| {
                    let removed = change(txn)?;
                    room.frees(removed);
                    Ok(removed)
                }))
            });
            match done.await {
                Err(StoreError::Busy) => tokio::time::sleep(PAUSE_WHILE_BUSY).await,
                Err(error) => return Err(error),
                Ok(Ok(removed)) => return Ok(removed),
            }
        }
    }
}

/// Logs to remove: of one author or of all, after one log and up to another, that a matcher lets through.
fn find(
    reader: &impl Reader,
    name: Option<&str>,
    after: u64,
    last: u64,
    matcher: &PostMatcher,
) -> Result<Found, StoreError> {
    let mut step = StepOf::default();
    let Some(first) = after.checked_add(1).filter(|first| *first <= last) else {
        return Ok(Found { ids: step.ids, looked_to: None });
    };
    let mut looked_to = None;
    match name {
        None => LOGS.visit(reader, first..=last, Direction::Ascending, |id, log| {
            looked_to = Some(id);
            step.take(id, log_bytes(&log), matcher.lets_through(&log))
        })?,
        Some(name) => {
            let range = (name, first)..=(name, last);
            let ids = LOGS_BY_AUTHOR.collect(
                reader,
                range,
                Direction::Ascending,
                STEP_EXAMINED,
                |(_, id), ()| id,
            )?;
            for id in ids {
                looked_to = Some(id);
                let Some(log) = LOGS.get(reader, id)? else { continue };
                if step.take(id, log_bytes(&log), matcher.lets_through(&log)).is_break() {
                    break;
                }
            }
        }
    }
    Ok(Found { ids: step.ids, looked_to })
}

/// The oldest logs, as long as they arrived before a moment.
fn received_before(reader: &impl Reader, moment: Time) -> Result<Vec<u64>, StoreError> {
    let mut step = StepOf::default();
    LOGS.visit(reader, 0_u64.., Direction::Ascending, |id, log| {
        if log.received_at >= moment {
            return ControlFlow::Break(());
        }
        step.take(id, log_bytes(&log), true)
    })?;
    Ok(step.ids)
}

/// What goes in one commit.
#[derive(Default)]
struct StepOf {
    ids: Vec<u64>,
    bytes: u64,
    examined: usize,
}

impl StepOf {
    /// Looks at a log, and takes it if it is to go; breaks when that is enough.
    fn take(&mut self, id: u64, bytes: u64, goes: bool) -> ControlFlow<()> {
        self.examined += 1;
        if goes {
            self.ids.push(id);
            self.bytes += bytes;
        }
        let enough = self.ids.len() >= STEP_POSTS
            || self.bytes >= STEP_BYTES
            || self.examined >= STEP_EXAMINED;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
