//! The server as a value: [`Server::bind`] opens everything, [`Server::run`] serves until told to stop.
//!
//! `domains` composes the domains, `routes` is the one table of what answers where, `listener` accepts and
//! `connection` speaks HTTP. Start-up takes nothing that was not there before: a start that fails has
//! changed nothing but finished migration steps.

mod acme;
mod authenticator;
mod backups;
mod certificates;
mod connection;
mod connection_limiter;
mod control;
mod dashboard_sources;
mod data;
mod docs;
mod document;
mod domains;
mod export;
mod health;
mod housekeeping;
mod instance;
mod listener;
mod offline_users;
mod policies;
mod pulse;
mod redirect;
mod relay;
mod reload;
mod routes;
mod serve_error;
mod socket;
mod start_error;
mod supervisor;
mod tasks;
mod tls;
mod untouched;
mod upgrade;
mod users;

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch};

use crate::{
    auth::{AuthError, AuthService},
    clock::Clock,
    config::{Config, Listen, RedirectListen, UnnamedProxy},
    gateway::Settings,
    mail::MailQueue,
    store::StoreError,
    telemetry::Sampler,
};
use backups::Backups;
use certificates::{Certificates, RenewalTask};
use control::ControlHandler;
use domains::Domains;
use listener::Listener;
use redirect::Redirect;
use routes::Routes;
use socket::{Socket, SocketPurpose, UnixSocket, bind_tcp, tokio_tcp};
use tasks::Tasks;
use upgrade::note_upgrade;

pub use backups::{back_up_offline, directory_of, encryption_of, prune};
pub use certificates::{certificates_at_rest, renew_at_rest};
pub use data::{DATA_FILES, existing_data, prepare_data};
pub use offline_users::OfflineUsers;
pub use reload::Reload;
pub use routes::openapi_document;
pub use serve_error::ServeError;
pub use socket::{PassedSockets, descriptors_for};
pub use start_error::StartError;
pub use supervisor::Supervisor;
pub use tls::{TlsFiles, UnreadableCertificate, certificate_status, covers, probe};
pub use untouched::check_files;

/// How often somebody looks what the files consist of, which reads them whole.
const SIZES: Duration = Duration::from_hours(6);
/// The first look, when the morning's rush after a start is over.
const FIRST_SIZES: Duration = Duration::from_mins(10);

/// An appliance with its files open and its sockets bound.
pub struct Server {
    listener: Listener,
    redirect: Option<(TcpListener, String)>,
    settings: Arc<Settings>,
    domains: Domains,
    backups: Box<Backups>,
    certificates: Certificates,
    renewal: RenewalTask,
    sampler: Sampler,
    setup_link: Option<String>,
    drain: watch::Sender<bool>,
    drain_time: Duration,
    control: Arc<UnixSocket>,
    handler: Box<ControlHandler>,
    supervisor: Supervisor,
    reload: Reload,
}

impl Server {
    /// Opens the data directory, binds the sockets, brings the databases up to date and makes the
    /// certificate if need be.
    ///
    /// # Errors
    /// [`StartError`], in words for the person who starts it.
    pub async fn bind(config: Config, clock: Clock) -> Result<Self, StartError> {
        Self::bind_under(Supervisor::default(), PassedSockets::default(), config, clock).await
    }

