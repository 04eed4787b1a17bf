//! What is done every minute and every hour, whether anybody asks or not.

use std::{fmt::Display, sync::Arc, time::Duration};

use super::domains::Domains;
use crate::gateway::Settings;

/// How often counters of clients at rest are forgotten and uses of keys are written down.
const EVERY: Duration = Duration::from_mins(1);
/// How many of these make an hour.
const HOUR: u64 = 60;

/// Keeps the house until it is dropped.
pub(super) async fn keep(settings: Arc<Settings>, domains: Domains) {
    let mut ticks = tokio::time::interval(EVERY);
    for minute in 0_u64.. {
        ticks.tick().await;
        settings.forget_idle();
        domains.auth.forget_idle();
        domains.user.forget_idle();
        if let Some(space) = domains.space.clone() {
            let _ = tokio::task::spawn_blocking(move || space.keep_ballast()).await;
        }
        told(domains.auth.note_key_uses().await, "cannot note which API keys were used");
        told(domains.auth.keep_signing_keys().await, "cannot look after the keys of access tokens");
        if minute.is_multiple_of(HOUR) {
            sweep(&domains).await;
            // The start has a look of its own.
            if minute > 0 {
                domains.finish_erasures().await;
            }
        }
    }
}

/// Writes down what is only kept in memory; when nobody is served any more.
pub(super) async fn finish(domains: &Domains) {
    told(domains.auth.note_key_uses().await, "cannot note which API keys were used");
}

/// Removes what has ended by itself.
async fn sweep(domains: &Domains) {
    let Domains { auth, user, social_log, .. } = domains;
    told(auth.forget_ended_sessions().await, "cannot remove sessions that have ended");
    told(auth.forget_orphaned_keys().await, "cannot remove API keys of nobody");
    told(auth.forget_ended_invitations().await, "cannot remove invitations that have ended");
    told(social_log.expire_posts().await, "cannot remove posts that are too old or too many");
    told(user.forget_ended_displays().await, "cannot remove displays of events that are over");
}

fn told<T>(done: Result<T, impl Display>, words: &'static str) {
    if let Err(error) = done {
        tracing::error!(%error, "{words}");
    }
}
