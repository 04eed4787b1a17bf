//! The audit event: what domains emit, and the outbox in which it waits for the chain.
//!
//! A fact and its event commit together, in the same file: whoever writes calls [`emit`] inside the
//! same change. A relay (`server/relay`) later hands the events to the audit chain in order and, once
//! they are on its disk, clears them here. A crash between the two repeats the hand-over, which the
//! chain notices by the event's id.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Time,
    crypto::NoRandomness,
    ids::{RandomId, UserId},
    store::{Direction, Reader, StoreError, Table, WriteTxn, first_version},
};

/// Something that happened and that somebody may one day ask about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Names it once and for all.
    pub id: RandomId,
    /// When.
    pub time: Time,
    /// Who did it.
    pub actor: Actor,
    /// What: `login.success`, `event.created`; a noun and what became of it.
    pub action: String,
    /// To what: `user:7`, `event:corso-2026-11-23`.
    pub target: String,
    /// From where, when it came over the network.
    pub network: Option<String>,
    /// In which request, when there was one.
    pub request_id: Option<RandomId>,
    /// What was there before, as JSON, when something was. Never a secret.
    pub before: Option<String>,
    /// What is there now, as JSON. Never a secret.
    pub after: Option<String>,
}

/// Who did something. Kept, so it only grows at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// Somebody who was not signed in.
    Anonymous,
    /// Whoever has a shell on the machine.
    CommandLine,
    /// The appliance itself.
    System,
    /// A machine that acts for a person.
    ApiKey {
        /// Which key.
        id: RandomId,
        /// Whose.
        owner: UserId,
    },
}

first_version!(AuditEvent);

/// Where a request came from, as the audit trail keeps it.
#[derive(Debug, Clone)]
pub struct AuditContext {
    /// Who is behind it.
    pub actor: Actor,
    /// The client's network, when it came over one.
    pub network: Option<String>,
    /// The request, when there was one.
    pub request_id: Option<RandomId>,
}

impl AuditContext {
    /// Of a verb on the command line.
    pub const COMMAND_LINE: Self =
        Self { actor: Actor::CommandLine, network: None, request_id: None };

    /// Of the appliance itself.
    pub const SYSTEM: Self = Self { actor: Actor::System, network: None, request_id: None };

    /// An event of this provenance, with nothing before and after.
    ///
    /// # Errors
    /// When no id can be made.
    pub fn event(
        &self,
        time: Time,
        action: &str,
        target: String,
    ) -> Result<AuditEvent, NoRandomness> {
        Ok(AuditEvent {
            id: RandomId::generate()?,
            time,
            actor: self.actor.clone(),
            action: action.to_owned(),
            target,
            network: self.network.clone(),
            request_id: self.request_id,
            before: None,
            after: None,
        })
    }
}

/// Events that wait for the chain. Key: their order in this file, from 1.
pub(crate) const OUTBOX: Table<u64, AuditEvent> = Table::new("outbox");

/// Makes the outbox of a file; part of the first migration of each file that has one.
///
/// # Errors
/// When the file cannot be written.
pub fn create_outbox(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    OUTBOX.create(txn)
}

/// Puts an event beside the fact that it tells of.
///
/// # Errors
/// When the file cannot be written.
pub fn emit(txn: &WriteTxn<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    let number = txn.next_number("outbox")?;
    OUTBOX.put(txn, number, event)
}

/// The oldest events that wait, at most `limit`, with their order in the file.
///
/// # Errors
/// When the file cannot be read.
pub fn pending(reader: &impl Reader, limit: usize) -> Result<Vec<(u64, AuditEvent)>, StoreError> {
    OUTBOX.collect(reader, 0_u64.., Direction::Ascending, limit, |number, event| (number, event))
}

/// How many events wait.
///
/// # Errors
/// When the file cannot be read.
pub fn waiting(reader: &impl Reader) -> Result<u64, StoreError> {
    OUTBOX.len(reader)
}

/// Clears the events up to and with `number`, which the chain now holds.
///
/// # Errors
/// When the file cannot be written.
pub fn clear(txn: &WriteTxn<'_>, number: u64) -> Result<(), StoreError> {
    OUTBOX.remove_range(txn, ..=number)
}
