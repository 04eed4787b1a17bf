//! How a backup goes on beside others: in small steps with pauses, as long as somebody is served.
//!
//! The threads of a backup run when nobody else wants a processor, and yet they are felt: on a machine
//! whose processors are somebody else's threads, being busy is enough to be made to wait. Measured with
//! nothing but idle loops of that class on two virtual processors, scans at 400 a second took twice as long
//! beside one loop and five times beside two. So a backup works a third of the time while requests are
//! being answered, and all the time when there are none.

use std::time::{Duration, Instant};

use crate::telemetry::Metrics;

/// How many times as long as it worked a backup pauses.
const PAUSE: u32 = 2;
/// The longest pause: one that works in large steps is not to last for ever.
const LONGEST: Duration = Duration::from_millis(100);

/// Remembers what was answered, and since when a backup has been at work.
pub(super) struct BackupThrottle {
    metrics: Metrics,
    answered: u64,
    since: Instant,
}

impl BackupThrottle {
    /// Of a backup that begins to work now.
    pub(super) fn new(metrics: Metrics) -> Self {
        Self { answered: metrics.answered(), metrics, since: Instant::now() }
    }

    /// Pauses when somebody was served since the last step.
    pub(super) fn step(&mut self) {
        std::thread::sleep(self.pause_after(self.since.elapsed()));
        (self.answered, self.since) = (self.metrics.answered(), Instant::now());
    }

    /// How long to pause after a step that took so long.
    fn pause_after(&self, worked: Duration) -> Duration {
        if self.metrics.answered() == self.answered {
            return Duration::ZERO;
        }
        worked.saturating_mul(PAUSE).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_pauses_while_somebody_is_served_and_for_nobody_else() {
        let metrics = Metrics::new().unwrap();
        let mut throttle = BackupThrottle::new(metrics.clone());
        let worked = Duration::from_millis(7);
        assert_eq!(throttle.pause_after(worked), Duration::ZERO);
        metrics.http_request("GET", "/", 200, "gateway", worked);
        assert_eq!(throttle.pause_after(worked), worked * 2);
        assert_eq!(throttle.pause_after(LONGEST), LONGEST);
        throttle.step();
        assert_eq!(throttle.pause_after(worked), Duration::ZERO);
    }
}
