//! The chain: how entries hang together, and how a walk along them finds where they do not.
//!
//! The hash of an entry is SHA-256 over the encoding of `social_log/canonical` with the label
//! `audit-entry-1` and these fields in this order:
//!
//! 1. `previous_hash`, bytes (32 zero bytes for the first entry)
//! 2. `sequence`, number
//! 3. `id`, bytes
//! 4. `time` in milliseconds since the Unix epoch, signed number
//! 5. `actor`, text: `user:7`, `anonymous`, `command_line` or `system`
//! 6. `action`, text
//! 7. `target`, text
//! 8. `network`, optional text
//! 9. `request_id`, optional bytes
//! 10. `before`, optional text: the JSON as it was handed over, not as it is parsed
//! 11. `after`, optional text, likewise
//!
//! The order and the label are for good: a change is a new label, and a field in the entry that says
//! which label it has.

use std::ops::ControlFlow;

use super::model::{Actor, Broken, Digest, Entry, Fault, Head, Verification};
use crate::{
    crypto,
    event::{self, Event},
    social_log::canonical::Canonical,
};

/// The entry that an event becomes after `head`.
pub(super) fn link(head: &Head, event: Event) -> Entry {
    let mut entry = Entry {
        sequence: head.sequence + 1,
        id: event.id,
        time: event.time,
        actor: event.actor.into(),
        action: event.action,
        target: event.target,
        network: event.network,
        request_id: event.request_id,
        before: event.before,
        after: event.after,
        previous_hash: head.hash,
        hash: Head::GENESIS.hash,
    };
    entry.hash = hash(&entry);
    entry
}

impl From<event::Actor> for Actor {
    fn from(actor: event::Actor) -> Self {
        match actor {
            event::Actor::User(id) => Self::User(id),
            event::Actor::Anonymous => Self::Anonymous,
            event::Actor::CommandLine => Self::CommandLine,
            event::Actor::System => Self::System,
        }
    }
}

impl Entry {
    /// The head of a chain that ends with this entry.
    pub(super) const fn head(&self) -> Head {
        Head { sequence: self.sequence, hash: self.hash }
    }
}

fn hash(entry: &Entry) -> Digest {
    let fields = Canonical::new("audit-entry-1")
        .bytes(&entry.previous_hash.0)
        .number(entry.sequence)
        .bytes(&entry.id.0)
        .signed(entry.time.as_millis())
        .text(&entry.actor.to_string())
        .text(&entry.action)
        .text(&entry.target)
        .optional(entry.network.as_deref(), Canonical::text)
        .optional(entry.request_id, |fields, id| fields.bytes(&id.0))
        .optional(entry.before.as_deref(), Canonical::text)
        .optional(entry.after.as_deref(), Canonical::text);
    Digest(crypto::sha256(&fields.finish()))
}

/// A walk along the chain, from its first entry to its end or to the first fault.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    found: Verification,
}

impl Walk {
    /// Stands before the first entry.
    pub(super) const fn start() -> Self {
        Self { found: Verification { verified: Head::GENESIS, broken: None } }
    }

    /// The place of the entry that must come next.
    pub(super) const fn next(&self) -> u64 {
        self.found.verified.sequence + 1
    }

    /// Goes on to the entry at the place `key`; breaks at a fault.
    pub(super) fn step(&mut self, key: u64, entry: &Entry) -> ControlFlow<()> {
        let fault = if key != self.next() {
            Some(Fault::Missing)
        } else if entry.sequence != key {
            Some(Fault::Misplaced)
        } else if entry.previous_hash != self.found.verified.hash {
            Some(Fault::Unlinked)
        } else if entry.hash != hash(entry) {
            Some(Fault::Altered)
        } else {
            None
        };
        match fault {
            Some(fault) => self.stop(fault),
            None => self.found.verified = entry.head(),
        }
        self.flow()
    }

    /// The bytes of the next entry do not read.
    pub(super) const fn unreadable(&mut self) {
        self.stop(Fault::Unreadable);
    }

    /// There are no more entries, and the chain should end at `head`.
    pub(super) fn end(&mut self, head: Option<Head>) {
        let Head { sequence, hash } = head.unwrap_or(Head::GENESIS);
        let verified = self.found.verified;
        if self.found.broken.is_some() || (head.is_some() && verified == Head { sequence, hash }) {
            return;
        }
        if sequence > verified.sequence {
            self.stop(Fault::Missing);
        } else {
            // The first entry that the head does not vouch for: one after it, or the one that it
            // has another hash for.
            let first = if sequence < verified.sequence { sequence + 1 } else { sequence };
            self.found.broken = Some(Broken { sequence: first, fault: Fault::HeadDiffers });
        }
    }

    /// Whether a fault was found.
    pub(super) const fn flow(&self) -> ControlFlow<()> {
        if self.found.broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// What was found so far.
    pub(super) const fn verification(&self) -> Verification {
        self.found
    }

    const fn stop(&mut self, fault: Fault) {
        self.found.broken = Some(Broken { sequence: self.next(), fault });
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
