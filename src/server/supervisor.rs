//! Telling whoever started the appliance how it is: systemd's notify protocol (`sd_notify(3)`).
//!
//! One datagram a message to the socket that `NOTIFY_SOCKET` names, a path or, behind an `@`, an abstract
//! name. Without the variable nobody asked, and nothing is said. A long start asks for more time with
//! every sign of progress, so that it is not taken for a hang and killed half way.

use std::{
    ffi::OsString,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::{OsStrExt, OsStringExt},
            net::{SocketAddr, UnixDatagram},
        },
    },
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{domains::Domains, pulse::Pulse};
use crate::{
    clock::monotonic,
    store::{OpenProgress, OpenStep},
};

/// What one sign of progress asks for: a step of a migration may take this long without another.
const MORE_TIME: Duration = Duration::from_mins(10);
/// Between two signs of progress.
const PACE: Duration = Duration::from_secs(1);
/// How long a message may wait for a supervisor that is busy.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whoever started the appliance and wants to know. Clones talk to the same one.
#[derive(Debug, Clone, Default)]
pub struct Supervisor {
    listener: Option<Arc<Listener>>,
    /// How often it wants to hear that the appliance lives.
    watchdog: Option<Duration>,
    /// Whether a start is no longer wanted.
    stopping: Option<watch::Receiver<bool>>,
}

#[derive(Debug)]
struct Listener {
    socket: UnixDatagram,
    address: SocketAddr,
}

