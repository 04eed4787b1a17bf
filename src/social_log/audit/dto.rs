//! The audit trail on the wire.

use poem_openapi::{Enum, Object};
use serde_json::Value;

use super::model::{ChainFault, Entry, RecordedActor, Verification};
use crate::{
    http::{Cursors, Problem, Timestamp},
    social_log::Page,
};

/// Something that happened, and its link to what happened before.
#[derive(Debug, Object)]
#[oai(rename = "AuditEntry")]
pub(super) struct EntryBody {
    /// Its place in the chain: from 1, without gaps.
    pub sequence: u64,
    /// Names the event: 32 hex digits.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// Who did it.
    pub actor: ActorBody,
    /// What: `login.success`.
    pub action: String,
    /// To what: `user:7`.
    pub target: String,
    /// From which network, when it came over one.
    pub network: Option<String>,
    /// In which request, when there was one.
    pub request_id: Option<String>,
    /// What was there before, when something was.
    pub before: Option<Value>,
    /// What was there afterwards, when something was.
    pub after: Option<Value>,
    /// The SHA-256 hash of the entry, in hex.
    pub hash: String,
    /// The hash of the entry before it.
    pub previous_hash: String,
}

impl From<Entry> for EntryBody {
    fn from(entry: Entry) -> Self {
        Self {
            sequence: entry.sequence,
            id: entry.id.to_string(),
            time: entry.time.into(),
            actor: entry.actor.into(),
            action: entry.action,
            target: entry.target,
            network: entry.network,
            request_id: entry.request_id.map(|id| id.to_string()),
            before: entry.before.map(json),
            after: entry.after.map(json),
            hash: entry.hash.to_string(),
            previous_hash: entry.previous_hash.to_string(),
        }
    }
}

/// What the text says as JSON; a text that is none is shown as it is.
fn json(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// Who did something.
#[derive(Debug, Object)]
#[oai(rename = "AuditActor")]
pub(super) struct ActorBody {
    /// What they are.
    pub kind: ActorKind,
    /// The person's id, when it is one; of an API key its owner's.
    pub id: Option<u64>,
    /// The API key, when it is one: `api-key:` and the first half of its id. Else it is not there.
    #[oai(skip_serializing_if_is_none)]
    pub key: Option<String>,
}

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "AuditActorKind", rename_all = "snake_case")]
pub(super) enum ActorKind {
    /// A person.
    User,
    /// Somebody who was not signed in.
    Anonymous,
    /// Whoever has a shell on the machine.
    CommandLine,
    /// The appliance itself.
    System,
    /// A machine that acts for a person.
    ApiKey,
}

impl From<RecordedActor> for ActorBody {
    fn from(actor: RecordedActor) -> Self {
        let (kind, id) = match actor {
            RecordedActor::User(id) => (ActorKind::User, Some(id.0)),
            RecordedActor::Anonymous => (ActorKind::Anonymous, None),
            RecordedActor::CommandLine => (ActorKind::CommandLine, None),
            RecordedActor::System => (ActorKind::System, None),
            RecordedActor::ApiKey { owner, .. } => (ActorKind::ApiKey, Some(owner.0)),
        };
        Self { kind, id, key: actor.key().map(|key| key.to_string()) }
    }
}

/// Audit entries, newest first.
#[derive(Debug, Object)]
#[oai(rename = "AuditPage")]
pub(super) struct AuditPage {
    /// Perhaps fewer than asked for, even none, when the filter lets little through.
    pub items: Vec<EntryBody>,
    /// Where the next page starts; null at the end of the list.
    pub next_cursor: Option<String>,
}

impl AuditPage {
    /// The name of the list in its cursors.
    pub(super) const LIST: &str = "audit";

    /// The wire's form of a page.
    pub(super) fn of(page: Page<Entry>, cursors: &Cursors) -> Result<Self, Problem> {
        Ok(Self {
            items: page.items.into_iter().map(EntryBody::from).collect(),
            next_cursor: page.next.map(|next| cursors.sign(Self::LIST, &next)).transpose()?,
        })
    }
}

/// What a walk along the chain found.
#[derive(Debug, Object)]
#[oai(rename = "AuditVerification")]
pub(super) struct VerificationBody {
    /// Whether every entry is as it was written, and none is missing or too many.
    pub ok: bool,
    /// How many entries are in order, from the first.
    pub entries: u64,
    /// The hash of the last of them. Noted down elsewhere, it also shows a chain that was forged as
    /// a whole.
    pub head_hash: String,
    /// The first place where something is wrong.
    pub first_broken_sequence: Option<u64>,
    /// What is wrong there.
    pub reason: Option<FaultBody>,
}

impl From<Verification> for VerificationBody {
    fn from(Verification { verified, broken }: Verification) -> Self {
        Self {
            ok: broken.is_none(),
            entries: verified.sequence,
            head_hash: verified.hash.to_string(),
            first_broken_sequence: broken.map(|broken| broken.sequence),
            reason: broken.map(|broken| broken.fault.into()),
        }
    }
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "AuditFault", rename_all = "snake_case")]
pub(super) enum FaultBody {
    /// The entry is not there.
    Missing,
    /// The entry says that it belongs elsewhere.
    Misplaced,
    /// The entry follows another one than the one before it.
    Unlinked,
    /// The entry was changed.
    Altered,
    /// The entry cannot be read.
    Unreadable,
    /// The recorded end of the chain does not know this entry.
    HeadDiffers,
}

impl From<ChainFault> for FaultBody {
    fn from(fault: ChainFault) -> Self {
        match fault {
            ChainFault::Missing => Self::Missing,
            ChainFault::Misplaced => Self::Misplaced,
            ChainFault::Unlinked => Self::Unlinked,
            ChainFault::Altered => Self::Altered,
            ChainFault::Unreadable => Self::Unreadable,
            ChainFault::HeadDiffers => Self::HeadDiffers,
        }
    }
}
