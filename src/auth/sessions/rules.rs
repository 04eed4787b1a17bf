//! Decisions about sessions, free of I/O and of the clock.

use crate::clock::Time;

const DAY_SECONDS: i64 = 86_400;

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub(in crate::auth) struct SessionLimits {
    /// Days without use.
    pub(in crate::auth) idle_days: u16,
    /// Days in all.
    pub(in crate::auth) max_days: u16,
}

impl SessionLimits {
    /// The moment at which a session ends unless it is used.
    pub(in crate::auth) fn ends_at(self, created_at: Time, last_used_at: Time) -> Time {
        let idle = last_used_at.plus_seconds(i64::from(self.idle_days) * DAY_SECONDS);
        let max = created_at.plus_seconds(i64::from(self.max_days) * DAY_SECONDS);
        idle.min(max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_idle_and_ends_anyway() {
        let limits = SessionLimits { idle_days: 30, max_days: 180 };
        let start = Time::EPOCH;
        let day = |days: i64| start.plus_seconds(days * DAY_SECONDS);
        assert_eq!(limits.ends_at(start, start), day(30));
        assert_eq!(limits.ends_at(start, day(100)), day(130));
        assert_eq!(limits.ends_at(start, day(170)), day(180));
    }
}