impl Supervisor {
    /// The supervisor that environment variables speak of, if they do.
    ///
    /// # Errors
    /// When they name a socket that cannot be.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Self> {
        let Some(name) = variable("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Ok(Self::default());
        };
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(Path::new(&name))?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let number = |name| String::from_utf8(variable(name)?.into_vec()).ok()?.parse::<u64>().ok();
        // A watchdog that another process is meant to feed is none of ours.
        let ours = match variable("WATCHDOG_PID") {
            Some(_) => number("WATCHDOG_PID") == Some(u64::from(std::process::id())),
            None => true,
        };
        let watchdog = number("WATCHDOG_USEC").filter(|time| ours && *time > 0);
        Ok(Self {
            listener: Some(Arc::new(Listener { socket, address })),
            watchdog: watchdog.map(Duration::from_micros),
            stopping: None,
        })
    }

    /// The same; a start under it is given up as soon as it can be once `stopping` says so.
    #[must_use]
    pub fn stopped_by(self, stopping: watch::Receiver<bool>) -> Self {
        Self { stopping: Some(stopping), ..self }
    }

    /// It serves.
    pub(super) fn ready(&self, words: &str) {
        self.say(&format!("READY=1\nSTATUS={words}"));
    }

    /// It reads again what may have changed; [`Supervisor::ready`] says when that is done
    /// (`Type=notify-reload`).
    pub(super) fn reloading(&self) {
        let now = monotonic().as_micros();
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS=reading certificates again"));
    }

    /// It is on its way out.
    pub fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=finishing requests in progress");
    }

    /// Says how a long start comes along: to the supervisor and to the log, at most once a second.
    pub(super) fn progress(&self) -> OpenProgress {
        let (supervisor, last) = (self.clone(), Mutex::new(None::<Instant>));
        let stopping = self.stopping.clone();
        let wanted = move || !stopping.as_ref().is_some_and(|stopping| *stopping.borrow());
        let told = OpenProgress::new(move |step: &OpenStep<'_>| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| last.elapsed() < PACE) {
                return;
            }
            *last = Some(Instant::now());
            let (file, percent) = (step.file.display(), step.percent);
            tracing::info!(%file, percent, "{}", step.name);
            let percent = percent.map_or(String::new(), |percent| format!(", {percent} %"));
            let file = step.file.file_name().unwrap_or_default().display();
            supervisor.say(&format!(
                "STATUS={file}: {}{percent}\nEXTEND_TIMEOUT_USEC={}\nWATCHDOG=1",
                step.name,
                MORE_TIME.as_micros()
            ));
        });
        told.while_wanted(wanted)
    }

    /// Feeds the watchdog for as long as the databases answer and the accept loop comes round; returns at
    /// once when there is none.
    ///
    /// Every half of its time: one answer may be late without harm. Past a database that does not answer, or
    /// a loop that is stuck, no request gets, and then a new start is the best that can happen.
    pub(super) async fn feed_watchdog(self, domains: Domains, pulse: Pulse) {
        let Some(time) = self.watchdog else { return };
        let mut ticks = tokio::time::interval(time / 2);
        loop {
            ticks.tick().await;
            let (answers, beats) = tokio::join!(
                tokio::time::timeout(time / 2, domains.answer()),
                tokio::time::timeout(time / 2, pulse.beat()),
            );
            match (answers, beats) {
                (Ok(Ok(())), Ok(())) => self.say("WATCHDOG=1"),
                (Ok(Err(error)), _) => tracing::error!(%error, "a database does not answer"),
                (Err(_), _) => tracing::error!("the databases do not answer in time"),
                (_, Err(_)) => tracing::error!("the accept loop does not come round"),
            }
        }
    }

    fn say(&self, message: &str) {
        let Some(Listener { socket, address }) = self.listener.as_deref() else { return };
        if let Err(error) = socket.send_to_addr(message.as_bytes(), address) {
            tracing::warn!(%error, "the supervisor cannot be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        config::{Config, ConfigSources},
    };

    fn supervisor(variables: &[(&str, &str)]) -> Supervisor {
        let find = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| OsString::from(value))
        };
        Supervisor::of(find).unwrap()
    }

    fn heard(socket: &UnixDatagram) -> String {
        socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn without_a_socket_nothing_is_said() {
        let silent = supervisor(&[("WATCHDOG_USEC", "1000000")]);
        silent.ready("words");
        assert!(silent.watchdog.is_none());
    }

    #[test]
    fn a_path_and_an_abstract_name_are_both_heard() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let at_path = UnixDatagram::bind(&path).unwrap();
        supervisor(&[("NOTIFY_SOCKET", path.to_str().unwrap())]).ready("here");
        assert_eq!(heard(&at_path), "READY=1\nSTATUS=here");
        let name = format!("appliance-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let abstractly = UnixDatagram::bind_addr(&address).unwrap();
        supervisor(&[("NOTIFY_SOCKET", &format!("@{name}"))]).stopping();
        assert!(heard(&abstractly).starts_with("STOPPING=1\n"));
    }

    #[test]
    fn progress_is_told_at_most_once_a_second_and_asks_for_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let progress = supervisor(&[("NOTIFY_SOCKET", path.to_str().unwrap())]).progress();
        let file = Path::new("data/auth.redb");
        for percent in 7..50 {
            progress.report(&OpenStep { file, name: "repairing", percent: Some(percent) });
        }
        let told = heard(&socket);
        assert!(told.starts_with("STATUS=auth.redb: repairing, 7 %\n"), "{told}");
        assert!(told.contains("EXTEND_TIMEOUT_USEC=600000000"), "{told}");
        socket.set_nonblocking(true).unwrap();
        assert!(socket.recv(&mut [0; 512]).is_err(), "once was enough");
    }

    #[tokio::test]
    async fn a_watchdog_is_not_fed_once_a_database_does_not_answer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let path = path.to_str().unwrap();
        let supervisor = supervisor(&[("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "200000")]);
        let config = Config::load(&ConfigSources::default()).unwrap();
        let domains = Domains::in_memory(&config, Clock::system()).unwrap();
        let (pulse, mut turns) = crate::server::pulse::pulse();
        let turning = tokio::spawn(async move {
            loop {
                turns.answer().await;
            }
        });
        let feed_for_a_while = async || {
            let feeding = supervisor.clone().feed_watchdog(domains.clone(), pulse.clone());
            let _ = tokio::time::timeout(Duration::from_millis(200), feeding).await;
            supervisor.stopping();
        };
        feed_for_a_while().await;
        assert_eq!(heard(&socket), "WATCHDOG=1");
        while !heard(&socket).starts_with("STOPPING=1") {}
        domains.user.store().close();
        feed_for_a_while().await;
        assert!(heard(&socket).starts_with("STOPPING=1"), "it was fed");
        turning.abort();
    }

    #[tokio::test]
    async fn a_watchdog_is_not_fed_once_the_accept_loop_is_stuck() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let path = path.to_str().unwrap();
        let supervisor = supervisor(&[("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "200000")]);
        let config = Config::load(&ConfigSources::default()).unwrap();
        let domains = Domains::in_memory(&config, Clock::system()).unwrap();
        let (pulse, turns) = crate::server::pulse::pulse();
        let feeding = supervisor.clone().feed_watchdog(domains.clone(), pulse.clone());
        let _ = tokio::time::timeout(Duration::from_millis(300), feeding).await;
        supervisor.stopping();
        assert!(heard(&socket).starts_with("STOPPING=1"), "it was fed");
        // A loop that has ended, as during a drain, is not asked.
        drop(turns);
        let feeding = tokio::spawn(supervisor.feed_watchdog(domains, pulse));
        let fed = tokio::task::spawn_blocking(move || heard(&socket)).await.unwrap();
        assert_eq!(fed, "WATCHDOG=1");
        feeding.abort();
    }

    #[test]
    fn a_watchdog_of_another_process_is_not_fed() {
        let own = std::process::id().to_string();
        let of = |pid: &str| {
            let socket = ("NOTIFY_SOCKET", "@nobody");
            supervisor(&[socket, ("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", pid)]).watchdog
        };
        assert_eq!(of(&own), Some(Duration::from_secs(2)));
        assert_eq!(of("1"), None);
    }
}
