//! One request and its response: guards that keep the counts of the `timers` right whatever becomes of them.

use std::sync::Arc;

use super::timers::ConnectionTimers;

/// A request that is being answered. Dropped before that, the client has cancelled it.
pub(super) struct RequestGuard {
    timers: Arc<ConnectionTimers>,
    is_answered: bool,
}

impl RequestGuard {
    /// The head of a request has come.
    pub(super) fn start(timers: &Arc<ConnectionTimers>) -> Self {
        timers.request_started();
        Self { timers: Arc::clone(timers), is_answered: false }
    }

    /// The connection's.
    pub(super) fn timers(&self) -> Arc<ConnectionTimers> {
        Arc::clone(&self.timers)
    }

    /// The answer begins; `leaves_body_unread` when the client may still be sending a body.
    pub(super) fn answered(mut self, leaves_body_unread: bool) -> ResponseGuard {
        self.is_answered = true;
        let timers = Arc::clone(&self.timers);
        let answer = timers.response_started(leaves_body_unread);
        timers.response_ready(answer);
        ResponseGuard { timers, answer, is_owed: false, is_wanted: false }
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if !self.is_answered {
            self.timers.request_cancelled();
        }
        self.timers.add_pending(-1);
    }
}

/// A response on its way.
pub(super) struct ResponseGuard {
    timers: Arc<ConnectionTimers>,
    answer: u64,
    is_owed: bool,
    is_wanted: bool,
}

impl ResponseGuard {
    /// The client reads it. Dropped before that, the client has cancelled its request.
    pub(super) fn wanted(&mut self) {
        if !std::mem::replace(&mut self.is_wanted, true) {
            self.timers.response_wanted();
        }
    }

    /// The client waits for the next piece.
    pub(super) fn wait_for_us(&mut self) {
        if !std::mem::replace(&mut self.is_owed, true) {
            self.timers.add_pending(1);
            self.timers.response_taken(self.answer);
        }
    }

    /// The next piece waits for the client.
    pub(super) fn wait_for_client(&mut self) {
        self.timers.response_ready(self.answer);
        if std::mem::take(&mut self.is_owed) {
            self.timers.add_pending(-1);
        }
    }
}

impl Drop for ResponseGuard {
    fn drop(&mut self) {
        if !self.is_wanted {
            self.timers.request_cancelled();
        }
        self.timers.response_taken(self.answer);
        if self.is_owed {
            self.timers.add_pending(-1);
        }
    }
}
