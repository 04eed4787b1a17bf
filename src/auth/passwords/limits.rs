//! How often somebody may ask for a link because they forgot their password.

use std::{num::NonZeroU32, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    auth::AuthError,
    clock::Time,
    config::RateLimitConfig,
    http::{ClientNetwork, NetworkGroup},
    ids::UserId,
    limit::{Budget, Limiter, Policy},
};

/// Links that are mailed to one person in an hour, so that no stranger can fill a mailbox.
const MESSAGES_AN_HOUR: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// Accounts that are looked for at once because somebody forgot their password.
const LOOKED_FOR: usize = 64;

/// Counts links for forgotten passwords.
pub(in crate::auth) struct PasswordLimits {
    enabled: bool,
    messages: Limiter<UserId>,
    asked: Budget<NetworkGroup>,
    looking: Arc<Semaphore>,
}

impl PasswordLimits {
    pub(in crate::auth) fn new(config: &RateLimitConfig) -> Self {
        Self {
            enabled: config.enabled,
            messages: Limiter::new(Policy::PasswordReset, MESSAGES_AN_HOUR),
            asked: Budget::new(Policy::PasswordReset, config.password_resets_per_network_per_hour),
            looking: Arc::new(Semaphore::new(LOOKED_FOR)),
        }
    }

    /// A place to look for an account behind an answer; nothing when all are taken.
    pub(super) fn place_to_look(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.looking).try_acquire_owned().ok()
    }

    /// Counts a link that is asked for, whoever it is for.
    pub(super) fn ask(&self, network: ClientNetwork, now: Time) -> Result<(), AuthError> {
        if !self.enabled {
            return Ok(());
        }
        let counted = self.asked.count(&network, &(), now);
        counted.map_err(|stopped| AuthError::TooManyResets(stopped.reset_seconds))?;
        Ok(())
    }

    /// Counts a link that is mailed; false when it is one too many.
    pub(super) fn may_mail(&self, user: UserId) -> bool {
        !self.enabled || self.messages.count(&user).is_ok()
    }

    /// Forgets who is back at rest.
    pub(in crate::auth) fn forget_idle(&self, now: Time) {
        self.messages.forget_idle();
        self.asked.forget_idle(now);
    }
}
