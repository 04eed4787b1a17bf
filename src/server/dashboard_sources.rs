//! What the dashboard asks of the domains, answered; and the task that takes samples.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Instant};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::domains::Domains;
use crate::{
    audit_event,
    auth::{AccountFigures, AuthService},
    clock::Time,
    config::Config,
    dashboard::{
        AccountFacts, AccountStats, ActionCounts, AttendanceStats, AuditStats, Dashboard,
        EventScans, PostStats, ScanFacts, StatsSources, StoreFacts, StoreStats, UserScans,
    },
    http::{Principal, Problem, StreamSettings},
    ids::Role,
    paths::DataDir,
    social_log::SocialLogService,
    telemetry::{BackupFacts, FIRST_SAMPLE_AFTER, Outside, SAMPLE_EVERY, Sampler},
    user::UserService,
};

/// What the audit trail is asked for, in the order of [`ActionCounts`].
const ACTIONS: &[&str] = &["login.success", "login.failure", "session.refresh_reused"];

/// Begins to watch an appliance. `data` is where its files lie; without, none is kept or measured.
pub(super) fn start(domains: &Domains, data: Option<&DataDir>) -> Sampler {
    let measured = Files::of(domains, data);
    let root = data.map_or_else(PathBuf::new, |data| data.root().to_owned());
    let month = data.map(DataDir::month_of_samples);
    let now = domains.clock.now();
    Sampler::start(domains.metrics.clone(), root, month.as_deref(), now, move || measured.outside())
}

/// The views over an appliance that is being watched.
pub(super) fn dashboard(
    config: &Config,
    domains: &Domains,
    sampler: &Sampler,
    data: Option<&DataDir>,
    draining: watch::Receiver<bool>,
) -> Dashboard {
    let sources = StatsSources {
        stores: Arc::new(Files::of(domains, data)),
        accounts: Arc::new(PeopleOf(domains.auth.clone())),
        trail: Arc::new(TrailOf(domains.social_log.clone())),
        attendance: Arc::new(AttendanceOf(domains.user.clone())),
        social_logs: Arc::new(FeedOf(domains.social_log.clone())),
    };
    let timezone = &config.attendance.timezone;
    let stream_settings = StreamSettings { keep_alive: config.limits.sse_keep_alive(), draining };
    let clock = domains.clock.clone();
    Dashboard::new(sampler.clone(), clock, sources, timezone, stream_settings)
}

/// Takes samples for ever: the first soon, so that there is something to show.
pub(super) async fn sample(domains: Domains, sampler: Sampler) {
    let mut last = Instant::now();
    let mut pause = FIRST_SAMPLE_AFTER;
    loop {
        tokio::time::sleep(pause).await;
        let (now, elapsed, sampler) = (domains.clock.now(), last.elapsed(), sampler.clone());
        last = Instant::now();
        if tokio::task::spawn_blocking(move || sampler.sample(now, elapsed)).await.is_err() {
            tracing::error!("a sample could not be taken");
        }
        pause = SAMPLE_EVERY.saturating_sub(last.elapsed());
    }
}

/// The databases and where they lie.
struct Files {
    domains: Domains,
    paths: Option<[PathBuf; 3]>,
}

impl Files {
    fn of(domains: &Domains, data: Option<&DataDir>) -> Self {
        let paths =
            data.map(|data| [data.auth_store(), data.user_store(), data.social_log_store()]);
        Self { domains: domains.clone(), paths }
    }

    fn lengths(&self) -> [Option<u64>; 3] {
        let length = |path: &PathBuf| std::fs::metadata(path).ok().map(|file| file.len());
        self.paths.as_ref().map_or([None; 3], |paths| paths.each_ref().map(length))
    }

    fn outside(&self) -> Outside {
        let stores = self.stores();
        Outside {
            commits: Some(stores.iter().map(|store| store.commits).sum()),
            write_queue: Some(stores.iter().map(|store| store.queued).sum()),
            outbox_events: stores
                .iter()
                .filter_map(|store| store.outbox_events)
                .reduce(|a, b| a + b),
            store_bytes: self.lengths(),
        }
    }
}

