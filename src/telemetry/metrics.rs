//! Every metric, in one list, with the names and labels that the Go stack's dashboards know.
//!
//! `http_*`, `auth_*`, `jwt_*`, `qr_*` and `gateway_*` keep their names and labels; what is ours alone
//! begins with `appliance_`. Labels hold route templates and fixed words, never ids or addresses, so
//! the number of series is bounded by the program and not by its visitors.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder};

use super::{
    backup_metrics::BackupMetrics,
    certificate_metrics::CertificateMetrics,
    feed_metrics::FeedMetrics,
    mail_metrics::MailMetrics,
    registry::{LATENCY_BUCKETS, counters, gauges, histograms, register},
    share_metrics::ShareMetrics,
    store_metrics::{StoreFamilies, StoreMetrics},
};
use crate::clock::Time;

/// Every metric of one running appliance. Clones share the figures.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    answered: Arc<AtomicU64>,
    pub(super) http_requests: IntCounterVec,
    pub(super) http_duration: HistogramVec,
    gateway_requests: IntCounterVec,
    pub(super) auth_attempts: IntCounterVec,
    registrations_refused: IntCounterVec,
    pub(super) jwt_validations: IntCounterVec,
    pub(super) qr_scans: IntCounterVec,
    qr_events: IntCounterVec,
    active_users: IntGaugeVec,
    events_active: IntGaugeVec,
    system_errors: IntCounterVec,
    start_time: IntGauge,
    /// Open TCP connections of the public listener.
    pub connections: IntGauge,
    outbox_lag: IntGaugeVec,
    /// What became of backups.
    pub backups: BackupMetrics,
    /// The social feed.
    pub feed: FeedMetrics,
    /// The certificates of the public listener.
    pub certificates: CertificateMetrics,
    /// What became of mail.
    pub mails: MailMetrics,
    /// What was refused or closed so that others get their share.
    pub shares: ShareMetrics,
    pub(super) stores: StoreFamilies,
}

