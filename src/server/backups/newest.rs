//! The newest backup that was seen: whoever asks for it waits for no disk.

use std::sync::{Arc, Mutex, PoisonError};

use crate::backup::Listed;

/// The newest backup that was seen and can be counted on. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Newest(Arc<Mutex<Option<Listed>>>);

impl Newest {
    pub(super) fn get(&self) -> Option<Listed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, newest: Option<Listed>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = newest;
    }
}
