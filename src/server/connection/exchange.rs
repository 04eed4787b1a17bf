//! One request and its answer: whose turn it is, told to the `activity` of the connection whatever becomes
//! of them.

use std::sync::Arc;

use super::activity::Activity;

/// A request that is being answered. Dropped before that, it was taken back.
pub(super) struct Requested {
    activity: Arc<Activity>,
    is_answered: bool,
}

impl Requested {
    /// The head of a request has come.
    pub(super) fn begin(activity: &Arc<Activity>) -> Self {
        activity.begin();
        Self { activity: Arc::clone(activity), is_answered: false }
    }

    /// The connection's.
    pub(super) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    /// The answer begins; `leaves_body_unread` when the client may still be sending a body.
    pub(super) fn answered(mut self, leaves_body_unread: bool) -> Offered {
        self.is_answered = true;
        let activity = Arc::clone(&self.activity);
        let answer = activity.answer(leaves_body_unread);
        activity.offer(answer);
        Offered { activity, answer, is_owed: false, is_wanted: false }
    }
}

impl Drop for Requested {
    fn drop(&mut self) {
        if !self.is_answered {
            self.activity.take_back();
        }
        self.activity.owe(-1);
    }
}

/// An answer on its way.
pub(super) struct Offered {
    activity: Arc<Activity>,
    answer: u64,
    is_owed: bool,
    is_wanted: bool,
}

impl Offered {
    /// Somebody is there to take it. Dropped before that, its request was taken back.
    pub(super) fn begin(&mut self) {
        if !std::mem::replace(&mut self.is_wanted, true) {
            self.activity.give();
        }
    }

    /// The client waits for the next piece.
    pub(super) fn wait_for_us(&mut self) {
        if !std::mem::replace(&mut self.is_owed, true) {
            self.activity.owe(1);
            self.activity.retract(self.answer);
        }
    }

    /// The next piece waits for the client.
    pub(super) fn wait_for_client(&mut self) {
        self.activity.offer(self.answer);
        if std::mem::take(&mut self.is_owed) {
            self.activity.owe(-1);
        }
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        if !self.is_wanted {
            self.activity.take_back();
        }
        self.activity.retract(self.answer);
        if self.is_owed {
            self.activity.owe(-1);
        }
    }
}