impl Metrics {
    /// A fresh registry with every metric at zero.
    ///
    /// # Errors
    /// Only when two metrics share a name, which a test would have found.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let r = &registry;
        let build_info = counters(
            r,
            "appliance_build_info",
            "Always 1; the version is in the label.",
            &["version"],
        )?;
        build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).inc();
        Ok(Self {
            answered: Arc::default(),
            http_requests: counters(
                r,
                "http_requests_total",
                "HTTP requests answered.",
                &["method", "endpoint", "status_code", "service"],
            )?,
            http_duration: histograms(
                r,
                "http_request_duration_seconds",
                "Time from the request's head to the answer's.",
                &["method", "endpoint", "service"],
                &LATENCY_BUCKETS,
            )?,
            gateway_requests: counters(
                r,
                "gateway_proxy_requests_total",
                "Requests by the part that answered them.",
                &["target_service", "status_code"],
            )?,
            auth_attempts: counters(
                r,
                "auth_attempts_total",
                "Registrations and logins by outcome.",
                &["service", "status"],
            )?,
            registrations_refused: counters(
                r,
                "appliance_registrations_refused_total",
                "Registrations refused for what others have, or for an invitation, by reason.",
                &["reason"],
            )?,
            jwt_validations: counters(
                r,
                "jwt_validation_total",
                "Access tokens checked, by outcome.",
                &["service", "status"],
            )?,
            qr_scans: counters(r, "qr_scans_total", "Scans by outcome.", &["service", "status"])?,
            qr_events: counters(
                r,
                "qr_events_total",
                "Changes of events by kind.",
                &["service", "status"],
            )?,
            active_users: gauges(
                r,
                "active_users_total",
                "People with an open session, counted when asked.",
                &["service"],
            )?,
            events_active: gauges(
                r,
                "attendance_events_active",
                "Events that take scans, counted when asked.",
                &["service"],
            )?,
            system_errors: counters(
                r,
                "system_errors_total",
                "Errors that are ours.",
                &["service", "error_type"],
            )?,
            start_time: register(
                r,
                IntGauge::new("process_start_time_seconds", "When it was started, in Unix time.")?,
            )?,
            connections: register(
                r,
                IntGauge::new("appliance_connections", "Open connections of the listener.")?,
            )?,
            outbox_lag: gauges(
                r,
                "appliance_outbox_events",
                "Audit events waiting for the chain.",
                &["database"],
            )?,
            backups: BackupMetrics::new(r)?,
            feed: FeedMetrics::new(r)?,
            certificates: CertificateMetrics::new(r)?,
            mails: MailMetrics::new(r)?,
            shares: ShareMetrics::new(r)?,
            stores: StoreFamilies::register(r)?,
            registry,
        })
    }

    /// Counts an answered request. `endpoint` is the route's template; `service` the part behind it.
    pub fn http_request(
        &self,
        method: &str,
        endpoint: &str,
        status: u16,
        service: &str,
        took: Duration,
    ) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        let status = status.to_string();
        self.http_requests.with_label_values(&[method, endpoint, &status, service]).inc();
        self.http_duration
            .with_label_values(&[method, endpoint, service])
            .observe(took.as_secs_f64());
        self.gateway_requests.with_label_values(&[service, &status]).inc();
    }

    /// How many requests were answered in all, for who wants to know whether somebody is being served.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Counts a registration or login by outcome (`success`, `failure`).
    pub fn auth_attempt(&self, status: &str) {
        self.auth_attempts.with_label_values(&["auth", status]).inc();
    }

    /// Counts a registration that was refused by reason (`email`, `username`, `invitation`).
    pub fn registration_refused(&self, reason: &str) {
        self.registrations_refused.with_label_values(&[reason]).inc();
    }

    /// Counts the check of an access token by outcome (`valid`, `invalid`, `expired`).
    pub fn jwt_validation(&self, status: &str) {
        self.jwt_validations.with_label_values(&["gateway", status]).inc();
    }

    /// Counts a scan by outcome: `recorded`, `already_recorded`, or the refusal's code.
    pub fn qr_scan(&self, status: &str) {
        self.qr_scans.with_label_values(&["user", status]).inc();
    }

    /// Counts a change of an event (`created`, `activated`, `deactivated`, `deleted`).
    pub fn qr_event(&self, status: &str) {
        self.qr_events.with_label_values(&["user", status]).inc();
    }

    /// Says how many people have an open session and how many events take scans.
    pub fn present(&self, people: usize, events: usize) {
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.active_users.with_label_values(&["auth"]).set(number(people));
        self.events_active.with_label_values(&["user"]).set(number(events));
    }

    /// Counts an error that is ours (`panic`, `internal`).
    pub fn system_error(&self, kind: &str) {
        self.system_errors.with_label_values(&["gateway", kind]).inc();
    }

    /// Says when the appliance was started.
    pub fn started(&self, time: Time) {
        self.start_time.set(time.as_seconds());
    }

    /// Says how many audit events of a file wait for the chain.
    pub fn outbox_lag(&self, database: &str, events: usize) {
        let events = i64::try_from(events).unwrap_or(i64::MAX);
        self.outbox_lag.with_label_values(&[database]).set(events);
    }

    /// How many audit events of a file wait for the chain.
    pub fn outbox_events(&self, database: &str) -> i64 {
        self.outbox_lag.with_label_values(&[database]).get()
    }

    /// Says how much space the data directory's disk has left.
    pub fn free_space(&self, bytes: u64) {
        self.stores.free_space(bytes);
    }

    /// The metrics of one file's writer.
    pub fn store(&self, database: &str) -> StoreMetrics {
        self.stores.of(database)
    }

    /// The figures in Prometheus' text format, version 0.0.4.
    ///
    /// # Errors
    /// When a figure cannot be written as text.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
