//! Use cases of events: make, read, activate and delete. Each change carries its audit event.

use serde_json::{Value, json};

use super::{
    super::{UserService, codes::Secret, error::UserError, records::Event, tables::EVENTS},
    model::EventInput,
    rules::{self, Defaults, Plan},
    store,
    view::EventView,
};
use crate::{
    audit_event::{self, AuditContext},
    clock::Time,
    config::AttendanceConfig,
    crypto,
    field::FieldError,
    ids::UserId,
    language::Text,
    store::{Outcome, StoreError},
};

impl UserService {
    /// Makes an event of what staff typed.
    ///
    /// # Errors
    /// [`UserError::Invalid`] with every fault, [`UserError::EventExists`] for the same name and
    /// date, or the store's.
    pub async fn create_event(
        &self,
        input: EventInput,
        created_by: UserId,
        from: AuditContext,
    ) -> Result<EventView, UserError> {
        let plan = rules::plan(input, &defaults(&self.config))?;
        self.check_registered(plan.expected.clone().unwrap_or_default()).await?;
        let now = self.clock.now();
        let secret = Secret::new(crypto::random().map_err(|_| UserError::NoRandomness)?);
        let audit =
            from.event(now, "event.created", String::new()).map_err(|_| UserError::NoRandomness)?;
        let created = self.store.submit(move |view| {
            if let Some(Event { event_id, .. }) = store::by_name(view, &plan.name, &plan.date)? {
                return Ok(Outcome::Reject(UserError::EventExists { event_id }));
            }
            let event_id = store::free_id(view, &plan.name, &plan.date)?;
            let event = planned(&plan, event_id, secret.clone(), created_by, now);
            let expected = plan.expected.clone().unwrap_or_default();
            let audit = audit_event::AuditEvent {
                target: format!("event:{}", event.event_id),
                after: Some(described(&event).to_string()),
                ..audit.clone()
            };
            Ok(Outcome::commit(move |txn| {
                let number = store::insert(txn, &event, &expected)?;
                audit_event::emit(txn, &audit)?;
                store::view(txn, number, event, now)
            }))
        });
        let created = created.await??;
        self.metrics.qr_event("created");
        Ok(created)
    }

    /// A page of events, the newest first, older than the event numbered `before`.
    ///
    /// # Errors
    /// The store's.
    pub async fn events(
        &self,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<EventView>, UserError> {
        let now = self.clock.now();
        let read = move |snapshot: &_| store::newest(snapshot, before, limit, now);
        Ok(self.store.read_range(read).await?)
    }

    /// How many active events take scans now.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_events(&self) -> Result<usize, UserError> {
        let now = self.clock.now();
        let open = self.store.read_range(move |snapshot| store::open_at(snapshot, now)).await?;
        Ok(open.iter().filter(|(_, event)| event.is_active).count())
    }

    /// The event that a public id names.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`], or the store's.
    pub async fn event(&self, event_id: String) -> Result<EventView, UserError> {
        let now = self.clock.now();
        let found =
            self.store.read_range(move |snapshot| match store::by_id(snapshot, &event_id)? {
                Some((number, event)) => store::view(snapshot, number, event, now).map(Some),
                None => Ok(None),
            });
        found.await?.ok_or(UserError::EventNotFound)
    }

    /// Lets an event take scans, or stops it from taking any.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`], or the store's.
    pub async fn set_event_active(
        &self,
        event_id: String,
        is_active: bool,
        from: AuditContext,
    ) -> Result<EventView, UserError> {
        let now = self.clock.now();
        let target = format!("event:{event_id}");
        let audit =
            from.event(now, "event.updated", target).map_err(|_| UserError::NoRandomness)?;
        let changed = self.store.submit(move |view| {
            let Some((number, mut event)) = store::by_id(view, &event_id)? else {
                return Ok(Outcome::Reject(UserError::EventNotFound));
            };
            if event.is_active == is_active {
                return Ok(Outcome::NoChange((false, store::view(view, number, event, now)?)));
            }
            event.is_active = is_active;
            let audit = audit_event::AuditEvent {
                before: Some(json!({ "is_active": !is_active }).to_string()),
                after: Some(json!({ "is_active": is_active }).to_string()),
                ..audit.clone()
            };
            Ok(Outcome::commit(move |txn| {
                EVENTS.put(txn, number, &event)?;
                audit_event::emit(txn, &audit)?;
                Ok((true, store::view(txn, number, event, now)?))
            }))
        });
        let (has_changed, view) = changed.await??;
        if has_changed {
            self.metrics.qr_event(if is_active { "activated" } else { "deactivated" });
        }
        Ok(view)
    }

