//! The relay: carries audit events from the outboxes of the files where things happen to the audit
//! chain, in order and exactly once.
//!
//! Events are appended to the chain first and cleared from the outbox after, each an fsynced commit. A
//! crash between the two hands the same events over again, and the chain knows them by their ids.

use std::time::Duration;

use tokio::sync::watch;

use super::domains::Domains;
use crate::{
    audit_event,
    store::{Outcome, ReadView, Store, StoreError},
};

const BATCH: usize = 256;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Relays until it is told to finish, and then what is left.
pub(super) async fn run(domains: Domains, mut finishing: watch::Receiver<bool>) {
    let [mut auth, mut user] = domains.outboxes().map(|(_, store)| store.commits());
    loop {
        let relayed = relay_all(&domains).await;
        if *finishing.borrow() {
            return;
        }
        if let Err(error) = relayed {
            tracing::error!(%error, "audit events wait in the outbox");
            tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            continue;
        }
        tokio::select! {
            _ = finishing.wait_for(|finishing| *finishing) => {}
            Ok(()) = auth.changed() => {}
            Ok(()) = user.changed() => {}
        }
    }
}

async fn relay_all(domains: &Domains) -> Result<(), StoreError> {
    for (name, store) in domains.outboxes() {
        while relay_some(domains, name, store).await? {}
    }
    Ok(())
}

/// Relays one batch of one file; says whether there was something.
async fn relay_some(domains: &Domains, name: &str, store: &Store) -> Result<bool, StoreError> {
    let pending = store.read_range(|snapshot| audit_event::pending(snapshot, BATCH)).await?;
    domains.metrics.outbox_lag(name, pending.len());
    let Some((last, _)) = pending.last() else { return Ok(false) };
    let last = *last;
    let events = pending.into_iter().map(|(_, event)| event).collect();
    domains.social_log.append_audit(events).await?;
    let clear = move |_: &ReadView<'_>| -> Result<Outcome<(), StoreError>, StoreError> {
        Ok(Outcome::commit(move |txn| audit_event::clear(txn, last)))
    };
    store.submit_from_reserve(clear).await??;
    Ok(true)
}
