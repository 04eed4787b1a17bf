//! Pausing a writer between two groups, so that several files can be read as of one moment.
//!
//! This is a gate, and not a lock around each group: under load the writer would take such a lock again at
//! once, and a pause could wait for ever. A pause that is asked for keeps the next group from beginning, and a
//! group that was kept back goes before the next pause. So neither side can starve the other.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The gate of one writer.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    paused: bool,
    writing: bool,
    /// A group could not begin because the writer was paused. It goes before the next pause.
    waiting: bool,
}

/// A paused writer, which goes on when this is dropped.
#[must_use = "the writer goes on when this is dropped"]
pub struct WriterPause(Arc<Gate>);

/// A group in progress.
pub(super) struct Writing<'g>(&'g Gate);

impl Gate {
    /// Keeps the next group from beginning and waits for the end of this one.
    pub(super) fn pause(gate: &Arc<Self>) -> WriterPause {
        let mut state = gate.wait_while(gate.lock(), |state| state.paused || state.waiting);
        state.paused = true;
        drop(gate.wait_while(state, |state| state.writing));
        WriterPause(Arc::clone(gate))
    }

    /// For the writer: waits while it is paused.
    pub(super) fn enter(&self) -> Writing<'_> {
        let mut state = self.lock();
        state.waiting = state.paused;
        let mut state = self.wait_while(state, |state| state.paused);
        (state.waiting, state.writing) = (false, true);
        Writing(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while<'g>(
        &'g self,
        state: MutexGuard<'g, State>,
        mut waits: impl FnMut(&State) -> bool,
    ) -> MutexGuard<'g, State> {
        let waited = self.changed.wait_while(state, |state| waits(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WriterPause {
    fn drop(&mut self) {
        self.0.lock().paused = false;
        self.0.changed.notify_all();
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.lock().writing = false;
        self.0.changed.notify_all();
    }
}
