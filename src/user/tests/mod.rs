//! The domain over a real file and a clock that stands still until a test moves it.

mod api;
mod changes;
mod erasure;
mod events;
mod profiles;
mod reads;
mod scans;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tempfile::TempDir;

use super::{
    Accounts, BrowserId, EventInput, EventView, Hold, MIGRATIONS, NewProfile, ScanAnswer,
    ScanInput, ScanRefusal, UserError, UserService,
};
use crate::{
    audit_event::{self, AuditContext, AuditEvent},
    clock::{Clock, Time},
    config::AttendanceConfig,
    http::{BodyBudget, BodyLimits, ClientNetwork, Cursors, Principal, Problem, RequestContext},
    ids::{RandomId, UserId},
    language::Language,
    store::{Store, StoreError, StoreOptions},
    telemetry::Metrics,
};

/// Ten minutes before the lesson of [`House::lesson`] starts.
const MORNING: &str = "2026-11-23T08:50:00+01:00";

/// Where everybody of these tests is, unless they say otherwise.
const BROWSER: BrowserId = BrowserId([7; 10]);

/// A request of somebody at school.
fn context() -> RequestContext {
    RequestContext {
        id: RandomId([1; 16]),
        network: ClientNetwork::of([192, 0, 2, 7].into()),
        connection: None,
        language: Language::English,
        user_agent: None,
        body: BodyLimits {
            bytes: 1 << 20,
            time: Duration::from_secs(5),
            budget: BodyBudget::new(1 << 20),
        },
    }
}

/// The accounts of a domain that is not here.
#[derive(Default)]
struct FakeAccounts(Mutex<Vec<(UserId, NewProfile)>>);

impl Accounts for FakeAccounts {
    fn registered(&self, id: UserId) -> Result<Option<NewProfile>, StoreError> {
        let accounts = self.0.lock().unwrap();
        Ok(accounts.iter().find(|(known, _)| *known == id).map(|(_, account)| account.clone()))
    }

    fn change_username<'a>(
        &'a self,
        _: &'a Principal,
        username: &'a str,
        _: AuditContext,
    ) -> BoxFuture<'a, Result<String, Problem>> {
        let taken = username == "taken";
        let answer = if taken { Err(Problem::not_found()) } else { Ok(username.to_owned()) };
        async { answer }.boxed()
    }
}

/// A running domain.
struct House {
    users: UserService,
    clock: Clock,
    accounts: Arc<FakeAccounts>,
    _directory: TempDir,
}

impl House {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let metrics = Metrics::new().unwrap();
        let path = directory.path().join("user.redb");
        let options = StoreOptions::default();
        let store = Store::open(&path, options, MIGRATIONS, metrics.store("user")).unwrap();
        let config = AttendanceConfig {
            timezone: "Europe/Rome".to_owned(),
            rotation_seconds: 15,
            open_early_minutes: 15,
            late_after_minutes: 10,
        };
        let clock = Clock::manual(time(MORNING));
        let accounts = Arc::new(FakeAccounts::default());
        let users = UserService::open(
            store,
            config,
            "https://localhost:8443".to_owned(),
            clock.clone(),
            metrics,
            Arc::clone(&accounts) as Arc<dyn Accounts>,
            Cursors::new([1; 32]),
        );
        let house = Self { users, clock, accounts, _directory: directory };
        (1..=3).for_each(|id| house.register(id));
        house
    }

    fn register(&self, id: u64) {
        let account = NewProfile {
            name: format!("Name {id}"),
            surname: format!("Surname {id}"),
            language: Language::Italian,
            created_at: Time::EPOCH,
        };
        self.accounts.0.lock().unwrap().push((UserId(id), account));
    }

    fn at(&self, moment: &str) {
        self.clock.set(time(moment));
    }

    fn later(&self, seconds: i64) {
        self.clock.set(self.clock.now().plus_seconds(seconds));
    }

    async fn create(&self, input: EventInput) -> Result<EventView, UserError> {
        self.users.create_event(input, UserId(1), AuditContext::COMMAND_LINE).await
    }

    /// An event from nine to eleven; it opens at a quarter to nine and is late from ten past.
    async fn lesson(&self) -> String {
        self.create(lesson()).await.unwrap().event.event_id
    }

    fn code(&self, event_id: &str) -> String {
        self.users.shown_code(event_id).unwrap().code
    }

    async fn scan(&self, person: u64, code: &str, nonce: &str) -> Result<ScanAnswer, UserError> {
        let code = Some(code.to_owned());
        self.users.scan(UserId(person), ScanInput { code, ..nonce_only(nonce) }, &context()).await
    }

    async fn type_in(
        &self,
        person: u64,
        digits: &str,
        nonce: &str,
    ) -> Result<ScanAnswer, UserError> {
        let typed_code = Some(digits.to_owned());
        self.users
            .scan(UserId(person), ScanInput { typed_code, ..nonce_only(nonce) }, &context())
            .await
    }

    fn hold(&self, code: &str) -> Result<Hold, UserError> {
        self.users.hold(code, BROWSER)
    }

    async fn redeem(&self, person: u64, hold: &str, nonce: &str) -> Result<ScanAnswer, UserError> {
        self.redeem_in(Some(BROWSER), person, hold, nonce).await
    }

    async fn redeem_in(
        &self,
        browser: Option<BrowserId>,
        person: u64,
        hold: &str,
        nonce: &str,
    ) -> Result<ScanAnswer, UserError> {
        let hold = Some(hold.to_owned());
        self.users
            .scan(UserId(person), ScanInput { hold, browser, ..nonce_only(nonce) }, &context())
            .await
    }

    fn audit(&self) -> Vec<AuditEvent> {
        let waiting = audit_event::pending(&self.users.store().read().unwrap(), 100).unwrap();
        waiting.into_iter().map(|(_, event)| event).collect()
    }
}

fn nonce_only(nonce: &str) -> ScanInput {
    ScanInput { nonce: format!("nonce-{nonce}"), ..ScanInput::default() }
}

fn lesson() -> EventInput {
    EventInput {
        name: "Corso di Rust".to_owned(),
        date: "2026-11-23".to_owned(),
        starts_at: Some(time("2026-11-23T09:00:00+01:00")),
        ends_at: Some(time("2026-11-23T11:00:00+01:00")),
        ..EventInput::default()
    }
}

fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(answer: Result<T, UserError>, refusal: ScanRefusal) {
    match answer {
        Err(UserError::Refused(given)) => assert_eq!(given, refusal),
        other => panic!("not {refusal:?}: {other:?}"),
    }
}
