//! What a social log is made of. Whatever a client sends becomes one of these types or is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{clock::Time, ids::UserId, social_log::KeyName};

/// How many logs one batch may hold.
pub const MAX_BATCH: usize = 1_000;

const MAX_LABEL: usize = 64;
const MAX_CONTENT: usize = 10_000;
const MAX_IDEMPOTENCY_KEY: usize = 128;

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFault {
    /// Nothing is left of it without the white space around it.
    Empty,
    /// It has more characters than this.
    TooLong {
        /// The most that it may have.
        limit: usize,
    },
    /// It holds a character that no text of a person does.
    ControlCharacter,
}

/// The name of a social network, or of the state of a post: 1 to 64 characters on one line, without
/// white space around them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(String);

impl Label {
    /// Reads a label; white space around it is dropped.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TextFault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextFault::Empty);
        }
        check(text, MAX_LABEL, char::is_control)?;
        Ok(Self(text.to_owned()))
    }

    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text of a post: at most 10,000 characters, of whose control characters only new lines and tabs.
/// It may be empty, as the post of a picture is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(String);

impl Content {
    /// Takes a text as it is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: String) -> Result<Self, TextFault> {
        check(&text, MAX_CONTENT, |c| c.is_control() && c != '\n' && c != '\t')?;
        Ok(Self(text))
    }

    /// The content as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str, limit: usize, refused: impl Fn(char) -> bool) -> Result<(), TextFault> {
    if text.chars().count() > limit {
        return Err(TextFault::TooLong { limit });
    }
    if text.chars().any(refused) {
        return Err(TextFault::ControlCharacter);
    }
    Ok(())
}

/// A log as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// The social network.
    pub social: Label,
    /// When it happened there.
    pub timestamp: Time,
    /// What was posted.
    pub content: Content,
    /// What became of it there.
    pub status: Label,
}

/// Logs that are stored together or not at all: from 1 to [`MAX_BATCH`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch(Vec<NewPost>);

impl Batch {
    /// Makes a batch.
    ///
    /// # Errors
    /// When there are none or too many.
    pub fn new(logs: Vec<NewPost>) -> Result<Self, BatchFault> {
        match logs.len() {
            0 => Err(BatchFault::Empty),
            1..=MAX_BATCH => Ok(Self(logs)),
            _ => Err(BatchFault::TooLong),
        }
    }

    /// A batch of one.
    pub fn of_one(log: NewPost) -> Self {
        Self(vec![log])
    }

    /// The logs, in order.
    pub fn logs(&self) -> &[NewPost] {
        &self.0
    }
}

/// What is wrong with the size of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchFault {
    /// It holds nothing.
    Empty,
    /// It holds more than [`MAX_BATCH`].
    TooLong,
}

/// Where a log came from. Kept, so it only grows at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author {
    /// A person sent it.
    User(UserId),
    /// It was brought over from another system, which kept no author.
    Import,
    /// A machine sent it for a person.
    Key {
        /// With which API key.
        key: KeyName,
        /// Whose.
        owner: UserId,
    },
}

impl Author {
    /// The person behind it, if there is one.
    pub const fn person(self) -> Option<UserId> {
        match self {
            Self::User(id) | Self::Key { owner: id, .. } => Some(id),
            Self::Import => None,
        }
    }

    /// Whose idempotency keys it uses: a person and their machines share theirs.
    pub(super) fn submitter(self) -> String {
        self.person().map_or(self, Self::User).to_string()
    }
}

/// Names an author for ever; stored keys hold it.
impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Import => f.write_str("import"),
            Self::Key { key, owner } => write!(f, "{key}/user:{owner}"),
        }
    }
}

/// Whose logs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedAuthor {
    /// Those of a person, with what API keys sent for them.
    Person(UserId),
    /// Those that came with an API key.
    Key(KeyName),
    /// Those that were brought over.
    Import,
}

impl WantedAuthor {
    /// Reads `user:7`, `7`, `api-key:0123456789abcdef` or `import`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "import" {
            return Some(Self::Import);
        }
        if let Some(key) = KeyName::parse(text) {
            return Some(Self::Key(key));
        }
        let digits = text.strip_prefix("user:").unwrap_or(text);
        digits.parse().ok().map(|id| Self::Person(UserId(id)))
    }

    /// Whether a log of this author is meant.
    pub fn is(self, author: Author) -> bool {
        match self {
            Self::Person(id) => author.person() == Some(id),
            Self::Key(wanted) => matches!(author, Author::Key { key, .. } if key == wanted),
            Self::Import => author == Author::Import,
        }
    }
}

impl fmt::Display for WantedAuthor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "user:{id}"),
            Self::Key(key) => key.fmt(f),
            Self::Import => f.write_str("import"),
        }
    }
}

