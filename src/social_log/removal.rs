//! Removing posts, and telling it in the audit trail: what an administrator wants gone, and what goes by itself.

use serde_json::{Value, json};

use super::{PostFilter, Removed, SocialLogError, SocialLogService};
use crate::{
    audit_event::{AuditContext, AuditEvent},
    store::StoreError,
};

/// What the audit trail calls the feed.
const TARGET: &str = "social:logs";

impl SocialLogService {
    /// Removes every post that fits the filter; `all` says that an empty filter is meant. The audit trail tells
    /// what is to go before anything goes, and afterwards how much went, also when it failed half-way: then
    /// the same again goes on.
    ///
    /// # Errors
    /// [`SocialLogError::RemovalUnbounded`] for an empty filter, and those of the store.
    pub async fn remove_posts(
        &self,
        filter: PostFilter,
        all: bool,
        from: AuditContext,
    ) -> Result<Removed, SocialLogError> {
        if filter.is_empty() && !all {
            return Err(SocialLogError::RemovalUnbounded);
        }
        let asked = as_json(&filter);
        self.tell(&from, "social.removal_started", asked.clone()).await?;
        let mut removed = Removed::default();
        let done = self.feed().remove(filter, &mut removed).await;
        let after = json!({
            "filter": asked, "posts": removed.posts, "bytes": removed.bytes,
            "complete": done.is_ok(),
        });
        self.tell(&from, "social.removed", after).await?;
        done.map(|()| removed)
    }

    /// Removes posts that are too old or for which there is no room any more, and tells how many these were.
    ///
    /// # Errors
    /// Those of the store; doing it again goes on.
    pub async fn expire_posts(&self) -> Result<(), SocialLogError> {
        let expired = self.feed().expire().await?;
        if expired.posts > 0 {
            let after = json!({ "posts": expired.posts, "bytes": expired.bytes });
            self.tell(&AuditContext::SYSTEM, "social.expired", after).await?;
        }
        let displaced = self.feed().displaced()?;
        if displaced.posts > 0 {
            let after = json!({ "posts": displaced.posts, "bytes": displaced.bytes });
            self.tell(&AuditContext::SYSTEM, "social.displaced", after).await?;
            self.feed().displaced_told(displaced).await?;
        }
        Ok(())
    }

    async fn tell(
        &self,
        from: &AuditContext,
        action: &str,
        after: Value,
    ) -> Result<(), StoreError> {
        let event = from.event(self.feed().now(), action, TARGET.to_owned())?;
        self.append_audit(vec![AuditEvent { after: Some(after.to_string()), ..event }]).await
    }
}

/// What was asked for: each condition that was set.
fn as_json(filter: &PostFilter) -> Value {
    let PostFilter { social, status, from, to, text, author, received_from, received_to } = filter;
    let time = |time: &Option<crate::clock::Time>| time.map(|time| time.to_string());
    let fields = [
        ("author", author.map(|author| author.to_string())),
        ("social", social.clone()),
        ("status", status.clone()),
        ("from", time(from)),
        ("to", time(to)),
        ("received_from", time(received_from)),
        ("received_to", time(received_to)),
        ("text", text.clone()),
    ];
    let set = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Value::Object(set.collect())
}
