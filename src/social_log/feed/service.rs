//! What can be done with the feed: submit logs, and read them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    ledger,
    model::{AcceptedBatch, Author, Batch, IdempotencyKey, NewPost, Post, PostFilter},
    policy::FeedPolicy,
    retention,
    room::FeedRoom,
    rules::{PostMatcher, SUBMISSION_BYTES, day_of, new_bytes},
    store,
};
use crate::{
    clock::{Clock, Time},
    config::SocialConfig,
    crypto,
    ids::Role,
    social_log::{Page, SocialLogError, canonical::Canonical, records::Submission, store::Window},
    store::{DiskMonitor, Outcome, Store, StoreError},
};

/// How many logs are looked at to count them.
const MAX_COUNTED: usize = 200_000;

/// The social feed; clones share it.
#[derive(Clone)]
pub struct Feed {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) policy: Arc<FeedPolicy>,
    pub(super) room: FeedRoom,
    refused: Arc<AtomicU64>,
}

impl Feed {
    /// A feed without bounds.
    pub(in crate::social_log) fn new(store: Store, clock: Clock) -> Self {
        let (policy, room) = (Arc::default(), FeedRoom::default());
        Self { store, clock, policy, room, refused: Arc::default() }
    }

    /// The same with the bounds that are configured, on a disk that is watched.
    pub(in crate::social_log) fn bounded(
        self,
        config: &SocialConfig,
        space: Option<DiskMonitor>,
    ) -> Self {
        let room = FeedRoom::new(space, config.free_space_floor_bytes());
        Self { policy: Arc::new(FeedPolicy::of(config)), room, ..self }
    }

    /// Whether somebody may hand posts in, themselves or with an API key of theirs.
    ///
    /// # Errors
    /// [`SocialLogError::PostingNotAllowed`].
    pub fn may_post(&self, role: Role, with_key: bool) -> Result<(), SocialLogError> {
        if self.policy.lets_post(role, with_key) {
            return Ok(());
        }
        Err(SocialLogError::PostingNotAllowed)
    }

    /// The time that posts arrive at.
    pub(in crate::social_log) fn now(&self) -> Time {
        self.clock.now()
    }

    /// How many submissions were refused since the start, for a quota or for want of room.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Takes note of how many bytes of the file are not in use.
    pub fn note_unused(&self, bytes: u64) {
        self.room.is_free(bytes);
    }

    /// Stores a batch, whole or not at all. With an idempotency key, the same author sending the same
    /// logs again within a day gets the first answer, and nothing is stored a second time. Logs are
    /// the same when they say the same, whatever the JSON around them looks like.
    ///
    /// Posts of whoever has most make room when there are too many.
    ///
    /// # Errors
    /// [`SocialLogError::IdempotencyKeyReused`] for other logs under a remembered key,
    /// [`SocialLogError::QuotaExceeded`], and the store's; [`StoreError::NoSpace`] well before others meet it.
    pub async fn submit(
        &self,
        author: Author,
        batch: Batch,
        key: Option<IdempotencyKey>,
    ) -> Result<AcceptedBatch, SocialLogError> {
        let now = self.clock.now();
        let fingerprint = fingerprint(batch.logs());
        let (name, batch) = (author.submitter(), Arc::new(batch));
        let remembered = if key.is_some() { SUBMISSION_BYTES } else { 0 };
        let bytes = new_bytes(batch.logs()).saturating_add(remembered);
        let (policy, room) = (Arc::clone(&self.policy), self.room.clone());
        let commits = self.store.commits();
        let submitted = self.store.submit(move |view| {
            if let Some(key) = &key
                && let Some(earlier) = store::submission(view, &name, key, now)?
            {
                return Ok(if earlier.fingerprint == fingerprint {
                    Outcome::NoChange(earlier.accepted)
                } else {
                    Outcome::Reject(SocialLogError::IdempotencyKeyReused)
                });
            }
            let spent = ledger::author_usage(view, author)?.spent_on(day_of(now));
            if let Err(refused) = policy.admits(author, bytes, spent, now) {
                return Ok(Outcome::Reject(refused));
            }
            let commits = *commits.borrow();
            if !room.has(bytes, commits) {
                return Ok(Outcome::Reject(StoreError::NoSpace.into()));
            }
            let (name, batch, key) = (name.clone(), Arc::clone(&batch), key.clone());
            let (room, total) = (room.clone(), policy.total_bytes);
            Ok(Outcome::commit(move |txn| {
                let accepted = store::append(txn, batch.logs(), author, now, bytes)?;
                room.writes(bytes, commits);
                // Twice as much as came, so that a bound that was lowered is reached.
                room.frees(retention::displace(txn, total, bytes.saturating_mul(2))?);
                if let Some(key) = key {
                    let submission = Submission { fingerprint, accepted, time: now };
                    store::remember(txn, &name, &key, &submission)?;
                }
                Ok(accepted)
            }))
        });
        let submitted = submitted.await?;
        if let Err(SocialLogError::QuotaExceeded { .. } | SocialLogError::Store(_)) = &submitted {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        submitted
    }

    /// The newest logs below the id `before`, at most `limit` of those that fit the filter.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
        filter: PostFilter,
    ) -> Result<Page<Post>, SocialLogError> {
        let (window, matcher) = (Window::new(before, limit), PostMatcher::new(filter));
        Ok(self.store.read_range(move |snapshot| store::newest(snapshot, window, &matcher)).await?)
    }