impl StoreStats for Files {
    fn stores(&self) -> Vec<StoreFacts> {
        let outboxes = self.domains.outboxes().map(|(name, _)| name);
        let facts = self.domains.stores().into_iter().zip(self.lengths());
        let facts = facts.map(|((name, store), file_bytes)| StoreFacts {
            name,
            is_healthy: store.is_healthy(),
            file_bytes,
            commits: store.commit_count(),
            queued: u64::try_from(store.queued()).unwrap_or(u64::MAX),
            outbox_events: outboxes
                .contains(&name)
                .then(|| store.read().and_then(|snapshot| audit_event::waiting(&snapshot)).ok())
                .flatten(),
        });
        facts.collect()
    }

    fn audit_entries(&self) -> Option<u64> {
        self.domains.social_log.audit_head().ok().map(|head| head.sequence)
    }

    fn certificate(&self) -> Option<(Time, Time)> {
        let served = self.domains.metrics.certificates.served()?;
        Some((served.not_before, served.not_after))
    }

    fn backups(&self) -> BackupFacts {
        self.domains.metrics.backups.facts()
    }
}

struct PeopleOf(AuthService);

impl AccountStats for PeopleOf {
    fn figures(&self) -> BoxFuture<'_, Result<AccountFacts, Problem>> {
        Box::pin(async {
            let AccountFigures {
                accounts,
                administrators,
                disabled,
                open_sessions,
                people_signed_in,
            } = self.0.figures().await?;
            Ok(AccountFacts { accounts, administrators, disabled, open_sessions, people_signed_in })
        })
    }

    fn is_still_admin(&self, principal: &Principal) -> bool {
        let Some(session) = principal.session() else { return false };
        let now = self.0.principal_now(principal.id, session);
        now.is_ok_and(|principal| principal.role >= Role::Admin)
    }
}

struct TrailOf(SocialLogService);

impl AuditStats for TrailOf {
    fn actions(
        &self,
        since: Vec<Time>,
    ) -> BoxFuture<'_, Result<Vec<Option<ActionCounts>>, Problem>> {
        Box::pin(async {
            let tally = self.0.audit().tally(since, ACTIONS).await?;
            let counts = |counts: Vec<u64>| {
                let count = |nth: usize| counts.get(nth).copied().unwrap_or(0);
                ActionCounts { logins: count(0), login_failures: count(1), refresh_reuse: count(2) }
            };
            Ok(tally.into_iter().map(|window| window.map(counts)).collect())
        })
    }
}

struct AttendanceOf(UserService);

impl AttendanceStats for AttendanceOf {
    fn scans(&self, since: Time, top: usize) -> BoxFuture<'_, Result<Option<ScanFacts>, Problem>> {
        Box::pin(async move {
            let Some(activity) = self.0.activity(since, top).await? else { return Ok(None) };
            let people = activity.most_active.into_iter().map(|(person, scans)| UserScans {
                user_id: person.id.0,
                name: person.name,
                surname: person.surname,
                scans,
            });
            let events = activity.top_events.into_iter().map(|(event, scans)| EventScans {
                event_id: event.event_id,
                name: event.name,
                date: event.date,
                scans,
            });
            Ok(Some(ScanFacts {
                by_quarter: activity.by_quarter,
                people: activity.people,
                events: activity.events,
                most_active: people.collect(),
                top_events: events.collect(),
            }))
        })
    }

    fn open_events(&self) -> BoxFuture<'_, Result<u64, Problem>> {
        Box::pin(async { Ok(u64::try_from(self.0.open_events().await?).unwrap_or(u64::MAX)) })
    }
}

struct FeedOf(SocialLogService);

impl PostStats for FeedOf {
    fn bytes_and_bound(&self) -> Option<(u64, u64)> {
        self.0.feed().size().ok().map(|size| (size.bytes, size.bound_bytes))
    }

    fn by_status(
        &self,
        since: Time,
    ) -> BoxFuture<'_, Result<Option<BTreeMap<String, u64>>, Problem>> {
        Box::pin(async move { Ok(self.0.feed().by_status(since).await?) })
    }
}
