//! Who may send posts, and how much: what is configured, decided without a clock or a disk.

use super::{
    model::Author,
    rules::{people_bound, seconds_to_tomorrow},
};
use crate::{
    clock::Time,
    config::{Poster, SocialConfig},
    ids::Role,
    social_log::SocialLogError,
};

/// Who may send posts, and how much.
#[derive(Debug, Clone)]
pub(super) struct FeedPolicy {
    who_may_post: Vec<Poster>,
    person_bytes_per_day: u64,
    key_bytes_per_day: u64,
    /// What all posts may take, in bytes.
    pub(super) total_bytes: u64,
    /// Days that a post is kept; nothing for as long as there is room.
    pub(super) keep_days: Option<u32>,
}

/// No bounds.
impl Default for FeedPolicy {
    fn default() -> Self {
        Self {
            who_may_post: vec![Poster::User, Poster::Key],
            person_bytes_per_day: u64::MAX,
            key_bytes_per_day: u64::MAX,
            total_bytes: u64::MAX,
            keep_days: None,
        }
    }
}

impl FeedPolicy {
    pub(super) fn of(config: &SocialConfig) -> Self {
        Self {
            who_may_post: config.who_may_post.clone(),
            person_bytes_per_day: config.person_bytes_per_day(),
            key_bytes_per_day: config.key_bytes_per_day(),
            total_bytes: config.total_bytes(),
            keep_days: (config.keep_days > 0).then_some(config.keep_days),
        }
    }

    /// Whether somebody may send posts, themselves or with an API key of theirs.
    pub(super) fn lets_post(&self, role: Role, with_key: bool) -> bool {
        let may = |poster| self.who_may_post.contains(&poster);
        if with_key {
            return may(Poster::Key);
        }
        may(Poster::User) || (role >= Role::Staff && may(Poster::Staff))
    }

    /// Whether an author may send so many bytes, who has sent so many today.
    pub(super) fn admits(
        &self,
        author: Author,
        bytes: u64,
        spent: u64,
        now: Time,
    ) -> Result<(), SocialLogError> {
        // Nothing is taken that would have to go at once.
        let quota = match author {
            Author::User(_) => self.person_bytes_per_day.min(people_bound(self.total_bytes)),
            Author::Key { .. } => self.key_bytes_per_day.min(self.total_bytes),
            Author::Import => return Ok(()),
        };
        let left = quota.saturating_sub(spent);
        if bytes <= left {
            return Ok(());
        }
        let retry_after = (bytes <= quota).then(|| seconds_to_tomorrow(now));
        Err(SocialLogError::QuotaExceeded { quota, left, retry_after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    const NOON: Time = Time::from_millis(43_200_000);

    fn policy(who_may_post: &[Poster]) -> FeedPolicy {
        FeedPolicy {
            who_may_post: who_may_post.to_vec(),
            person_bytes_per_day: 100,
            total_bytes: 10_000,
            ..FeedPolicy::default()
        }
    }

    #[test]
    fn whoever_may_post_is_as_configured() {
        let lets = |who: &[Poster], role, key| policy(who).lets_post(role, key);
        assert!(
            lets(&[Poster::User], Role::User, false) && lets(&[Poster::User], Role::Admin, false)
        );
        assert!(
            !lets(&[Poster::Staff], Role::User, false)
                && lets(&[Poster::Staff], Role::Staff, false)
        );
        assert!(
            lets(&[Poster::Key], Role::User, true) && !lets(&[Poster::Key], Role::Admin, false)
        );
        assert!(!lets(&[Poster::User, Poster::Staff], Role::Admin, true));
    }

    #[test]
    fn a_quota_is_used_up_to_its_last_byte_and_then_comes_back_at_midnight() {
        let admits = |bytes, spent| policy(&[]).admits(Author::User(UserId(1)), bytes, spent, NOON);
        assert_eq!((admits(100, 0), admits(40, 60)), (Ok(()), Ok(())));
        let refused = |left, retry_after| {
            Err(SocialLogError::QuotaExceeded { quota: 100, left, retry_after })
        };
        assert_eq!(admits(41, 60), refused(40, Some(43_200)));
        assert_eq!(admits(101, 0), refused(100, None), "waiting does not help");
    }

    #[test]
    fn what_would_have_to_go_at_once_is_refused() {
        let policy = FeedPolicy { total_bytes: 200, ..policy(&[]) };
        assert!(policy.admits(Author::User(UserId(1)), 51, 0, NOON).is_err());
        assert!(policy.admits(Author::Import, 1_000, 0, NOON).is_ok());
    }
}
