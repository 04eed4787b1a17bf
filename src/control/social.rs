//! The verbs on the social feed: what is asked for, the doing, and what comes back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    protocol::{ExitStatus, Refused, as_json},
    users::UserCommands,
};
use crate::{
    audit_event::AuditContext,
    clock::Time,
    http::Problem,
    social_log::{FeedSize, PostFilter, Removed, SocialLogError, WantedAuthor},
};

/// A verb on the social feed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SocialRequest {
    /// How much there is; done with a [`FeedSizeView`].
    Size,
    /// Remove posts; done with a [`RemovedView`].
    Remove(RemovePosts),
}

/// Which posts are to be removed: those that fit everything that is said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovePosts {
    /// Whose: `user:7`, `api-key:0123456789abcdef` or `import`.
    pub author: Option<String>,
    /// Of which social network.
    pub social: Option<String>,
    /// With which status.
    pub status: Option<String>,
    /// With which text, whatever its case.
    pub text: Option<String>,
    /// What happened at this moment or later; RFC 3339, as the others.
    pub from: Option<String>,
    /// What happened before this moment.
    pub to: Option<String>,
    /// What arrived at this moment or later.
    pub received_from: Option<String>,
    /// What arrived before this moment.
    pub received_to: Option<String>,
    /// That every post is meant, when nothing else is said.
    pub all: bool,
}

/// How much there is in the feed.
#[derive(Debug, Serialize, Deserialize)]
pub struct FeedSizeView {
    /// How many posts.
    pub posts: u64,
    /// What they take, in bytes.
    pub bytes: u64,
    /// What they may take, in bytes.
    pub bound_bytes: u64,
}

/// Posts that were removed.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemovedView {
    /// How many.
    pub removed: u64,
    /// What they took, in bytes.
    pub bytes: u64,
}

/// Does what a verb on the social feed asks for.
///
/// # Errors
/// [`Refused`], in words for the person who asked.
pub async fn execute_on_social(
    people: &UserCommands,
    request: SocialRequest,
) -> Result<Value, Refused> {
    let not_open = || Refused::new(ExitStatus::Failed, "INTERNAL", "the feed is not open");
    let service = people.social_log.as_ref().ok_or_else(not_open)?;
    match request {
        SocialRequest::Size => {
            let FeedSize { posts, bytes, bound_bytes } = service.feed().size()?;
            as_json(FeedSizeView { posts, bytes, bound_bytes })
        }
        SocialRequest::Remove(which) => {
            let all = which.all;
            let done = service.remove_posts(which.filter()?, all, AuditContext::COMMAND_LINE).await;
            let Removed { posts, bytes } = done?;
            as_json(RemovedView { removed: posts, bytes })
        }
    }
}

impl RemovePosts {
    fn filter(self) -> Result<PostFilter, Refused> {
        let author = self.author.as_deref().map(|text| {
            let none = "--author must be user:NUMBER, api-key:NAME or import";
            WantedAuthor::parse(text)
                .ok_or_else(|| Refused::new(ExitStatus::Usage, "INVALID", none))
        });
        Ok(PostFilter {
            social: self.social,
            status: self.status,
            text: self.text,
            author: author.transpose()?,
            from: time("from", self.from)?,
            to: time("to", self.to)?,
            received_from: time("received-from", self.received_from)?,
            received_to: time("received-to", self.received_to)?,
        })
    }
}

fn time(option: &str, text: Option<String>) -> Result<Option<Time>, Refused> {
    let read = |text: String| {
        Time::parse_rfc3339(&text).map_err(|_| {
            let words = format!("--{option} must be a time such as 2026-11-23T09:30:00+01:00");
            Refused::new(ExitStatus::Usage, "INVALID", words)
        })
    };
    text.map(read).transpose()
}

impl From<SocialLogError> for Refused {
    fn from(error: SocialLogError) -> Self {
        Problem::from(error).into()
    }
}
