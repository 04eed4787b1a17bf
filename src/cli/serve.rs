//! `appliance serve`: runs until it is told to stop.

use std::{
    future::Future,
    io::{self, IsTerminal},
    time::Duration,
};

use clap::Args;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{Failure, Global};
use crate::{
    clock::Clock,
    config::Config,
    server::{PassedSockets, Server, StartError, Supervisor},
    telemetry::{log_panics, start_logging},
};

/// How long a start that is to stop may take to come to a moment where it can.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the appliance.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where HTTPS listens; the same as --set server.listen=….
    #[arg(long, value_name = "ADDR:PORT|unix:PATH")]
    listen: Option<String>,
    /// Where plain HTTP redirects from, or off; the same as --set `server.redirect_listen`=….
    #[arg(long, value_name = "ADDR:PORT|off")]
    redirect_listen: Option<String>,
}

impl Serve {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        // Before there is a second thread: it changes the environment.
        let passed = PassedSockets::take()?;
        let mut flags = Vec::new();
        flags.extend(self.listen.map(|address| ("server.listen", address)));
        flags.extend(self.redirect_listen.map(|address| ("server.redirect_listen", address)));
        let config = global.load(&flags)?;
        // Before there is a second thread, as well.
        global.become_owner(&config.data.directory)?;
        let log = start_logging(config.log.format.resolve(), &config.log.filter);
        let _log = log.map_err(Failure::Usage)?;
        log_panics();
        let runtime = tokio::runtime::Runtime::new()?;
        let ended = runtime.block_on(serve(global, passed, config))?;
        if ended == Ended::WhileStarting {
            // What cannot be given up half way, such as a step of a migration, ends with the process: a file
            // that is cut off there is whole again with the next start.
            runtime.shutdown_background();
        } else {
            // Everything is closed; what is left may be reading from a disk that never answers.
            runtime.shutdown_timeout(LEFT_OVER);
        }
        Ok(())
    }
}

/// How long threads that are left after serving may take to end.
const LEFT_OVER: Duration = Duration::from_secs(2);

/// How it came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// It served until it was told to stop.
    AfterServing,
    /// It was told to stop before it served.
    WhileStarting,
}

async fn serve(global: &Global, passed: PassedSockets, config: Config) -> Result<Ended, Failure> {
    // Before anything is opened: until then a signal ends the process where it stands, and whoever has read
    // that it is ready may send one at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let public_url = config.server.public_url.origin().to_owned();
    let data = config.data.directory.clone();
    let supervisor = Supervisor::of(|name| std::env::var_os(name))
        .map_err(|error| Failure::Usage(format!("NOTIFY_SOCKET names no socket: {error}")))?;
    let (stop, stopping) = watch::channel(false);
    let supervisor = supervisor.stopped_by(stopping);
    let mut starting =
        Box::pin(Server::bind_under(supervisor.clone(), passed, config, Clock::system()));
    let server = tokio::select! {
        server = &mut starting => server?,
        _ = interrupt.recv() => return Ok(Box::pin(give_up(supervisor, &stop, starting)).await),
        _ = terminate.recv() => return Ok(Box::pin(give_up(supervisor, &stop, starting)).await),
    };
    greet(global, &server);
    tracing::info!(
        address = %server.listens_at()?,
        redirect = server.redirect_address().map(tracing::field::display),
        %public_url,
        data = %data.display(),
        version = env!("CARGO_PKG_VERSION"),
        "ready"
    );
    let reload = server.reload();
    let shutdown = async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => return,
                _ = terminate.recv() => return,
                _ = hangup.recv() => reload.ask(),
            }
        }
    };
    let ended = Box::pin(server.run(shutdown)).await;
    ended.map(|()| Ended::AfterServing).map_err(|error| Failure::Failed(error.to_string()))
}

/// Ends a start that is no longer wanted: at the next moment that allows it, and where none comes, anyhow.
async fn give_up(
    supervisor: Supervisor,
    stop: &watch::Sender<bool>,
    starting: impl Future<Output = Result<Server, StartError>>,
) -> Ended {
    tracing::info!("stopping during the start");
    supervisor.stopping();
    stop.send_replace(true);
    match tokio::time::timeout(PATIENCE, starting).await {
        // It was ready in the same moment.
        Ok(Ok(server)) => drop(server.run(std::future::ready(())).await),
        Ok(Err(error)) => tracing::info!(%error, "the start was given up"),
        Err(_) => tracing::info!("the start was cut off"),
    }
    tracing::info!("stopped during the start; the next goes on from here");
    Ended::WhileStarting
}

/// Shows the link for the first administrator to a person: on a terminal. A log is kept and read by others, so
/// there only the way to it is named.
fn greet(global: &Global, server: &Server) {
    let Some(link) = server.setup_link() else { return };
    if io::stderr().is_terminal() {
        global.say(format_args!(
            "\nThere is no administrator yet. Open this link once to become the first:\n\n    {link}\n"
        ));
    } else {
        global.say(
            "There is no administrator yet. For the link that makes the first: appliance setup-link",
        );
    }
}
