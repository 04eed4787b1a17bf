//! What a connection waits for, and the deadlines of the client.
//!
//! The server owes work from the head of a request until it has data of the response to send; the client then must
//! take it in time ([`ConnectionTimers::response_ready`], `tracked_body`), and what waits in the socket is the client's to
//! read (`transport`). `exchange` keeps the counts right, and `upload` says when a request waits for its own body. Every
//! wait for a client has its deadline, and [`ConnectionTimers::deadline`] knows the next one.
//! [`ConnectionTimers::waiting_for`] tells who is waited for, so that a new connection can replace one that rests
//! (`server/connection_limiter`).

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::config::LimitsConfig;

/// How long a connection that was asked to end may go on without anything moving.
const CLOSE_GRACE: Duration = Duration::from_secs(3);
/// What a client must take of an answer that waits, within the time that it has for that.
const LEAST_PROGRESS: usize = 16 * 1024;
/// What a connection with nothing asked may be sent before it is taken for a flood of frames: twice the
/// window of HTTP/2, so that the rest of a body that was refused is none.
const MOST_UNASKED: usize = 2 << 20;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// What ends a connection when its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deadline {
    /// Nothing was asked since the beginning.
    FirstRequest,
    /// Nothing was asked since the last answer.
    Idle,
    /// The head of a request began and did not end.
    Head,
    /// An answer waits to be read.
    WriteStall,
    /// It was asked to end, and does not.
    CloseGrace,
    /// Nothing is due; a clock that starts later could be.
    Later,
}

/// Who is waited for on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum WaitingFor {
    /// The server: a request is being answered.
    Server,
    /// The client, in the middle of a request or a response, of which nothing has moved since then.
    Client(Instant),
    /// Nobody: no request has come since then.
    Nobody(Instant),
}

/// The clocks of a connection, and the counts that they depend on.
pub(in crate::server) struct ConnectionTimers {
    limits: LimitsConfig,
    state: Mutex<State>,
    asked: Notify,
    displaced: Notify,
}

struct State {
    /// Nothing while TLS is being agreed on.
    protocol: Option<Protocol>,
    has_requested: bool,
    /// When anything last began, ended or moved.
    at: Instant,
    /// Requests and pieces of responses that the client waits for.
    pending: usize,
    /// Requests of these that wait for their bodies, and so for the client.
    uploads: usize,
    /// Responses that the client has not read, and since when.
    unread: HashMap<u64, Instant>,
    next_answer: u64,
    head_since: Option<Instant>,
    unsent: Option<Unsent>,
    unasked_bytes: usize,
    cancelled: usize,
    leaves_body_unread: bool,
    /// Bodies that are read for nothing.
    discarded: usize,
    is_cut_off: bool,
}

/// What the socket does not take.
struct Unsent {
    since: Instant,
    taken_bytes: usize,
}

impl State {
    fn is_idle(&self) -> bool {
        self.pending == 0 && self.unread.is_empty()
    }
}

