//! Use cases of displays: making, listing, revoking, forgetting, and what one sees.

use serde_json::json;

use super::{
    super::{
        UserService, attendance::Statistics, codes::ScanRefusal, error::UserError, events,
        records::DisplayToken, tables::TALLIES,
    },
    model::{DisplayView, ShownEvent, ends_at, note},
    store::{display, displays_of, ended, insert, remove, view},
};
use crate::{
    audit_event::{self, AuditContext},
    ids::{RandomId, UserId},
    store::{Outcome, ReadView, StoreError},
    token::opaque::{DISPLAY, OpaqueToken},
};

impl UserService {
    /// Makes a token for a display of an event; answers with it and with its text, which nobody can show
    /// again.
    ///
    /// # Errors
    /// [`UserError::Invalid`], [`UserError::EventNotFound`], [`UserError::Refused`] with `CLOSED` when the
    /// event is long over, or the store's.
    pub async fn create_display(
        &self,
        event_id: String,
        words: &str,
        by: UserId,
        from: AuditContext,
    ) -> Result<(DisplayView, String), UserError> {
        let note = note(words)?;
        let token = OpaqueToken::generate().map_err(|_| UserError::NoRandomness)?;
        let (id, text, now) = (token.id, token.reveal(DISPLAY), self.clock.now());
        let mut audit = audited(&from, now, "display_token.created", &event_id)?;
        audit.after = Some(described(id));
        let hash = token.hash();
        let made = self.store.submit(move |seen| {
            let Some((event, found)) = events::by_id(seen, &event_id)? else {
                return Ok(Outcome::Reject(UserError::EventNotFound));
            };
            if now >= ends_at(&found.schedule) {
                return Ok(Outcome::Reject(ScanRefusal::Closed.into()));
            }
            let note = note.clone();
            let display = DisplayToken { hash, event, note, created_at: now, created_by: by };
            let audit = audit.clone();
            Ok(Outcome::commit(move |txn| {
                insert(txn, id, &display)?;
                audit_event::emit(txn, &audit)?;
                Ok(view(id, display))
            }))
        });
        Ok((made.await??, text))
    }

    /// The displays of an event, the oldest first.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`], or the store's.
    pub async fn displays(&self, event_id: String) -> Result<Vec<DisplayView>, UserError> {
        let found = self.store.read_range(move |snapshot| {
            let found = events::by_id(snapshot, &event_id)?;
            found.map(|(event, _)| displays_of(snapshot, event)).transpose()
        });
        found.await?.ok_or(UserError::EventNotFound)
    }

    /// Revokes a display of an event: it shows nothing from its next request on.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`], [`UserError::DisplayNotFound`], or the store's.
    pub async fn revoke_display(
        &self,
        event_id: String,
        id: RandomId,
        from: AuditContext,
    ) -> Result<(), UserError> {
        let mut audit = audited(&from, self.clock.now(), "display_token.revoked", &event_id)?;
        audit.before = Some(described(id));
        let revoked = self.store.submit_from_reserve(move |seen| {
            let Some((event, _)) = events::by_id(seen, &event_id)? else {
                return Ok(Outcome::Reject(UserError::EventNotFound));
            };
            let found = display(seen, id)?.filter(|display| display.event == event);
            if found.is_none() {
                return Ok(Outcome::Reject(UserError::DisplayNotFound));
            }
            let audit = audit.clone();
            Ok(Outcome::commit(move |txn| {
                remove(txn, event, id)?;
                audit_event::emit(txn, &audit)
            }))
        });
        revoked.await?
    }

    /// What a display sees of its event.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`], or the store's.
    pub fn shown_event(&self, event_id: &str) -> Result<ShownEvent, UserError> {
        let (snapshot, now) = (self.store.read()?, self.clock.now());
        let found = events::by_id(&snapshot, event_id)?;
        let (number, event) = found.ok_or(UserError::EventNotFound)?;
        let tally = TALLIES.get(&snapshot, number)?.unwrap_or_default();
        let statistics = Statistics::of(&tally, event.expected, event.schedule.phase(now));
        Ok(ShownEvent {
            event_id: event.event_id,
            name: event.name,
            date: event.date,
            timezone: event.timezone,
            schedule: event.schedule,
            mode: event.mode,
            is_active: event.is_active,
            statistics,
            now,
        })
    }

    /// Removes displays of events that are long over; says how many.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_ended_displays(&self) -> Result<usize, UserError> {
        let now = self.clock.now();
        if self.store.read_range(move |snapshot| ended(snapshot, now)).await?.is_empty() {
            return Ok(0);
        }
        let command = move |view: &ReadView<'_>| -> Result<Outcome<usize, UserError>, StoreError> {
            let ended = ended(view, now)?;
            Ok(Outcome::commit(move |txn| {
                ended.iter().try_for_each(|(event, id)| remove(txn, *event, *id))?;
                Ok(ended.len())
            }))
        };
        self.store.submit(command).await?
    }
}

fn audited(
    from: &AuditContext,
    now: crate::clock::Time,
    action: &str,
    event_id: &str,
) -> Result<audit_event::AuditEvent, UserError> {
    from.event(now, action, format!("event:{event_id}")).map_err(|_| UserError::NoRandomness)
}

/// What the audit trail keeps of a display. Not its note, in which people may stand.
fn described(id: RandomId) -> String {
    json!({ "display": id.name() }).to_string()
}