    /// How many logs of each status were received since a moment; nothing when they are more than
    /// 200,000.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn by_status(
        &self,
        since: Time,
    ) -> Result<Option<BTreeMap<String, u64>>, SocialLogError> {
        let count = move |snapshot: &_| store::by_status(snapshot, since, MAX_COUNTED);
        Ok(self.store.read_range(count).await?)
    }
}

/// What logs say, in 32 bytes.
fn fingerprint(logs: &[NewPost]) -> [u8; 32] {
    let fields = logs.iter().fold(Canonical::new("social-submission-1"), |fields, log| {
        fields
            .text(log.social.as_str())
            .signed(log.timestamp.as_millis())
            .text(log.content.as_str())
            .text(log.status.as_str())
    });
    crypto::sha256(&fields.finish())
}

#[cfg(test)]
mod tests {
    use super::{
        super::model::{Content, Label},
        *,
    };
    use crate::{
        ids::UserId,
        social_log::{
            store::tests::temporary_store,
            tables::{SUBMISSIONS, SUBMISSIONS_BY_AGE},
        },
    };

    const DAY: i64 = 86_400;
    const ANNA: Author = Author::User(UserId(1));
    const BRUNO: Author = Author::User(UserId(2));

    struct Bench {
        _directory: tempfile::TempDir,
        clock: Clock,
        feed: Feed,
    }

    fn bench() -> Bench {
        let (directory, store) = temporary_store();
        let clock = Clock::manual(Time::from_millis(1_000_000));
        Bench { _directory: directory, feed: Feed::new(store, clock.clone()), clock }
    }

    impl Bench {
        async fn send(&self, author: Author, text: &str, key: &str) -> Result<u64, SocialLogError> {
            let accepted =
                self.feed.submit(author, batch(&[text]), IdempotencyKey::parse(key.as_bytes()));
            accepted.await.map(|accepted| accepted.first_id)
        }

        async fn contents(&self, filter: PostFilter) -> Vec<String> {
            let page = self.feed.newest(None, 200, filter).await.unwrap();
            page.items.iter().map(|log| log.content.as_str().to_owned()).collect()
        }

        fn later(&self, seconds: i64) {
            self.clock.set(self.clock.now().plus_seconds(seconds));
        }

        fn remembered(&self) -> (u64, u64) {
            let snapshot = self.feed.store.read().unwrap();
            (SUBMISSIONS.len(&snapshot).unwrap(), SUBMISSIONS_BY_AGE.len(&snapshot).unwrap())
        }
    }

    fn batch(texts: &[&str]) -> Batch {
        let log = |text: &&str| NewPost {
            social: Label::parse("instagram").unwrap(),
            timestamp: Time::from_millis(5),
            content: Content::parse((*text).to_owned()).unwrap(),
            status: Label::parse("published").unwrap(),
        };
        Batch::new(texts.iter().map(log).collect()).unwrap()
    }

    #[tokio::test]
    async fn a_batch_gets_ids_without_gaps_in_its_order() {
        let bench = bench();
        bench.feed.submit(ANNA, batch(&["zero"]), None).await.unwrap();
        let accepted = bench.feed.submit(ANNA, batch(&["one", "two", "three"]), None).await;
        assert_eq!(accepted, Ok(AcceptedBatch { accepted: 3, first_id: 2, last_id: 4 }));
        assert_eq!(bench.contents(PostFilter::default()).await, ["three", "two", "one", "zero"]);
        let page = bench.feed.newest(Some(3), 1, PostFilter::default()).await.unwrap();
        let log = &page.items[0];
        assert_eq!((log.id, log.received_at, log.author), (2, bench.clock.now(), ANNA));
    }

