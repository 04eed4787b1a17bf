//! What `social_log.redb` holds by or about a person, for them to read (GDPR, article 15).
//!
//! Both lists may be long, so they are handed out in pieces, each read from a snapshot of its own that is gone
//! before the piece is sent: memory does not grow with the lists, nor the file for a slow reader. Posts have an
//! index by author. The audit trail has none by person, and is gone through whole.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::{
    PostsCursor, SocialLogService,
    audit::{Entry, RecordedActor},
    feed::Post,
    tables::AUDIT,
};
use crate::{
    ids::UserId,
    store::{Direction, Reader, StoreError},
};

/// How much one piece of the audit trail is, at most: so many entries that were looked at, or that were found.
const PIECE_EXAMINED: usize = 4_096;
const PIECE_FOUND: usize = 256;

impl SocialLogService {
    /// Where the posts of a person begin, those included that their API keys reported; the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn posts_held(&self, id: UserId) -> Result<PostsCursor, StoreError> {
        self.feed.posts_of(id).await
    }

    /// The next posts of a person, and where it goes on; nothing at the end.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn held_posts(
        &self,
        cursor: PostsCursor,
    ) -> Result<(Vec<Value>, Option<PostsCursor>), StoreError> {
        let (posts, next) = self.feed.next_posts(cursor).await?;
        Ok((posts.iter().map(of_log).collect(), next))
    }

    /// The next audit entries of what a person or their API keys did and of what was done to them, the newest
    /// first from below the place `before`; and where it goes on, nothing at the end.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn held_audit(
        &self,
        id: UserId,
        before: u64,
    ) -> Result<(Vec<Value>, Option<u64>), StoreError> {
        self.store.read_range(move |snapshot| audit_piece(snapshot, id, before)).await
    }
}

fn audit_piece(
    reader: &impl Reader,
    id: UserId,
    before: u64,
) -> Result<(Vec<Value>, Option<u64>), StoreError> {
    let (mut found, mut examined, mut next) = (Vec::new(), 0, None);
    let target = format!("user:{id}");
    AUDIT.visit(reader, ..before, Direction::Descending, |sequence, entry| {
        if entry.actor.is(RecordedActor::User(id)) || entry.target == target {
            found.push(of_entry(&entry, id));
        }
        examined += 1;
        if examined == PIECE_EXAMINED || found.len() == PIECE_FOUND {
            next = Some(sequence);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok((found, next))
}

fn of_log(log: &Post) -> Value {
    json!({
        "id": log.id,
        "social": log.social.as_str(),
        "timestamp": log.timestamp.to_string(),
        "content": log.content.as_str(),
        "status": log.status.as_str(),
        "received_at": log.received_at.to_string(),
    })
}

/// An entry as the person may read it. From where they and their keys acted is theirs to know; from where
/// anybody else did, is not.
fn of_entry(entry: &Entry, reader: UserId) -> Value {
    let is_own = entry.actor.is(RecordedActor::User(reader));
    let json = |text: &String| serde_json::from_str(text).unwrap_or(Value::String(text.clone()));
    json!({
        "sequence": entry.sequence,
        "time": entry.time.to_string(),
        "actor": entry.actor.to_string(),
        "action": entry.action,
        "target": entry.target,
        "network": entry.network.as_ref().filter(|_| is_own),
        "request_id": entry.request_id.filter(|_| is_own).map(|id| id.to_string()),
        "before": entry.before.as_ref().map(json),
        "after": entry.after.as_ref().map(json),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit_event::{self, AuditEvent},
        clock::{Clock, Time},
        http::Cursors,
        ids::RandomId,
        social_log::store::tests::temporary_store,
    };

    const ADA: UserId = UserId(7);

    fn event(number: u8, actor: audit_event::Actor, target: &str) -> AuditEvent {
        AuditEvent {
            id: RandomId([number; 16]),
            time: Time::EPOCH,
            actor,
            action: "thing.done".to_owned(),
            target: target.to_owned(),
            network: Some(format!("192.0.2.{number}")),
            request_id: Some(RandomId([number; 16])),
            before: None,
            after: None,
        }
    }

    #[tokio::test]
    async fn networks_are_told_of_the_person_and_their_keys_and_of_nobody_else() {
        let (_directory, store) = temporary_store();
        let service = SocialLogService::open(store, Clock::system(), Cursors::new([0; 32]));
        let key = |owner| audit_event::Actor::ApiKey { id: RandomId([9; 16]), owner };
        let events = vec![
            event(1, audit_event::Actor::User(ADA), "event:corso"),
            event(2, key(ADA), "event:corso"),
            event(3, key(UserId(1)), "user:7"),
            event(4, audit_event::Actor::User(UserId(1)), "user:7"),
            event(5, audit_event::Actor::Anonymous, "user:7"),
            event(6, key(UserId(1)), "user:8"),
        ];
        service.append_audit(events).await.unwrap();
        let (found, next) = service.held_audit(ADA, u64::MAX).await.unwrap();
        assert_eq!(next, None);
        let told: Vec<_> = found
            .iter()
            .map(|entry| (entry["sequence"].as_u64().unwrap(), entry["network"].as_str()))
            .collect();
        let own = [(2, Some("192.0.2.2")), (1, Some("192.0.2.1"))];
        assert_eq!(told, [&[(5, None), (4, None), (3, None)][..], &own].concat());
        assert!(
            found.iter().all(|entry| entry["network"].is_null() == entry["request_id"].is_null())
        );
    }

    #[tokio::test]
    async fn a_long_trail_is_told_piece_by_piece_and_whole() {
        let (_directory, store) = temporary_store();
        let service = SocialLogService::open(store, Clock::system(), Cursors::new([0; 32]));
        for chunk in 0..12_u16 {
            let events = (0..500_u16).map(|number| {
                let mut id = [0; 16];
                id[..2].copy_from_slice(&(chunk * 500 + number).to_be_bytes());
                let actor = audit_event::Actor::User(UserId(u64::from(number % 10)));
                AuditEvent { id: RandomId(id), ..event(1, actor, "x") }
            });
            service.append_audit(events.collect()).await.unwrap();
        }
        let (mut before, mut sequences) = (Some(5_001), Vec::new());
        while let Some(at) = before {
            let (found, next) = service.held_audit(ADA, at).await.unwrap();
            assert!(found.len() <= PIECE_FOUND);
            sequences.extend(found.iter().map(|entry| entry["sequence"].as_u64().unwrap()));
            before = next;
        }
        let expected: Vec<_> =
            (1..=5_000).rev().filter(|sequence| (sequence - 1) % 10 == 7).collect();
        assert_eq!(sequences, expected);
    }
}
