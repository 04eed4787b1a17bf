//! The memory that request bodies may take together.
//!
//! Each body has a cap, and so has the number of connections; their product is more than a small
//! machine has. What is counted is what has arrived, not what was announced, and nobody waits: past
//! the budget a request is answered that the server is busy, so nothing can be held up by holding on.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit of the budget: small bodies cost one.
const UNIT_BYTES: usize = 1_024;

/// A number of bytes for all bodies that are being read. Clones share it.
#[derive(Debug, Clone)]
pub struct BodyBudget(Arc<Semaphore>);

impl BodyBudget {
    /// A budget of so many bytes, rounded down to whole KiB.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT_BYTES).min(Semaphore::MAX_PERMITS))))
    }

    /// A share of nothing yet.
    pub(super) fn share(&self) -> BodyShare {
        BodyShare { budget: Arc::clone(&self.0), taken: None }
    }
}

/// What one body has taken of the budget; given back when dropped.
pub(super) struct BodyShare {
    budget: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl BodyShare {
    /// Takes what is lacking to so many bytes; says whether there was enough.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let held = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let lacking = bytes.div_ceil(UNIT_BYTES).saturating_sub(held);
        let Ok(lacking) = u32::try_from(lacking) else { return false };
        let Ok(more) = Arc::clone(&self.budget).try_acquire_many_owned(lacking) else {
            return false;
        };
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_a_budget_and_give_it_back() {
        let budget = BodyBudget::new(8 * UNIT_BYTES);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert!(first.grow_to(1) && first.grow_to(UNIT_BYTES));
        assert!(first.grow_to(5 * UNIT_BYTES));
        assert!(!second.grow_to(3 * UNIT_BYTES + 1));
        assert!(second.grow_to(3 * UNIT_BYTES));
        assert!(!first.grow_to(5 * UNIT_BYTES + 1));
        drop(first);
        assert!(second.grow_to(8 * UNIT_BYTES));
    }
}