    #[tokio::test]
    async fn the_same_logs_under_the_same_key_are_stored_once() {
        let bench = bench();
        assert_eq!(bench.send(ANNA, "a", "key").await, Ok(1));
        bench.later(DAY - 1);
        assert_eq!(bench.send(ANNA, "a", "key").await, Ok(1));
        assert_eq!(bench.contents(PostFilter::default()).await, ["a"]);
    }

    #[tokio::test]
    async fn other_logs_under_a_remembered_key_are_refused_and_not_stored() {
        let bench = bench();
        bench.send(ANNA, "a", "key").await.unwrap();
        let refused = bench.send(ANNA, "b", "key").await;
        assert_eq!(refused, Err(SocialLogError::IdempotencyKeyReused));
        assert_eq!(bench.contents(PostFilter::default()).await, ["a"]);
    }

    #[tokio::test]
    async fn a_key_is_its_callers_own() {
        let bench = bench();
        assert_eq!(bench.send(ANNA, "a", "key").await, Ok(1));
        assert_eq!(bench.send(BRUNO, "b", "key").await, Ok(2));
        assert_eq!(bench.send(ANNA, "a", "other").await, Ok(3));
    }

    #[tokio::test]
    async fn a_key_is_free_again_after_a_day_and_then_remembered_anew() {
        let bench = bench();
        bench.send(ANNA, "a", "key").await.unwrap();
        bench.later(DAY);
        assert_eq!(bench.send(ANNA, "b", "key").await, Ok(2));
        assert_eq!(bench.send(ANNA, "b", "key").await, Ok(2));
        assert_eq!(bench.remembered(), (1, 1));
    }

    #[tokio::test]
    async fn forgotten_submissions_are_cleared_away_a_few_at_a_time() {
        let bench = bench();
        for n in 0..20 {
            bench.send(ANNA, "a", &format!("key-{n}")).await.unwrap();
        }
        // The last of them is used anew before the clearing comes to its first use.
        bench.later(DAY);
        bench.send(ANNA, "b", "key-19").await.unwrap();
        assert_eq!(bench.remembered(), (4, 5));
        bench.send(ANNA, "a", "new").await.unwrap();
        assert_eq!(bench.remembered(), (2, 2));
        let refused = bench.send(ANNA, "a", "key-19").await;
        assert_eq!(refused, Err(SocialLogError::IdempotencyKeyReused), "still remembered");
    }

    #[tokio::test]
    async fn logs_are_counted_by_status_since_a_moment_or_not_at_all() {
        let bench = bench();
        bench.feed.submit(ANNA, batch(&["old"]), None).await.unwrap();
        bench.later(10);
        bench.feed.submit(ANNA, batch(&["one", "two"]), None).await.unwrap();
        let since = bench.clock.now();
        let counted = bench.feed.by_status(since).await.unwrap().unwrap();
        assert_eq!(counted, BTreeMap::from([("published".to_owned(), 2)]));
        let snapshot = bench.feed.store.read().unwrap();
        assert_eq!(store::by_status(&snapshot, since, 1).unwrap(), None);
        assert!(store::by_status(&snapshot, since, 2).unwrap().is_some());
    }

    #[tokio::test]
    async fn pages_are_unmoved_by_logs_that_arrive_between_them() {
        let bench = bench();
        let nine: Vec<String> = (1..=9).map(|n| format!("post {n}")).collect();
        let texts: Vec<&str> = nine.iter().map(String::as_str).collect();
        bench.feed.submit(ANNA, batch(&texts), None).await.unwrap();
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let page = bench.feed.newest(before, 4, PostFilter::default()).await.unwrap();
            seen.extend(page.items.iter().map(|log| log.id));
            bench.feed.submit(ANNA, batch(&["late"]), None).await.unwrap();
            match page.next {
                Some(next) => before = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    }

    #[tokio::test]
    async fn a_filter_finds_what_fits_among_all_logs() {
        let bench = bench();
        bench.feed.submit(ANNA, batch(&["Prima È", "seconda", "prima è"]), None).await.unwrap();
        let filter = PostFilter { text: Some("PRIMA è".to_owned()), ..Default::default() };
        assert_eq!(bench.contents(filter).await, ["prima è", "Prima È"]);
        let filter = PostFilter { status: Some("failed".to_owned()), ..Default::default() };
        assert!(bench.contents(filter).await.is_empty());
    }
}
