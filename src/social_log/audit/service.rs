//! What can be done with the audit trail: add to it, read it, verify it.

use std::{collections::HashSet, convert::Infallible};

use super::{
    chain::{self, Walk},
    model::{AuditFilter, Entry, Head, Verification},
    store,
};
use crate::{
    audit_event::AuditEvent,
    clock::Time,
    social_log::{Page, store::Window},
    store::{Outcome, Reader, Snapshot, Store, StoreError},
};

/// How many entries are looked at to count actions.
const MAX_TALLIED: usize = 100_000;

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
    pub(in crate::social_log) async fn append(
        &self,
        events: Vec<AuditEvent>,
    ) -> Result<(), StoreError> {
        // What waits in an outbox takes space twice until it is here and cleared there.
        let appended = self.store.submit_from_reserve(move |view| {
            let fresh = unknown(view, &events)?;
            if fresh.is_empty() {
                return Ok(Outcome::<(), Infallible>::NoChange(()));
            }
            let mut head = store::head(view)?;
            let mut entries = Vec::with_capacity(fresh.len());
            for event in fresh {
                let entry = chain::link(&head, event);
                head = entry.head();
                entries.push(entry);
            }
            Ok(Outcome::commit(move |txn| store::append(txn, &entries)))
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

    /// How often each of some actions happened since each of some moments. Looks at the newest
    /// 100,000 entries at most; for moments further back than those there is no answer.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn tally(
        &self,
        since: Vec<Time>,
        actions: &'static [&'static str],
    ) -> Result<Vec<Option<Vec<u64>>>, StoreError> {
        let tally = move |snapshot: &_| store::tally(snapshot, &since, actions, MAX_TALLIED);
        self.store.read_range(tally).await
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

    /// See [`crate::social_log::audit_head_in`].
    pub(in crate::social_log) fn head_in(snapshot: &Snapshot) -> Result<Head, StoreError> {
        store::head(snapshot)
    }

    /// See [`crate::social_log::verify_audit_in`].
    pub(in crate::social_log) fn verify_in(
        snapshot: &Snapshot,
        go_on: &mut dyn FnMut() -> std::ops::ControlFlow<()>,
    ) -> Result<Verification, StoreError> {
        let mut walk = Walk::start();
        while !store::walk_on(snapshot, &mut walk)? {
            if go_on().is_break() {
                return Err(StoreError::Stopped);
            }
        }
        Ok(walk.verification())
    }
}

/// The events that the chain does not hold yet, each once.
fn unknown(reader: &impl Reader, events: &[AuditEvent]) -> Result<Vec<AuditEvent>, StoreError> {
    let mut seen = HashSet::new();
    let mut fresh = Vec::new();
    for event in events {
        if seen.insert(event.id) && !store::is_known(reader, event.id)? {
            fresh.push(event.clone());
        }
    }
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit_event::{Actor, AuditContext},
        social_log::{
            MIGRATIONS, audit,
            audit::{Broken, ChainFault},
            store::tests::{open, temporary_store},
            tables::{AUDIT, AUDIT_HEAD},
        },
        store::WriteTxn,
    };

    fn events(count: i64) -> Vec<AuditEvent> {
        let event = |n| {
            let action = if n % 2 == 0 { "login.success" } else { "login.failure" };
            AuditContext { actor: Actor::System, network: None, request_id: None }
                .event(Time::from_millis(n), action, format!("user:{n}"))
                .unwrap()
        };
        (1..=count).map(event).collect()
    }

    async fn tamper(
        store: &Store,
        change: impl Fn(&WriteTxn<'_>) -> Result<(), StoreError> + Clone + Send + 'static,
    ) {
        let changed = store.submit(move |_| {
            let change = change.clone();
            Ok(Outcome::<(), Infallible>::commit(move |txn| change(txn)))
        });
        let Ok(()) = changed.await.unwrap();
    }

    fn targets(page: &Page<Entry>) -> Vec<&str> {
        page.items.iter().map(|entry| entry.target.as_str()).collect()
    }

    #[tokio::test]
    async fn an_event_that_is_handed_over_twice_is_in_the_chain_once() {
        let (_directory, store) = temporary_store();
        let audit = AuditTrail::new(store);
        let events = events(3);
        audit.append(events[..2].to_vec()).await.unwrap();
        let head = audit.head().unwrap();
        audit.append(events[..2].to_vec()).await.unwrap();
        assert_eq!(audit.head().unwrap(), head);
        let overlapping = vec![events[1].clone(), events[2].clone(), events[2].clone()];
        audit.append(overlapping).await.unwrap();
        let page = audit.newest(None, 10, AuditFilter::default()).await.unwrap();
        assert_eq!(targets(&page), ["user:3", "user:2", "user:1"]);
        assert_eq!(audit.verify().await.unwrap().broken, None);
    }

    #[tokio::test]
    async fn actions_are_counted_since_each_moment_and_only_as_far_as_was_looked() {
        let (_directory, store) = temporary_store();
        let audit = AuditTrail::new(store.clone());
        let spread = events(10).into_iter().map(|event| AuditEvent {
            time: Time::from_millis(event.time.as_millis() * 1_000_000),
            ..event
        });
        audit.append(spread.collect()).await.unwrap();
        let since = [8, 1].map(|time| Time::from_millis(time * 1_000_000));
        let actions = &["login.failure", "login.success", "logout"];
        let counted = audit.tally(since.to_vec(), actions).await.unwrap();
        assert_eq!(counted, [Some(vec![1, 2, 0]), Some(vec![5, 5, 0])]);
        let few = store::tally(&store.read().unwrap(), &since, actions, 5).unwrap();
        assert_eq!(few, [Some(vec![1, 2, 0]), None]);
        let (_directory, store) = temporary_store();
        let none = AuditTrail::new(store).tally(vec![Time::EPOCH], actions).await.unwrap();
        assert_eq!(none, [Some(vec![0, 0, 0])], "an empty trail is a whole one");
    }

    #[tokio::test]
    async fn the_chain_goes_on_from_its_head_after_a_restart() {
        let (directory, store) = temporary_store();
        let audit = AuditTrail::new(store.clone());
        audit.append(events(2)).await.unwrap();
        let head = audit.head().unwrap();
        store.close();
        drop((store, audit));

        let audit = AuditTrail::new(open(directory.path(), MIGRATIONS));
        assert_eq!(audit.head().unwrap(), head);
        audit.append(events(1)).await.unwrap();
        let found = audit.verify().await.unwrap();
        assert_eq!((found.verified.sequence, found.broken), (3, None));
        assert_eq!(found.verified, audit.head().unwrap());
    }

    #[tokio::test]
    async fn a_chain_of_several_chunks_verifies_and_its_faults_are_found_in_any_of_them() {
        let (_directory, store) = temporary_store();
        let audit = AuditTrail::new(store.clone());
        assert_eq!(audit.verify().await.unwrap().verified, Head::GENESIS);
        audit.append(events(2 * 4_096)).await.unwrap();
        let found = audit.verify().await.unwrap();
        assert_eq!((found.verified.sequence, found.broken), (8_192, None));

        tamper(&store, |txn| AUDIT.remove(txn, 8_192).map(drop)).await;
        let broken = audit.verify().await.unwrap().broken;
        assert_eq!(broken, Some(Broken { sequence: 8_192, fault: ChainFault::Missing }));

        let alter = |txn: &WriteTxn<'_>| {
            let mut entry = AUDIT.get(txn, 5_000)?.unwrap();
            entry.target = "user:1".to_owned();
            AUDIT.put(txn, 5_000, &entry)
        };
        tamper(&store, alter).await;
        let found = audit.verify().await.unwrap();
        assert_eq!(found.broken, Some(Broken { sequence: 5_000, fault: ChainFault::Altered }));
        assert_eq!(found.verified.sequence, 4_999);
    }

    #[tokio::test]
    async fn an_entry_that_does_not_read_is_a_broken_chain_and_not_a_failure() {
        const AS_TEXT: crate::store::Table<u64, String> = crate::store::Table::new("audit");
        let (_directory, store) = temporary_store();
        let audit = AuditTrail::new(store.clone());
        audit.append(events(3)).await.unwrap();
        tamper(&store, |txn| AS_TEXT.put(txn, 2, &"?".to_owned())).await;
        let broken = audit.verify().await.unwrap().broken;
        assert_eq!(broken, Some(Broken { sequence: 2, fault: ChainFault::Unreadable }));
    }

    #[tokio::test]
    async fn a_chain_whose_head_was_lost_takes_no_more_events() {
        let (_directory, store) = temporary_store();
        let audit = AuditTrail::new(store.clone());
        audit.append(events(1)).await.unwrap();
        tamper(&store, |txn| AUDIT_HEAD.remove(txn, ()).map(drop)).await;
        assert!(audit.append(events(1)).await.is_err());
        assert!(audit.verify().await.unwrap().broken.is_some());
    }

    #[tokio::test]
    async fn pages_are_newest_first_and_filtered_and_unmoved_by_what_arrives_between_them() {
        let (_directory, store) = temporary_store();
        let audit = AuditTrail::new(store);
        audit.append(events(6)).await.unwrap();
        let filter = AuditFilter { action: Some("login.success".to_owned()), ..Default::default() };
        let first = audit.newest(None, 2, filter.clone()).await.unwrap();
        assert_eq!(targets(&first), ["user:6", "user:4"]);
        audit.append(events(2)).await.unwrap();
        let second = audit.newest(first.next, 2, filter).await.unwrap();
        assert_eq!((targets(&second), second.next), (vec!["user:2"], None));
        let by_a_person =
            AuditFilter { actor: audit::RecordedActor::parse("user:1"), ..Default::default() };
        assert!(audit.newest(None, 10, by_a_person).await.unwrap().items.is_empty());
    }
}