/// A log as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// From 1, in the order of arrival.
    pub id: u64,
    /// The social network.
    pub social: Label,
    /// When it happened there.
    pub timestamp: Time,
    /// What was posted.
    pub content: Content,
    /// What became of it there.
    pub status: Label,
    /// When it arrived here.
    pub received_at: Time,
    /// Who sent it.
    pub author: Author,
}

/// What a submission was answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedBatch {
    /// How many logs were stored.
    pub accepted: u64,
    /// The id of the first; the others follow without gaps.
    pub first_id: u64,
    /// The id of the last.
    pub last_id: u64,
}

/// What a client calls a submission, so that sending it twice stores it once: 1 to 128 visible ASCII
/// characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the value of an `Idempotency-Key` header; nothing when it is none.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let fits = (1..=MAX_IDEMPOTENCY_KEY).contains(&value.len())
            && value.iter().all(u8::is_ascii_graphic);
        let text = std::str::from_utf8(value).ok()?;
        fits.then(|| Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which logs are asked for: those that fit everything that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostFilter {
    /// The social network, as it was sent.
    pub social: Option<String>,
    /// The status, as it was sent.
    pub status: Option<String>,
    /// Happened at this moment or later.
    pub from: Option<Time>,
    /// Happened before this moment.
    pub to: Option<Time>,
    /// Part of the content, whatever its case.
    pub text: Option<String>,
    /// Whose.
    pub author: Option<WantedAuthor>,
    /// Arrived here at this moment or later.
    pub received_from: Option<Time>,
    /// Arrived here before this moment.
    pub received_to: Option<Time>,
}

impl PostFilter {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        let no_text = self.text.as_deref().is_none_or(str::is_empty);
        no_text && Self { text: None, ..self.clone() } == Self::default()
    }
}

/// Logs that were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many.
    pub posts: u64,
    /// What they took, in bytes.
    pub bytes: u64,
}

impl Removed {
    /// Adds others.
    pub(in crate::social_log) fn add(&mut self, other: Self) {
        self.posts += other.posts;
        self.bytes += other.bytes;
    }
}

/// How much there is in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedSize {
    /// How many logs.
    pub posts: u64,
    /// What they take, in bytes.
    pub bytes: u64,
    /// What they may take, in bytes.
    pub bound_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_trimmed_and_has_1_to_64_characters_on_one_line() {
        assert_eq!(Label::parse("  instagram\n").unwrap().as_str(), "instagram");
        assert_eq!(Label::parse(&"è".repeat(64)).map(|label| label.0.len()), Ok(128));
        assert_eq!(Label::parse(&"è".repeat(65)), Err(TextFault::TooLong { limit: 64 }));
        assert_eq!(Label::parse(" \t "), Err(TextFault::Empty));
        assert_eq!(Label::parse("in\nsta"), Err(TextFault::ControlCharacter));
        assert_eq!(Label::parse("in\u{85}sta"), Err(TextFault::ControlCharacter));
    }

    #[test]
    fn content_keeps_lines_and_tabs_and_refuses_other_controls() {
        let parse = |text: &str| Content::parse(text.to_owned());
        assert_eq!(parse(" a\n\tb ").unwrap().as_str(), " a\n\tb ");
        assert!(parse("").is_ok());
        assert!(parse(&"€".repeat(10_000)).is_ok());
        assert_eq!(parse(&"€".repeat(10_001)), Err(TextFault::TooLong { limit: 10_000 }));
        for control in ["\0", "\r", "\u{1b}[2J", "\u{7f}"] {
            assert_eq!(parse(control), Err(TextFault::ControlCharacter), "{control:?}");
        }
    }

    #[test]
    fn an_idempotency_key_is_1_to_128_visible_ascii_characters() {
        let reads = |value: &[u8]| IdempotencyKey::parse(value).is_some();
        assert!(reads(b"!") && reads(&[b'~'; 128]));
        assert!(!reads(b"") && !reads(&[b'a'; 129]));
        assert!(!reads(b"two words") && !reads("è".as_bytes()) && !reads(b"\xff"));
    }

    #[test]
    fn a_batch_holds_1_to_1000_logs() {
        let log = NewPost {
            social: Label::parse("x").unwrap(),
            timestamp: Time::EPOCH,
            content: Content::parse(String::new()).unwrap(),
            status: Label::parse("sent").unwrap(),
        };
        assert_eq!(Batch::new(vec![]), Err(BatchFault::Empty));
        assert!(Batch::new(vec![log.clone(); 1_000]).is_ok());
        assert_eq!(Batch::new(vec![log; 1_001]), Err(BatchFault::TooLong));
    }
}
