//! What can be done with the feed: submit logs, and read them.

use std::sync::Arc;

use super::{
    model::{Accepted, Author, Batch, IdempotencyKey, Log, LogFilter, NewLog},
    rules::Sieve,
    store,
};
use crate::{
    clock::Clock,
    crypto,
    social_log::{Page, SocialLogError, canonical::Canonical, records::Submission, store::Window},
    store::{Decision, Store},
};

/// The social feed; clones share it.
#[derive(Clone)]
pub struct Feed {
    store: Store,
    clock: Clock,
}

impl Feed {
    pub(in crate::social_log) const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Stores a batch, whole or not at all. With an idempotency key, the same author sending the same
    /// logs again within a day gets the first answer, and nothing is stored a second time. Logs are
    /// the same when they say the same, whatever the JSON around them looks like.
    ///
    /// # Errors
    /// [`SocialLogError::IdempotencyKeyReused`] for other logs under a remembered key, and the store's.
    pub async fn submit(
        &self,
        author: Author,
        batch: Batch,
        key: Option<IdempotencyKey>,
    ) -> Result<Accepted, SocialLogError> {
        let now = self.clock.now();
        let fingerprint = fingerprint(batch.logs());
        let (name, batch) = (author.to_string(), Arc::new(batch));
        let submitted = self.store.submit(move |view| {
            if let Some(key) = &key
                && let Some(earlier) = store::submission(view, &name, key, now)?
            {
                return Ok(if earlier.fingerprint == fingerprint {
                    Decision::Answer(earlier.accepted)
                } else {
                    Decision::Refuse(SocialLogError::IdempotencyKeyReused)
                });
            }
            let (name, batch, key) = (name.clone(), Arc::clone(&batch), key.clone());
            Ok(Decision::write(move |edit| {
                let accepted = store::append(edit, batch.logs(), author, now)?;
                if let Some(key) = key {
                    let submission = Submission { fingerprint, accepted, time: now };
                    store::remember(edit, &name, &key, &submission)?;
                }
                Ok(accepted)
            }))
        });
        submitted.await?
    }

    /// The newest logs below the id `before`, at most `limit` of those that fit the filter.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
        filter: LogFilter,
    ) -> Result<Page<Log>, SocialLogError> {
        let (window, sieve) = (Window::new(before, limit), Sieve::new(filter));
        Ok(self.store.read_range(move |snapshot| store::newest(snapshot, window, &sieve)).await?)
    }
}

/// What logs say, in 32 bytes.
fn fingerprint(logs: &[NewLog]) -> [u8; 32] {
    let fields = logs.iter().fold(Canonical::new("social-submission-1"), |fields, log| {
        fields
            .text(log.social.as_str())
            .signed(log.timestamp.as_millis())
            .text(log.content.as_str())
            .text(log.status.as_str())
    });
    crypto::sha256(&fields.finish())
}