    /// The same, with a supervisor that is told how it comes along, and how the server is after that, and
    /// with the sockets that it has passed.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub async fn bind_under(
        supervisor: Supervisor,
        passed: PassedSockets,
        config: Config,
        clock: Clock,
    ) -> Result<Self, StartError> {
        if let Some(unnamed) = config.unnamed_proxy() {
            tracing::warn!(mend = unnamed.mend(), "{}", UnnamedProxy::message());
        }
        let data = prepare_data(&config)?;
        let socket = match passed.https {
            Some(socket) => Socket::of_passed(socket, config.tls.mode)?,
            None => Socket::bind(&config.server.listen).await?,
        };
        let redirect = match (passed.http, config.server.redirect_listen) {
            (Some(tcp), _) => Some(tokio_tcp(tcp).map_err(|error| unusable(&error))?),
            (None, RedirectListen::At(address)) => Some(bind_tcp(address).await?),
            (None, RedirectListen::Off) => None,
        };
        let origin = config.server.public_url.origin().to_owned();
        let redirect = redirect.map(|tcp| (tcp, origin));
        let listens_at = socket.listens_at().map_err(|error| unusable(&error))?;
        // On a thread of its own, for it may take long and whoever waits for it may want it to stop.
        let opening = {
            let (config, data, clock) = (config.clone(), data.clone(), clock.clone());
            let progress = supervisor.progress();
            move || Domains::open(&config, &data, clock, &progress)
        };
        let opened = tokio::task::spawn_blocking(opening).await;
        let domains = opened.map_err(|error| StartError::Internal(error.to_string()))??;
        domains.metrics.started(clock.now());
        note_upgrade(domains.data.as_ref(), domains.auth.store()).await;
        // After the files, which only one appliance can open: a second one that is refused must not
        // have replaced the certificate of the first.
        let kept = domains.metrics.certificates.clone();
        let (certificates, renewal) = Certificates::open(&config, &data, clock.clone(), kept)?;
        let tls = certificates.acceptor()?;
        let setup_link = setup_link(&domains.auth).await?;
        encryption_of(&config.backup)?;
        let own_host = config.server.public_url.host();
        let mail_queue = MailQueue::open(&config.mail, own_host, domains.metrics.mails.clone())?;
        let (drain, draining) = watch::channel(false);
        let letters = (config.server.name.as_str(), mail_queue.clone());
        let backups =
            Backups::new(domains.clone(), &config.backup, &data, letters, draining.clone());
        let sampler = dashboard_sources::start(&domains, Some(&data));
        let dashboard = dashboard_sources::dashboard(
            &config,
            &domains,
            &sampler,
            Some(&data),
            draining.clone(),
        );
        let Routes { endpoint, settings } = Routes::build(
            &config,
            &domains,
            backups.clone(),
            dashboard,
            mail_queue,
            draining.clone(),
        )?;
        let metrics = domains.metrics.clone();
        let redirects = redirect.is_some();
        let balancers = config.proxy.protocol_networks.clone();
        let listener = Listener::new(
            socket,
            tls,
            config.limits,
            balancers,
            endpoint,
            draining,
            metrics,
            redirects,
        );
        let drain_time = Duration::from_secs(config.server.drain_seconds);
        let control = config.server.control_socket_or(data.control_socket());
        let control = UnixSocket::bind(&control, SocketPurpose::Control)?;
        let redirect_address = redirect.as_ref().and_then(|(tcp, _)| tcp.local_addr().ok());
        let handler = ControlHandler::new(
            &config,
            &domains,
            &backups,
            &certificates,
            &data,
            (listens_at.to_string(), redirect_address),
            drain.subscribe(),
        );
        Ok(Self {
            listener,
            redirect,
            settings,
            domains,
            backups: Box::new(backups),
            certificates,
            renewal,
            sampler,
            setup_link,
            drain,
            drain_time,
            control: Arc::new(control),
            handler: Box::new(handler),
            supervisor,
            reload: Reload::default(),
        })
    }

    /// Where it listens: of use when the configuration said port 0.
    ///
    /// # Errors
    /// When the system does not know.
    pub fn listens_at(&self) -> std::io::Result<Listen> {
        self.listener.listens_at()
    }

    /// Asks it to read again what may have changed.
    pub fn reload(&self) -> Reload {
        self.reload.clone()
    }

    /// Where plain HTTP listens, if it does.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        self.redirect.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// The link that makes the first administrator, while there is none.
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    /// Serves until `shutdown`, then lets requests in progress finish, at most as long as configured,
    /// hands the last audit events over and closes the files.
    ///
    /// # Errors
    /// [`ServeError`] when a database failed or a task ended; every answer that was given stands.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        self.run_with(Tasks::new(), shutdown).await
    }

    async fn run_with(
        self,
        mut tasks: Tasks,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let Self {
            listener,
            redirect,
            settings,
            domains,
            backups,
            certificates,
            renewal,
            sampler,
            drain,
            drain_time,
            ..
        } = self;
        let supervisor = self.supervisor;
        let (pulse, turns) = pulse::pulse();
        let feeding = supervisor.clone().feed_watchdog(domains.clone(), pulse);
        let watchdog = tokio::spawn(tasks.finite("watchdog", feeding));
        let words = format!("serving as {}", self.handler.public_url());
        let handler = Box::pin(control::serve(self.control, *self.handler));
        let control = tokio::spawn(tasks.lasting("control", handler));
        let mut background = tokio::task::JoinSet::new();
        if let Some((redirect, origin)) = redirect {
            let (challenges, clock) = (certificates.challenges(), domains.clock.clone());
            let (networks, balancers) = (listener.networks(), listener.balancers());
            let plain = Redirect::new(&origin, challenges, clock, networks, balancers);
            background.spawn(tasks.lasting("redirect", plain.serve(redirect)));
        }
        let sources = vec![certificates.reload()];
        let reloading = self.reload.serve(supervisor.clone(), words.clone(), sources);
        background.spawn(tasks.lasting("reload", reloading));
        background.spawn(tasks.lasting("certificates", renewal.run()));
        let housekeeping = housekeeping::keep(settings, domains.clone());
        background.spawn(tasks.lasting("housekeeping", housekeeping));
        background.spawn(tasks.lasting("sizes", look_at_sizes(domains.clone())));
        background.spawn(tasks.finite("healing", domains.clone().heal_users()));
        let sampling = dashboard_sources::sample(domains.clone(), sampler.clone());
        background.spawn(tasks.lasting("samples", sampling));
        // Told to finish only when nobody is served any more: what is answered during the drain leaves
        // events too.
        let (finish, finishing) = watch::channel(false);
        let relay = tokio::spawn(tasks.lasting("relay", relay::run(domains.clone(), finishing)));
        let schedule = tokio::spawn(tasks.finite("schedule", Box::pin(backups.run_schedule())));
        let serving = Box::pin(listener.serve(drain_time, turns));
        let serving = tokio::spawn(tasks.lasting("listener", serving));
        supervisor.ready(&words);
        let outcome = tokio::select! {
            () = shutdown => Ok(()),
            () = domains.stopped() => Err(ServeError::StoreStopped),
            name = tasks.first_to_end() => Err(ServeError::TaskEnded { name }),
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "cannot go on");
        }
        tracing::info!("stopping");
        supervisor.stopping();
        drain.send_replace(true);
        let _ = serving.await;
        background.shutdown().await;
        housekeeping::finish(&domains).await;
        finish.send_replace(true);
        let _ = relay.await;
        // A backup in progress is given up.
        let _ = schedule.await;
        // Answered to the end, so that whoever asks learns what the appliance waits for.
        watchdog.abort();
        control.abort();
        let _ = control.await;
        let closing = move || {
            sampler.close();
            domains.close();
        };
        let _ = tokio::task::spawn_blocking(closing).await;
        outcome
    }
}

fn unusable(error: &std::io::Error) -> StartError {
    StartError::Socket(format!("a listening socket cannot be used: {error}"))
}

async fn setup_link(auth: &AuthService) -> Result<Option<String>, AuthError> {
    match auth.issue_setup_link().await {
        // Reading goes on, and a start with space makes one.
        Err(AuthError::Store(StoreError::NoSpace)) => {
            tracing::warn!("the disk is too full to make the link for the first administrator");
            Ok(None)
        }
        issued => issued,
    }
}

async fn look_at_sizes(domains: Domains) {
    tokio::time::sleep(FIRST_SIZES).await;
    let mut ticks = tokio::time::interval(SIZES);
    loop {
        ticks.tick().await;
        let domains = domains.clone();
        let _ = tokio::task::spawn_blocking(move || domains.look_at_sizes()).await;
    }
}

#[cfg(test)]
mod tests;
