//! What can be done with the audit trail: add to it, read it, verify it.

use std::{collections::HashSet, convert::Infallible};

use super::{
    chain::{self, Walk},
    model::{AuditFilter, Entry, Head, Verification},
    store,
};
use crate::{
    event::Event,
    social_log::{Page, store::Window},
    store::{Decision, Reader, Store, StoreError},
};

/// The audit trail; clones share it.
#[derive(Clone)]
pub struct AuditTrail {
    store: Store,
}

impl AuditTrail {
    pub(in crate::social_log) const fn new(store: Store) -> Self {
        Self { store }
    }

    /// See [`crate::social_log::SocialLogService::append_audit`].
    pub(in crate::social_log) async fn append(&self, events: Vec<Event>) -> Result<(), StoreError> {
        let appended = self.store.submit(move |view| {
            let fresh = unknown(view, &events)?;
            if fresh.is_empty() {
                return Ok(Decision::<(), Infallible>::Answer(()));
            }
            let mut head = store::head(view)?;
            let mut entries = Vec::with_capacity(fresh.len());
            for event in fresh {
                let entry = chain::link(&head, event);
                head = entry.head();
                entries.push(entry);
            }
            Ok(Decision::write(move |edit| store::append(edit, &entries)))
        });
        let Ok(()) = appended.await?;
        Ok(())
    }

    /// Where the chain ends.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn head(&self) -> Result<Head, StoreError> {
        store::head(&self.store.read()?)
    }

    /// The newest entries before the place `before`, at most `limit` of those that fit the filter.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
        filter: AuditFilter,
    ) -> Result<Page<Entry>, StoreError> {
        let window = Window::new(before, limit);
        self.store.read_range(move |snapshot| store::newest(snapshot, window, &filter)).await
    }

    /// Walks along the whole chain, in chunks that each have a snapshot of their own: a walk of
    /// minutes keeps no old pages alive. Entries that arrive meanwhile are walked too.
    ///
    /// # Errors
    /// When the file cannot be read. A broken chain is not an error but what was asked for.
    pub async fn verify(&self) -> Result<Verification, StoreError> {
        let mut walk = Walk::start();
        loop {
            let chunk = self.store.read_range(move |snapshot| {
                let over = store::walk_on(snapshot, &mut walk)?;
                Ok((walk, over))
            });
            let (walked, over) = chunk.await?;
            walk = walked;
            if over {
                return Ok(walk.verification());
            }
        }
    }
}

/// The events that the chain does not hold yet, each once.
fn unknown(reader: &impl Reader, events: &[Event]) -> Result<Vec<Event>, StoreError> {
    let mut seen = HashSet::new();
    let mut fresh = Vec::new();
    for event in events {
        if seen.insert(event.id) && !store::is_known(reader, event.id)? {
            fresh.push(event.clone());
        }
    }
    Ok(fresh)
}
