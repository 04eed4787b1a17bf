//! What `social_log.redb` holds by or about a person, for them to read (GDPR, article 15).
//!
//! Neither list has an index by person, and both may be long: the newest part of each is looked at, and it
//! is said whether that was all.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::{
    Author, SocialLogService,
    audit::{Actor, Entry},
    feed::Log,
    tables::{AUDIT, LOGS},
};
use crate::{
    ids::UserId,
    store::{Direction, Record, Snapshot, StoreError, Table},
};

/// How many rows of each list are looked at.
const MOST_EXAMINED: usize = 200_000;
/// How many of each are handed out.
const MOST_FOUND: usize = 10_000;

/// What this file holds by or about a person.
#[derive(Debug)]
pub struct HeldBySocialLog {
    /// Posts that they reported, newest first.
    pub posts: PartOfList,
    /// Audit entries of what they did and of what was done to them, newest first.
    pub audit: PartOfList,
}

/// The newest of a list.
#[derive(Debug)]
pub struct PartOfList {
    /// What was found.
    pub items: Vec<Value>,
    /// Whether the whole list was looked at.
    pub is_complete: bool,
}

impl SocialLogService {
    /// What this file holds by or about a person, on the blocking pool.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn held_about(&self, id: UserId) -> Result<HeldBySocialLog, StoreError> {
        let read = move |snapshot: &Snapshot| {
            let target = format!("user:{id}");
            Ok(HeldBySocialLog {
                posts: newest(snapshot, &LOGS, |log: Log| {
                    (log.author == Author::User(id)).then(|| of_log(&log))
                })?,
                audit: newest(snapshot, &AUDIT, |entry: Entry| {
                    let concerns = entry.actor == Actor::User(id) || entry.target == target;
                    concerns.then(|| of_entry(&entry, id))
                })?,
            })
        };
        self.store.read_range(read).await
    }
}

fn newest<R: Record>(
    snapshot: &Snapshot,
    table: &Table<u64, R>,
    pick: impl Fn(R) -> Option<Value>,
) -> Result<PartOfList, StoreError> {
    let mut part = PartOfList { items: Vec::new(), is_complete: true };
    let mut examined = 0;
    table.visit(snapshot, 0_u64.., Direction::Descending, |_, record| {
        if examined == MOST_EXAMINED || part.items.len() == MOST_FOUND {
            part.is_complete = false;
            return ControlFlow::Break(());
        }
        examined += 1;
        part.items.extend(pick(record));
        ControlFlow::Continue(())
    })?;
    Ok(part)
}

fn of_log(log: &Log) -> Value {
    json!({
        "id": log.id,
        "social": log.social.as_str(),
        "timestamp": log.timestamp.to_string(),
        "content": log.content.as_str(),
        "status": log.status.as_str(),
        "received_at": log.received_at.to_string(),
    })
}

/// An entry as the person may read it: from where somebody else acted is that other person's affair.
fn of_entry(entry: &Entry, reader: UserId) -> Value {
    let is_anothers = matches!(entry.actor, Actor::User(actor) if actor != reader);
    let json = |text: &String| serde_json::from_str(text).unwrap_or(Value::String(text.clone()));
    json!({
        "sequence": entry.sequence,
        "time": entry.time.to_string(),
        "actor": entry.actor.to_string(),
        "action": entry.action,
        "target": entry.target,
        "network": entry.network.as_ref().filter(|_| !is_anothers),
        "request_id": entry.request_id.filter(|_| !is_anothers).map(|id| id.to_string()),
        "before": entry.before.as_ref().map(json),
        "after": entry.after.as_ref().map(json),
    })
}
