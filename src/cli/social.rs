//! `appliance social`: the posts of the feed, by the running appliance or on the data directory of a stopped
//! one.

use clap::{Args, Subcommand};

use super::{
    Failure, Global,
    on_accounts::{Answer, Place},
    print,
};
use crate::control::{
    FeedSizeView, RemovePosts, RemovedView, Request, SocialRequest, execute_on_social,
};

/// Looks at the feed and removes posts.
#[derive(Debug, Subcommand)]
pub(super) enum Social {
    /// Say how many posts there are, what they take, and what they may take.
    Size,
    /// Remove the posts that fit everything that is said, for good.
    Remove(Remove),
}

/// Removes posts.
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// Whose: user:7 (with what API keys reported for them), api-key:0123456789abcdef or import.
    #[arg(long, value_name = "WHO")]
    author: Option<String>,
    /// Of this social network.
    #[arg(long, value_name = "NAME")]
    social: Option<String>,
    /// With this status.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// With this text, whatever its case.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// What happened at this moment or later: 2026-11-23T09:30:00+01:00.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// What happened before this moment.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// What arrived here at this moment or later.
    #[arg(long, value_name = "TIME")]
    received_from: Option<String>,
    /// What arrived here before this moment.
    #[arg(long, value_name = "TIME")]
    received_to: Option<String>,
    /// Every post there is.
    #[arg(long)]
    all: bool,
    /// Yes, for good: nothing brings posts back but a backup.
    #[arg(long)]
    yes: bool,
}

impl Social {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        if let Self::Remove(Remove { yes: false, .. }) = self {
            let words = "removing posts cannot be undone; say --yes if that is what you want";
            return Err(Failure::Usage(words.to_owned()));
        }
        let place = Place::of(global)?;
        match self {
            Self::Size => {
                let size = execute(&place, SocialRequest::Size)?.result;
                if global.json {
                    return print(serde_json::to_string_pretty(&size)?);
                }
                let FeedSizeView { posts, bytes, bound_bytes } = serde_json::from_value(size)?;
                print(format_args!("{posts}\t{bytes}\t{bound_bytes}"))
            }
            Self::Remove(remove) => {
                let removed = execute(&place, SocialRequest::Remove(remove.which()))?.result;
                let view: RemovedView = serde_json::from_value(removed.clone())?;
                global.say(format_args!("removed {} posts, {} bytes", view.removed, view.bytes));
                if global.json { print(serde_json::to_string_pretty(&removed)?) } else { Ok(()) }
            }
        }
    }
}

impl Remove {
    fn which(self) -> RemovePosts {
        RemovePosts {
            author: self.author,
            social: self.social,
            status: self.status,
            text: self.text,
            from: self.from,
            to: self.to,
            received_from: self.received_from,
            received_to: self.received_to,
            all: self.all,
        }
    }
}

fn execute(place: &Place, request: SocialRequest) -> Result<Answer, Failure> {
    let asked = Request::Social(request.clone());
    place.execute(&asked, |people, _| Box::pin(execute_on_social(people, request)))
}
