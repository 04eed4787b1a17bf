//! The chain: how entries hang together, and how a walk along them finds where they do not.
//!
//! The hash of an entry is SHA-256 over the encoding of `social_log/canonical` with the label
//! `audit-entry-1` and these fields in this order:
//!
//! 1. `previous_hash`, bytes (32 zero bytes for the first entry)
//! 2. `sequence`, number
//! 3. `id`, bytes
//! 4. `time` in milliseconds since the Unix epoch, signed number
//! 5. `actor`, text: `user:7`, `anonymous`, `command_line`, `system` or
//!    `api-key:0123456789abcdef/user:7` (the first half of the key's id, and its owner)
//! 6. `action`, text
//! 7. `target`, text
//! 8. `network`, optional text
//! 9. `request_id`, optional bytes
//! 10. `before`, optional text: the JSON as it was handed over, not as it is parsed
//! 11. `after`, optional text, likewise
//!
//! The order and the label are for good: a change is a new label, and a field in the entry that says
//! which label it has.

use std::{cmp::Ordering, ops::ControlFlow};

use super::model::{Broken, ChainFault, Digest, Entry, Head, KeyName, RecordedActor, Verification};
use crate::{
    audit_event::{self, AuditEvent},
    crypto,
    social_log::canonical::Canonical,
};

