//! What the running appliance answers to each request.

use std::{net::SocketAddr, time::Instant};

use serde_json::Value;
use tokio::sync::watch;

use crate::{
    audit_event::AuditContext,
    backup::BackupProgress,
    clock::Time,
    config::Config,
    control::{
        ApplianceStatus, BackupRequest, BackupStatus, BackupTaken, CertificateRequest, Check,
        DatabaseCheck, DatabaseStatus, ExitStatus, Refused, Request, ResponseStream, check_audit,
        execute, execute_on_invitations, execute_on_keys, execute_on_social, issue_setup_link,
        rotate_signing_key,
    },
    paths::DataDir,
    server::{
        backups::Backups,
        certificates::{Certificates, NotRenewed},
        domains::Domains,
        untouched::known_version,
    },
    store::Store,
};

/// After how many more bytes a backup says how far it is.
const MENTIONED_BYTES: u64 = 8 << 20;

/// What answers are made of. Clones share it.
#[derive(Clone)]
pub(in crate::server) struct ControlHandler {
    domains: Domains,
    backups: Backups,
    data: DataDir,
    certificates: Certificates,
    listen: String,
    redirect_listen: Option<SocketAddr>,
    public_url: String,
    connection_limit: u32,
    queue_capacity: u32,
    draining: watch::Receiver<bool>,
    started_at: Time,
    started: Instant,
}

impl ControlHandler {
    pub(in crate::server) fn new(
        config: &Config,
        domains: &Domains,
        backups: &Backups,
        certificates: &Certificates,
        data: &DataDir,
        (listen, redirect_listen): (String, Option<SocketAddr>),
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self {
            domains: domains.clone(),
            backups: backups.clone(),
            data: data.clone(),
            certificates: certificates.clone(),
            listen,
            redirect_listen,
            public_url: config.server.public_url.origin().to_owned(),
            connection_limit: config.limits.connections,
            queue_capacity: config.store.queue_capacity,
            draining,
            started_at: domains.clock.now(),
            started: Instant::now(),
        }
    }

    /// How people reach the appliance.
    pub(in crate::server) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Does what is asked for.
    pub(super) async fn answer(
        &self,
        request: Request,
        out: &ResponseStream,
    ) -> Result<Value, Refused> {
        match request {
            Request::Status => serde_json::to_value(self.status()).map_err(internal),
            Request::Check => serde_json::to_value(self.check().await).map_err(internal),
            Request::Metrics => self.metrics().await.map(Value::String),
            Request::Account(request) => execute(&self.domains.user_commands(), request, out).await,
            Request::Key(request) => execute_on_keys(&self.domains.auth, request, out).await,
            Request::Invitation(request) => {
                execute_on_invitations(&self.domains.auth, request, out).await
            }
            Request::Social(request) => {
                execute_on_social(&self.domains.user_commands(), request).await
            }
            Request::RotateSigningKey => rotate_signing_key(&self.domains.auth).await,
            Request::SetupLink => issue_setup_link(&self.domains.auth).await,
            Request::Backup(request) => self.back_up(request, out).await,
            Request::Certificate(request) => self.certificate(request).await,
        }
    }

    async fn certificate(&self, request: CertificateRequest) -> Result<Value, Refused> {
        if request == CertificateRequest::Renew {
            self.certificates.renew().await.map_err(|error| match error {
                NotRenewed::OutOfBudget(_) => {
                    Refused::new(ExitStatus::Conflict, "OUT_OF_BUDGET", error.to_string())
                }
                _ => Refused::new(ExitStatus::Failed, "NOT_RENEWED", error.to_string()),
            })?;
        }
        serde_json::to_value(self.certificates.report()).map_err(internal)
    }

    async fn back_up(
        &self,
        request: BackupRequest,
        out: &ResponseStream,
    ) -> Result<Value, Refused> {
        let out = out.clone();
        let mut last = None;
        let mention = move |progress: BackupProgress| {
            let now = (progress.step, progress.file, progress.bytes / MENTIONED_BYTES);
            if last.replace(now) != Some(now) {
                out.mention(progress.to_string());
            }
        };
        let from = AuditContext::COMMAND_LINE;
        let mut taken = self.backups.take_as_asked(request, from, mention).await?;
        // Whoever asked may stand in another directory.
        taken.path = std::path::absolute(&taken.path).map_err(internal)?;
        serde_json::to_value(BackupTaken::from(taken)).map_err(internal)
    }

    fn status(&self) -> ApplianceStatus {
        let domains = &self.domains;
        let databases = domains.stores().map(|(name, store)| self.database(name, store));
        ApplianceStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_at: self.started_at.to_string(),
            uptime_seconds: self.started.elapsed().as_secs(),
            data_directory: self.data.root().display().to_string(),
            listen: self.listen.clone(),
            redirect_listen: self.redirect_listen.map(|address| address.to_string()),
            public_url: self.public_url.clone(),
            draining: *self.draining.borrow(),
            connections: domains.metrics.connections.get(),
            connection_limit: self.connection_limit,
            databases: databases.into(),
            last_backup: self.backups.newest_listed().map(|listed| BackupStatus {
                name: listed.name.to_string(),
                taken_at: listed.name.time.to_string(),
                bytes: listed.bytes,
            }),
            certificate: self.certificates.first_to_end(),
            certificate_trouble: self.certificates.trouble(),
        }
    }

    fn database(&self, name: &str, store: &Store) -> DatabaseStatus {
        let path = self.data.stores().into_iter().find(|(known, _)| *known == name);
        let size = path.and_then(|(_, path)| path.metadata().ok());
        let metrics = self.domains.metrics.store(name);
        let has_outbox = self.domains.outboxes().iter().any(|(known, _)| *known == name);
        DatabaseStatus {
            name: name.to_owned(),
            healthy: store.is_healthy(),
            bytes: size.map(|metadata| metadata.len()),
            queue_depth: metrics.queue_depth(),
            queue_capacity: self.queue_capacity,
            commits: metrics.commits(),
            mean_batch: metrics.mean_batch(),
            outbox_events: has_outbox.then(|| self.domains.metrics.outbox_events(name)),
        }
    }

    async fn check(&self) -> Check {
        let mut databases = Vec::new();
        for (name, store) in self.domains.stores() {
            let fault = Domains::answers(store).await.err().map(|error| error.to_string());
            let known_version = known_version(name);
            let path = self.data.stores().into_iter().find(|(known, _)| *known == name);
            databases.push(DatabaseCheck {
                name: name.to_owned(),
                path: path.map(|(_, path)| path.display().to_string()).unwrap_or_default(),
                // A store that is open has taken every step.
                schema_version: Some(known_version),
                known_version,
                made_by: None,
                examined: "the running appliance reads and writes it".to_owned(),
                fault,
            });
        }
        Check { databases, audit: Some(check_audit(&self.domains.social_log).await) }
    }

    async fn metrics(&self) -> Result<String, Refused> {
        self.domains.measure().await.map_err(internal)?;
        self.domains.metrics.render().map_err(internal)
    }
}

fn internal(error: impl std::fmt::Display) -> Refused {
    Refused::new(ExitStatus::Failed, "INTERNAL", error.to_string())
}
