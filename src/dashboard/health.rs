//! The view of health.

use super::{
    backup_rules::BackupAges,
    dto::{
        BackupBody, CertificateBody, FindingBody, HealthBody, MachineBody, PartBody, PartStatus,
        ProcessBody, StoreBody,
    },
    feed_rule,
    rules::{self, HealthFacts},
    service::Dashboard,
    sources::StoreFacts,
};
use crate::{
    clock::Time,
    language::Language,
    telemetry::{Distribution, Latest, RouteTraffic},
};

const DAY_SECONDS: i64 = 86_400;

/// The parts, by the name that their metrics carry, with the database that each rests on.
const PARTS: [(&str, Option<&str>); 5] = [
    ("gateway", None),
    ("auth", Some("auth")),
    ("user", Some("user")),
    ("social-log", Some("social_log")),
    ("dashboard", None),
];

impl Dashboard {
    /// How the machine and the appliance are.
    pub fn health(&self, language: Language) -> HealthBody {
        let parts = &self.parts;
        let (now, sampler) = (parts.clock.now(), &parts.sampler);
        let (stores, latest, routes) =
            (parts.sources.stores.stores(), sampler.latest(), sampler.routes());
        let certificate = parts.sources.stores.certificate();
        let backups = parts.sources.stores.backups();
        let last_backup = backups.last_success;
        let facts = HealthFacts {
            backups: BackupAges::of(backups, now),
            mails_waiting: sampler.metrics().mails.waiting(),
            ..facts(&stores, latest.as_ref(), &routes, certificate, now)
        };
        let mut findings = rules::health(&facts);
        let feed = parts.sources.social_logs.bytes_and_bound();
        findings.extend(feed.and_then(feed_rule::feed));
        HealthBody {
            level: rules::worst(&findings).into(),
            findings: FindingBody::all(&findings, language),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: sampler.started().into(),
            uptime_seconds: now.millis_since(sampler.started()) / 1_000,
            sampled_at: latest.as_ref().map(|latest| latest.time.into()),
            machine: latest.as_ref().map(MachineBody::of).unwrap_or_default(),
            process: latest.as_ref().map(ProcessBody::of).unwrap_or_default(),
            parts: parts_of(&stores, &routes),
            stores: self.store_bodies(&stores),
            connections: sampler.metrics().connections.get(),
            audit_entries: parts.sources.stores.audit_entries(),
            certificate: CertificateBody {
                expires_at: certificate.map(|(_, end)| end.into()),
                days_left: facts.certificate_days_left,
            },
            backup: BackupBody {
                last_at: last_backup.map(Into::into),
                age_seconds: last_backup.map(|taken| (now.millis_since(taken) / 1_000).max(0)),
            },
        }
    }

    fn store_bodies(&self, stores: &[StoreFacts]) -> Vec<StoreBody> {
        let metrics = self.parts.sampler.metrics();
        let (durations, batches) = (metrics.commit_durations(), metrics.commit_batches());
        let none = Distribution::default();
        let body = |store: &StoreFacts| {
            let batch = batches.get(store.name).unwrap_or(&none);
            StoreBody {
                name: store.name.to_owned(),
                status: status(store.is_healthy),
                file_bytes: store.file_bytes,
                commits: store.commits,
                queue_depth: store.queued,
                batch_mean: batch.mean().map(super::dto::tidy),
                batch_p95: batch.quantile(0.95).map(super::dto::tidy),
                commit: durations.get(store.name).unwrap_or(&none).into(),
                outbox_events: store.outbox_events,
            }
        };
        stores.iter().map(body).collect()
    }
}

const fn status(is_healthy: bool) -> PartStatus {
    if is_healthy { PartStatus::Up } else { PartStatus::Stopped }
}

fn facts(
    stores: &[StoreFacts],
    latest: Option<&Latest>,
    routes: &RouteTraffic,
    certificate: Option<(Time, Time)>,
    now: Time,
) -> HealthFacts {
    let machine = latest.map(|latest| &latest.machine);
    let recent = routes.recent.total();
    HealthFacts {
        stopped_stores: stores.iter().filter(|store| !store.is_healthy).map(|s| s.name).collect(),
        disk_free_and_total_bytes: machine
            .and_then(|machine| machine.disk)
            .map(|disk| (disk.free_bytes, disk.total_bytes)),
        memory_used_and_total_bytes: machine
            .and_then(|machine| machine.memory_used_bytes().zip(machine.memory_total_bytes)),
        open_files_and_limit: latest
            .and_then(|latest| latest.process.open_files.zip(latest.process.open_files_limit)),
        certificate_days_left: certificate.map(|(_, end)| days(now, end)),
        certificate_life_days: certificate.map(|(begin, end)| days(begin, end)),
        recent_errors_and_requests: (recent.errors, recent.requests),
        outbox_events: stores.iter().filter_map(|store| store.outbox_events).sum(),
        ..HealthFacts::default()
    }
}

/// Whole days from one moment to another, which may lie before it.
fn days(from: Time, to: Time) -> i64 {
    (to.as_seconds() - from.as_seconds()).div_euclid(DAY_SECONDS)
}

fn parts_of(stores: &[StoreFacts], routes: &RouteTraffic) -> Vec<PartBody> {
    let (since_start, recent) = (routes.since_start.by_service(), routes.recent.by_service());
    let none = crate::telemetry::Traffic::default();
    let part = |(name, store): (&str, Option<&str>)| {
        let healthy = |store: &str| stores.iter().any(|s| s.name == store && s.is_healthy);
        PartBody {
            name: name.to_owned(),
            status: status(store.is_none_or(healthy)),
            since_start: since_start.get(name).unwrap_or(&none).into(),
            recent: recent.get(name).unwrap_or(&none).into(),
        }
    };
    PARTS.into_iter().map(part).collect()
}
