//! `appliance serve`: runs until it is told to stop.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Global};
use crate::{
    clock::Clock,
    server::{Server, Supervisor},
    telemetry::start_logging,
};

/// Runs the appliance.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where HTTPS listens; the same as --set server.listen=ADDR:PORT.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Where plain HTTP redirects from, or off; the same as --set `server.redirect_listen`=….
    #[arg(long, value_name = "ADDR:PORT|off")]
    redirect_listen: Option<String>,
}

impl Serve {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let mut flags = Vec::new();
        flags.extend(self.listen.map(|address| ("server.listen", address)));
        flags.extend(self.redirect_listen.map(|address| ("server.redirect_listen", address)));
        let config = global.load(&flags)?;
        let log = start_logging(config.log.format.resolve(), &config.log.filter);
        let _log = log.map_err(Failure::Usage)?;
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            // Before anything is opened: until then a signal ends the process where it stands, and
            // whoever has read that it is ready may send one at once.
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut hangup = signal(SignalKind::hangup())?;
            let public_url = config.server.public_url.origin().to_owned();
            let data = config.data.directory.clone();
            let supervisor = Supervisor::of(|name| std::env::var_os(name)).map_err(|error| {
                Failure::Usage(format!("NOTIFY_SOCKET names no socket: {error}"))
            })?;
            let server = Server::bind_under(supervisor, config, Clock::system()).await?;
            if let Some(link) = server.setup_link() {
                global.say(format_args!(
                    "\nThere is no administrator yet. Open this link once to become the first:\n\n    \
                     {link}\n"
                ));
            }
            tracing::info!(
                address = %server.address()?,
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
            server.run(shutdown).await.map_err(|error| Failure::Failed(error.to_string()))
        })
    }
}
