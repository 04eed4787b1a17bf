//! What the audit trail is made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Time,
    ids::{RandomId, UserId},
};

/// A SHA-256 hash; shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a chain ends: its last entry's place and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The place of the last entry, which is also the number of entries.
    pub sequence: u64,
    /// Its hash.
    pub hash: Digest,
}

impl Head {
    /// Before the first entry: 32 zero bytes take the place of a hash.
    pub const GENESIS: Self = Self { sequence: 0, hash: Digest([0; 32]) };
}

/// Who did something. The chain has its own word for it, because its form is hashed for good while
/// that of new events may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordedActor {
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
        key: KeyName,
        /// Whose.
        owner: UserId,
    },
}

impl RecordedActor {
    /// Reads the form that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "anonymous" => Some(Self::Anonymous),
            "command_line" => Some(Self::CommandLine),
            "system" => Some(Self::System),
            _ => match text.split_once('/') {
                Some((key, owner)) => {
                    Some(Self::ApiKey { key: KeyName::parse(key)?, owner: parse_user(owner)? })
                }
                None => parse_user(text).map(Self::User),
            },
        }
    }

    /// Whether this is the wanted actor. Of a person, so is whatever acts for them.
    pub(in crate::social_log) fn is(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::ApiKey { owner, .. }, Self::User(person)) => owner == person,
            _ => self == wanted,
        }
    }

    /// The key, for a machine.
    pub(super) const fn key(self) -> Option<KeyName> {
        match self {
            Self::ApiKey { key, .. } => Some(key),
            _ => None,
        }
    }
}

fn parse_user(text: &str) -> Option<UserId> {
    text.strip_prefix("user:")?.parse().ok().map(UserId)
}

/// What an API key is called: the first half of its id. `api-key:` and 16 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyName([u8; 8]);

impl KeyName {
    /// The name of the key with this id.
    pub fn of(id: RandomId) -> Self {
        let mut name = [0; 8];
        name.iter_mut().zip(id.0).for_each(|(name, byte)| *name = byte);
        Self(name)
    }

    /// Reads the form that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("api-key:")?;
        RandomId::parse(&format!("{digits}{:0>16}", 0)).map(Self::of)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("api-key:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// `user:7`, `anonymous`, `command_line`, `system` or `api-key:0123456789abcdef/user:7`.
impl fmt::Display for RecordedActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Anonymous => f.write_str("anonymous"),
            Self::CommandLine => f.write_str("command_line"),
            Self::System => f.write_str("system"),
            Self::ApiKey { key, owner } => write!(f, "{key}/user:{owner}"),
        }
    }
}

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place: from 1, without gaps.
    pub sequence: u64,
    /// The event's id.
    pub id: RandomId,
    /// When it happened.
    pub time: Time,
    /// Who did it.
    pub actor: RecordedActor,
    /// What: `login.success`.
    pub action: String,
    /// To what: `user:7`.
    pub target: String,
    /// From where, when it came over the network.
    pub network: Option<String>,
    /// In which request, when there was one.
    pub request_id: Option<RandomId>,
    /// What was there before, as JSON, when something was.
    pub before: Option<String>,
    /// What was there afterwards, as JSON.
    pub after: Option<String>,
    /// The hash of the entry before it.
    pub previous_hash: Digest,
    /// The hash of everything above.
    pub hash: Digest,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainFault {
    /// There is no entry at this place, though there are later ones or the head tells of one.
    Missing,
    /// The entry says that it belongs elsewhere.
    Misplaced,
    /// The entry follows another one than the one before it.
    Unlinked,
    /// The entry's content does not have its hash.
    Altered,
    /// The entry's bytes are not those of one.
    Unreadable,
    /// The head does not know the entry, or knows another one at its place.
    HeadDiffers,
}

/// Where a chain is broken first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The place.
    pub sequence: u64,
    /// How.
    pub fault: ChainFault,
}

/// What a walk along the chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    /// The last entry up to which all is well.
    pub verified: Head,
    /// What follows it, when something is wrong.
    pub broken: Option<Broken>,
}

/// Which entries are asked for: those that fit everything that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who did it; of a person, also what machines did for them.
    pub actor: Option<RecordedActor>,
    /// Which API key did it.
    pub key: Option<KeyName>,
    /// What, or a group of it: `login` stands for `login.success` and `login.failure` too.
    pub action: Option<String>,
    /// To what.
    pub target: Option<String>,
    /// At this moment or later.
    pub from: Option<Time>,
    /// Before this moment.
    pub to: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_reads_back_from_its_text() {
        let key = KeyName::of(RandomId([0xab; 16]));
        let machine = RecordedActor::ApiKey { key, owner: UserId(7) };
        assert_eq!(machine.to_string(), "api-key:abababababababab/user:7");
        let people = [
            RecordedActor::User(UserId(7)),
            RecordedActor::Anonymous,
            RecordedActor::CommandLine,
            RecordedActor::System,
        ];
        for actor in people.into_iter().chain([machine]) {
            assert_eq!(RecordedActor::parse(&actor.to_string()), Some(actor));
        }
        let key = machine.to_string().replace("/user:7", "");
        for none in ["", "7", "user:", "user:x", "root", &key, "api-key:ab/user:7", "x/user:7"] {
            assert_eq!(RecordedActor::parse(none), None, "{none}");
        }
    }

    #[test]
    fn what_a_machine_does_for_a_person_is_found_by_either() {
        let key = KeyName::parse("api-key:0123456789abcdef").unwrap();
        let machine = RecordedActor::ApiKey { key, owner: UserId(7) };
        assert!(machine.is(RecordedActor::User(UserId(7))) && machine.is(machine));
        assert!(
            !machine.is(RecordedActor::User(UserId(8)))
                && !RecordedActor::User(UserId(7)).is(machine)
        );
        assert_eq!((machine.key(), RecordedActor::System.key()), (Some(key), None));
    }

    #[test]
    fn a_hash_is_shown_as_64_lower_case_hex_digits() {
        let mut bytes = [0; 32];
        bytes[0] = 0xab;
        assert_eq!(Digest(bytes).to_string(), format!("ab{}", "0".repeat(62)));
    }
}
