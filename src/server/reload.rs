//! Reading again, while serving, what may have changed: asked for by SIGHUP, told to the supervisor.
//!
//! What is read again is what [`Server::run`](super::Server::run) hands over; the configuration is not: a
//! change to it takes a restart, which refuses nobody when systemd holds the sockets.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::Supervisor;

/// Something that is read again. What cannot be read it says itself, and keeps what it has.
pub(super) type ReloadTarget = Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Asks a running server to read again. Clones ask the same one; what is asked while it reads is done
/// once more afterwards.
#[derive(Debug, Clone, Default)]
pub struct Reload(Arc<Notify>);

impl Reload {
    /// Asks for it.
    pub fn ask(&self) {
        self.0.notify_one();
    }

    /// Reads again whenever it is asked to, until it is dropped.
    pub(super) async fn serve(
        self,
        supervisor: Supervisor,
        ready: String,
        sources: Vec<ReloadTarget>,
    ) {
        loop {
            self.0.notified().await;
            supervisor.reloading();
            tracing::info!("reloading");
            for source in &sources {
                source().await;
            }
            supervisor.ready(&ready);
        }
    }
}