impl ConnectionTimers {
    pub(in crate::server) fn new(limits: LimitsConfig) -> Self {
        let state = State {
            protocol: None,
            has_requested: false,
            at: Instant::now(),
            pending: 0,
            uploads: 0,
            unread: HashMap::new(),
            next_answer: 0,
            head_since: None,
            unsent: None,
            unasked_bytes: 0,
            cancelled: 0,
            leaves_body_unread: false,
            discarded: 0,
            is_cut_off: false,
        };
        Self { limits, state: Mutex::new(state), asked: Notify::new(), displaced: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on it speaks HTTP, and has to ask something.
    pub(super) fn set_protocol(&self, protocol: Protocol) {
        let mut state = self.state();
        state.protocol = Some(protocol);
        state.at = Instant::now();
    }

    /// The head of a request has come, and its answer is pending.
    pub(in crate::server) fn request_started(&self) {
        let mut state = self.state();
        state.pending += 1;
        state.at = Instant::now();
        state.head_since = None;
        state.unasked_bytes = 0;
        state.leaves_body_unread = false;
        if !std::mem::replace(&mut state.has_requested, true) {
            self.asked.notify_one();
        }
    }

    /// The client cancelled a request before the response began.
    pub(super) fn request_cancelled(&self) {
        self.state().cancelled += 1;
    }

    /// The client reads a response, which makes up for one that it cancelled.
    pub(super) fn response_wanted(&self) {
        let mut state = self.state();
        state.cancelled = state.cancelled.saturating_sub(1);
    }

    /// A response begins, and gets a number; `leaves_body_unread` when the client may still be sending.
    pub(super) fn response_started(&self, leaves_body_unread: bool) -> u64 {
        let mut state = self.state();
        state.leaves_body_unread = leaves_body_unread;
        state.next_answer += 1;
        state.next_answer
    }

    /// Whether anything was asked yet.
    pub(super) fn has_requested(&self) -> bool {
        self.state().has_requested
    }

    /// Returns when the first request has come.
    pub(super) async fn first_request(&self) {
        self.asked.notified().await;
    }

    /// A piece of an answer is pending, or no longer.
    pub(in crate::server) fn add_pending(&self, pieces: isize) {
        let mut state = self.state();
        state.pending = state.pending.saturating_add_signed(pieces);
        state.at = Instant::now();
    }

    /// A piece of a response is ready for the client to read.
    pub(super) fn response_ready(&self, answer: u64) {
        let mut state = self.state();
        let now = Instant::now();
        state.at = now;
        state.unread.insert(answer, now);
    }

    /// The client has taken the piece, or the response is over.
    pub(super) fn response_taken(&self, answer: u64) {
        let mut state = self.state();
        state.at = Instant::now();
        state.unread.remove(&answer);
    }

    /// A request waits for more of its body, or no longer.
    pub(in crate::server) fn add_uploads(&self, bodies: isize) {
        let mut state = self.state();
        state.uploads = state.uploads.saturating_add_signed(bodies);
        state.at = Instant::now();
    }

    /// Who is waited for.
    pub(in crate::server) fn waiting_for(&self) -> WaitingFor {
        let state = self.state();
        if state.is_idle() && state.unsent.is_none() {
            WaitingFor::Nobody(state.at)
        } else if state.pending > state.uploads {
            WaitingFor::Server
        } else {
            WaitingFor::Client(state.at)
        }
    }

    /// Asks the connection to make room for another, unless something is being answered by then.
    pub(in crate::server) fn displace(&self) {
        self.displaced.notify_one();
    }

    /// Returns when the connection was asked to make room.
    pub(in crate::server) async fn was_displaced(&self) {
        self.displaced.notified().await;
    }

    /// Bytes came from the client.
    ///
    /// # Errors
    /// When it sends much and asks nothing, or asks much and takes it back: the connection must end.
    pub(super) fn received(&self, bytes: usize) -> io::Result<()> {
        let mut state = self.state();
        let Some(protocol) = state.protocol else { return Ok(()) };
        if state.cancelled > self.limits.h2_resets() {
            return Err(io::Error::other("too many requests were taken back"));
        }
        if !state.is_idle() {
            return Ok(());
        }
        state.unasked_bytes += bytes;
        if state.unasked_bytes > MOST_UNASKED {
            return Err(io::Error::other("much was sent and nothing asked"));
        }
        // Over HTTP/2 there are many things to say besides requests.
        if protocol == Protocol::Http1 && state.discarded == 0 {
            state.head_since.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    /// What comes from now on belongs to a body that nobody wants, or no longer does.
    pub(super) fn discard(&self, bodies: isize) {
        let mut state = self.state();
        state.discarded = state.discarded.saturating_add_signed(bodies);
        state.at = Instant::now();
    }

    /// The socket took bytes for the client.
    pub(super) fn sent(&self, bytes: usize) {
        let mut state = self.state();
        let now = Instant::now();
        // Over HTTP/2 this may be an answer to a ping, which is no progress.
        if state.protocol == Some(Protocol::Http1) {
            state.at = now;
        }
        if let Some(unsent) = &mut state.unsent {
            unsent.taken_bytes += bytes;
            if unsent.taken_bytes >= LEAST_PROGRESS {
                *unsent = Unsent { since: now, taken_bytes: 0 };
            }
        }
    }

    /// The socket takes nothing more for now.
    pub(super) fn blocked(&self) {
        let unsent = || Unsent { since: Instant::now(), taken_bytes: 0 };
        self.state().unsent.get_or_insert_with(unsent);
    }

    /// The socket has taken everything.
    pub(super) fn flushed(&self) {
        self.state().unsent = None;
    }

    /// The connection is cut off: what waits for the client is thrown away.
    pub(super) fn cut_off(&self) {
        self.state().is_cut_off = true;
    }

    /// Whether it was.
    pub(super) fn is_cut_off(&self) -> bool {
        self.state().is_cut_off
    }

    /// Whether the client may still be sending a body that nobody reads.
    pub(super) fn leaves_body_unread(&self) -> bool {
        self.state().leaves_body_unread
    }

    /// What is due next, and how long until then; zero when it is due. A connection that was asked to end
    /// is `leaving` since some moment.
    pub(super) fn deadline(&self, leaving: Option<Instant>) -> (Deadline, Duration) {
        let limits = &self.limits;
        let later = limits.head().min(limits.write_stall()).min(limits.idle());
        let mut next = (Deadline::Later, leaving.map_or(later, |_| later.min(CLOSE_GRACE)));
        let mut consider = |limit, since: Instant, allowance: Duration| {
            let left = allowance.saturating_sub(since.elapsed());
            if left <= next.1 {
                next = (limit, left);
            }
        };
        let state = self.state();
        let unread = state.unread.values().min().copied();
        for since in
            [unread, state.unsent.as_ref().map(|unsent| unsent.since)].into_iter().flatten()
        {
            consider(Deadline::WriteStall, since, limits.write_stall());
        }
        if let Some(since) = state.head_since {
            consider(Deadline::Head, since, limits.head());
        }
        if state.is_idle() {
            match leaving {
                Some(since) => consider(Deadline::CloseGrace, since.max(state.at), CLOSE_GRACE),
                None if state.has_requested => consider(Deadline::Idle, state.at, limits.idle()),
                None => consider(Deadline::FirstRequest, state.at, limits.first_request()),
            }
        }
        next
    }
}

#[cfg(test)]
mod tests;