    /// Deletes an event, its attendance, its list of people and its refusals. What the audit trail
    /// holds of it stays.
    ///
    /// # Errors
    /// [`UserError::EventNotFound`], or the store's.
    pub async fn delete_event(
        &self,
        event_id: String,
        from: AuditContext,
    ) -> Result<(), UserError> {
        let target = format!("event:{event_id}");
        let audit = from
            .event(self.clock.now(), "event.deleted", target)
            .map_err(|_| UserError::NoRandomness)?;
        let deleted = self.store.submit_from_reserve(move |view| {
            let Some((number, event)) = store::by_id(view, &event_id)? else {
                return Ok(Outcome::Reject(UserError::EventNotFound));
            };
            let audit = audit_event::AuditEvent {
                before: Some(described(&event).to_string()),
                ..audit.clone()
            };
            Ok(Outcome::commit(move |txn| {
                store::remove(txn, number, &event)?;
                audit_event::emit(txn, &audit)
            }))
        });
        deleted.await??;
        self.metrics.qr_event("deleted");
        Ok(())
    }

    /// Refuses a list that names people who are not registered.
    async fn check_registered(&self, people: Vec<UserId>) -> Result<(), UserError> {
        let accounts = self.accounts.clone();
        let looked_up = tokio::task::spawn_blocking(move || {
            let mut unknown = Vec::new();
            for id in people {
                if accounts.registered(id)?.is_none() {
                    unknown.push(id.to_string());
                }
            }
            Ok(unknown)
        });
        let unknown: Vec<String> = looked_up.await.unwrap_or(Err(StoreError::Panicked))?;
        if unknown.is_empty() { Ok(()) } else { Err(names_nobody(&unknown).into()) }
    }
}

/// The fault of a list with unknown people: the first few are named.
fn names_nobody(unknown: &[String]) -> FieldError {
    let first = unknown.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
    let message = Text::made(
        format!("names {} ids of nobody: {first}", unknown.len()),
        format!("indica {} id di nessuno: {first}", unknown.len()),
    );
    FieldError { field: "expected".into(), message }
}

fn defaults(config: &AttendanceConfig) -> Defaults {
    Defaults {
        timezone: config.timezone.clone(),
        rotation_seconds: config.rotation_seconds,
        open_early_minutes: config.open_early_minutes,
        late_after_minutes: config.late_after_minutes,
    }
}

fn planned(
    plan: &Plan,
    event_id: String,
    secret: Secret,
    created_by: UserId,
    created_at: Time,
) -> Event {
    let expected = plan.expected.as_ref().map(Vec::len);
    Event {
        event_id,
        name: plan.name.clone(),
        date: plan.date.clone(),
        timezone: plan.timezone.clone(),
        schedule: plan.schedule,
        mode: plan.mode,
        rotation_seconds: plan.rotation_seconds,
        expected: expected.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
        is_active: true,
        secret,
        created_by,
        created_at,
    }
}

/// What the audit trail keeps of an event: all but its secret.
fn described(event: &Event) -> Value {
    let time = |time: Option<Time>| time.map(|time| time.to_string());
    json!({
        "event_id": event.event_id,
        "name": event.name,
        "date": event.date,
        "timezone": event.timezone,
        "starts_at": time(event.schedule.starts_at),
        "ends_at": time(event.schedule.ends_at),
        "opens_at": time(Some(event.schedule.opens_at)),
        "late_after": time(event.schedule.late_after),
        "closes_at": time(Some(event.schedule.closes_at)),
        "mode": event.mode.as_str(),
        "rotation_seconds": event.rotation_seconds,
        "expected": event.expected,
        "is_active": event.is_active,
    })
}