/// The entry that an event becomes after `head`.
pub(super) fn link(head: &Head, event: AuditEvent) -> Entry {
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

impl From<audit_event::Actor> for RecordedActor {
    fn from(actor: audit_event::Actor) -> Self {
        match actor {
            audit_event::Actor::User(id) => Self::User(id),
            audit_event::Actor::Anonymous => Self::Anonymous,
            audit_event::Actor::CommandLine => Self::CommandLine,
            audit_event::Actor::System => Self::System,
            audit_event::Actor::ApiKey { id, owner } => {
                Self::ApiKey { key: KeyName::of(id), owner }
            }
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
            Some(ChainFault::Missing)
        } else if entry.sequence != key {
            Some(ChainFault::Misplaced)
        } else if entry.previous_hash != self.found.verified.hash {
            Some(ChainFault::Unlinked)
        } else if entry.hash != hash(entry) {
            Some(ChainFault::Altered)
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
        self.stop(ChainFault::Unreadable);
    }

    /// There are no more entries, and the chain should end at `head`. When it does not, the first
    /// entry that the head does not vouch for is the one after it, or the one that it has another
    /// hash for.
    pub(super) fn end(&mut self, head: Option<Head>) {
        let verified = self.found.verified;
        if self.found.broken.is_some() || head == Some(verified) {
            return;
        }
        let known = head.map_or(0, |head| head.sequence);
        match known.cmp(&verified.sequence) {
            Ordering::Greater => self.stop(ChainFault::Missing),
            Ordering::Equal => self.differs_at(known.max(1)),
            Ordering::Less => self.differs_at(known + 1),
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

    const fn differs_at(&mut self, sequence: u64) {
        self.found.broken = Some(Broken { sequence, fault: ChainFault::HeadDiffers });
    }

    const fn stop(&mut self, fault: ChainFault) {
        self.found.broken = Some(Broken { sequence: self.next(), fault });
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*, sample::Index};

    use super::*;
    use crate::{
        clock::Time,
        ids::{RandomId, UserId},
    };

    type Chain = Vec<(u64, Entry)>;

    prop_compose! {
        fn event()(
            id: [u8; 16],
            time: i64,
            actor in prop_oneof![
                any::<u64>().prop_map(|id| audit_event::Actor::User(UserId(id))),
                Just(audit_event::Actor::Anonymous),
                Just(audit_event::Actor::System),
                any::<([u8; 16], u64)>().prop_map(|(id, owner)| audit_event::Actor::ApiKey {
                    id: RandomId(id),
                    owner: UserId(owner),
                }),
            ],
            (action, target) in ("[a-z.]{1,6}", "[a-z:]{1,6}"),
            (network, request_id) in (option::of("[0-9.]{0,6}"), any::<Option<[u8; 16]>>()),
            (before, after) in (option::of("[{}]{0,3}"), option::of("[{}]{0,3}")),
        ) -> AuditEvent {
            let (id, time) = (RandomId(id), Time::from_millis(time));
            let request_id = request_id.map(RandomId);
            AuditEvent { id, time, actor, action, target, network, request_id, before, after }
        }
    }

    fn chain() -> impl Strategy<Value = Chain> {
        vec(event(), 2..8).prop_map(|events| {
            let mut head = Head::GENESIS;
            let entries = events.into_iter().map(|event| {
                let entry = link(&head, event);
                head = entry.head();
                (entry.sequence, entry)
            });
            entries.collect()
        })
    }

    fn end(chain: &Chain) -> Head {
        chain.last().map_or(Head::GENESIS, |(_, entry)| entry.head())
    }

    fn walk(chain: &Chain, head: Option<Head>) -> Verification {
        let mut walk = Walk::start();
        let _ = chain.iter().try_for_each(|(key, entry)| walk.step(*key, entry));
        walk.end(head);
        walk.verification()
    }

    /// Walks the chain as it was changed, against the head as it was; answers with the first fault.
    fn fault(changed: &Chain, head: Head) -> Option<(u64, ChainFault)> {
        walk(changed, Some(head)).broken.map(|broken| (broken.sequence, broken.fault))
    }

    /// Puts every entry at its index, as one who wants to hide a change would.
    fn renumber(chain: &mut Chain) {
        for (place, (key, entry)) in (1..).zip(chain) {
            (*key, entry.sequence) = (place, place);
        }
    }

    fn grow(text: &mut Option<String>) {
        *text = text.take().map_or(Some(String::new()), |text| Some(text + "x"));
    }

    const FIELDS: usize = 12;

    fn change(entry: &mut Entry, field: usize) {
        match field {
            0 => entry.sequence += 1,
            1 => entry.id.0[15] ^= 1,
            2 => entry.time = Time::from_millis(entry.time.as_millis() ^ 1),
            3 => {
                entry.actor = match entry.actor {
                    RecordedActor::User(UserId(id)) => RecordedActor::User(UserId(id ^ 1)),
                    RecordedActor::ApiKey { key, owner: UserId(owner) } => {
                        RecordedActor::ApiKey { key, owner: UserId(owner ^ 1) }
                    }
                    _ => RecordedActor::CommandLine,
                }
            }
            4 => entry.action.push('x'),
            5 => entry.target.push('x'),
            6 => grow(&mut entry.network),
            7 => entry.request_id = entry.request_id.map_or(Some(RandomId([0; 16])), |_| None),
            8 => grow(&mut entry.before),
            9 => grow(&mut entry.after),
            10 => entry.previous_hash.0[0] ^= 1,
            _ => entry.hash.0[31] ^= 1,
        }
    }

    #[test]
    fn the_hash_of_an_entry_never_changes_from_version_to_version() {
        let event = AuditEvent {
            id: RandomId([1; 16]),
            time: Time::from_millis(1_700_000_000_000),
            actor: audit_event::Actor::User(UserId(7)),
            action: "login.success".to_owned(),
            target: "user:7".to_owned(),
            network: Some("192.0.2.7".to_owned()),
            request_id: None,
            before: None,
            after: Some("{}".to_owned()),
        };
        assert_eq!(
            link(&Head::GENESIS, event).hash.to_string(),
            "4da7c7702db760f00d0eb8a2539451d258772114acdec7d9eb19e2f9b8a42178"
        );
    }

    proptest! {
        #[test]
        fn an_untouched_chain_verifies_to_its_head(chain in chain()) {
            let found = walk(&chain, Some(end(&chain)));
            prop_assert_eq!(found, Verification { verified: end(&chain), broken: None });
        }

        #[test]
        fn a_change_of_any_field_of_any_entry_is_found_there(
            chain in chain(), at: Index, field in 0..FIELDS,
        ) {
            let (head, at) = (end(&chain), at.index(chain.len()));
            let mut changed = chain;
            change(&mut changed[at].1, field);
            let found = walk(&changed, Some(head));
            let sequence = found.broken.map(|broken| broken.sequence);
            prop_assert_eq!(sequence, Some(changed[at].0));
            prop_assert_eq!(found.verified.sequence, changed[at].0 - 1);
        }

        #[test]
        fn a_change_with_a_new_hash_is_found_at_the_next_entry_or_the_head(
            chain in chain(), at: Index, field in 1..10_usize,
        ) {
            let (head, at) = (end(&chain), at.index(chain.len()));
            let mut changed = chain;
            let entry = &mut changed[at].1;
            change(entry, field);
            entry.hash = hash(entry);
            let place = changed[at].0;
            let expected = if place == head.sequence {
                (place, ChainFault::HeadDiffers)
            } else {
                (place + 1, ChainFault::Unlinked)
            };
            prop_assert_eq!(fault(&changed, head), Some(expected));
        }

        #[test]
        fn a_letter_that_moves_from_one_field_to_the_next_is_found(chain in chain(), at: Index) {
            let (head, at) = (end(&chain), at.index(chain.len()));
            let mut changed = chain;
            let entry = &mut changed[at].1;
            let letter = entry.action.pop().unwrap();
            entry.target.insert(0, letter);
            prop_assert_eq!(fault(&changed, head), Some((changed[at].0, ChainFault::Altered)));
        }

        #[test]
        fn a_removed_entry_is_missing_at_its_place(chain in chain(), at: Index) {
            let (head, at) = (end(&chain), at.index(chain.len()));
            let mut changed = chain;
            let (place, _) = changed.remove(at);
            prop_assert_eq!(fault(&changed, head), Some((place, ChainFault::Missing)));
            renumber(&mut changed);
            let expected =
                if place == head.sequence { ChainFault::Missing } else { ChainFault::Unlinked };
            prop_assert_eq!(fault(&changed, head), Some((place, expected)));
        }

        #[test]
        fn swapped_entries_are_found_at_the_first_of_them(chain in chain(), a: Index, b: Index) {
            let (head, a, b) = (end(&chain), a.index(chain.len()), b.index(chain.len()));
            prop_assume!(a != b);
            let mut changed = chain;
            let (first, second) = (changed[a].1.clone(), changed[b].1.clone());
            (changed[a].1, changed[b].1) = (second, first);
            let place = changed[a.min(b)].0;
            prop_assert_eq!(fault(&changed, head), Some((place, ChainFault::Misplaced)));
            renumber(&mut changed);
            prop_assert_eq!(fault(&changed, head), Some((place, ChainFault::Unlinked)));
        }

        #[test]
        fn an_inserted_entry_is_found_where_the_true_chain_no_longer_follows(
            chain in chain(), at: Index, forged in event(),
        ) {
            let (head, at) = (end(&chain), at.index(chain.len() + 1));
            let mut changed = chain;
            let before = if at == 0 { Head::GENESIS } else { changed[at - 1].1.head() };
            let forged = link(&before, forged);
            let place = forged.sequence;
            changed.insert(at, (place, forged));
            renumber(&mut changed);
            let expected = if place > head.sequence {
                (place, ChainFault::HeadDiffers)
            } else {
                (place + 1, ChainFault::Unlinked)
            };
            prop_assert_eq!(fault(&changed, head), Some(expected));
        }
    }

    #[test]
    fn a_chain_without_its_head_is_not_in_order() {
        let nothing = Chain::new();
        assert_eq!(walk(&nothing, Some(Head::GENESIS)).broken, None);
        let broken = Broken { sequence: 1, fault: ChainFault::HeadDiffers };
        assert_eq!(walk(&nothing, None).broken, Some(broken));
    }
}
