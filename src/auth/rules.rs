//! Decisions about accounts and sessions, free of I/O and of the clock.

use crate::{
    clock::Time,
    ids::{Role, UserId},
};

const DAY_SECONDS: i64 = 86_400;

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionLimits {
    /// Days without use.
    pub(super) idle_days: u16,
    /// Days in all.
    pub(super) max_days: u16,
}

impl SessionLimits {
    /// The moment at which a session ends unless it is used.
    pub(super) fn ends_at(self, created_at: Time, last_used_at: Time) -> Time {
        let idle = last_used_at.plus_seconds(i64::from(self.idle_days) * DAY_SECONDS);
        let max = created_at.plus_seconds(i64::from(self.max_days) * DAY_SECONDS);
        idle.min(max)
    }
}

/// Why a role may not be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleRefusal {
    /// Nobody would be left to run the appliance.
    LastAdministrator,
    /// People do not change their own role, so that nobody locks themselves out by a slip.
    OwnRole,
}

/// Whether `actor` (nobody for the command line) may give `target` another role.
///
/// # Errors
/// The reason against it.
pub(super) fn may_change_role(
    actor: Option<UserId>,
    target: UserId,
    from: Role,
    to: Role,
    administrators: u64,
) -> Result<(), RoleRefusal> {
    if actor == Some(target) && from != to {
        return Err(RoleRefusal::OwnRole);
    }
    if from == Role::Admin && to != Role::Admin && administrators <= 1 {
        return Err(RoleRefusal::LastAdministrator);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    #[test]
    fn a_session_ends_when_idle_and_ends_anyway() {
        let limits = SessionLimits { idle_days: 30, max_days: 180 };
        let start = Time::EPOCH;
        let day = |days: i64| start.plus_seconds(days * DAY_SECONDS);
        assert_eq!(limits.ends_at(start, start), day(30));
        assert_eq!(limits.ends_at(start, day(100)), day(130));
        assert_eq!(limits.ends_at(start, day(170)), day(180));
    }

    #[test]
    fn the_last_administrator_stays_one_even_from_the_command_line() {
        let refused = Err(RoleRefusal::LastAdministrator);
        assert_eq!(may_change_role(None, ADA, Role::Admin, Role::User, 1), refused);
        assert_eq!(may_change_role(Some(BOB), ADA, Role::Admin, Role::Staff, 2), Ok(()));
        assert_eq!(may_change_role(None, ADA, Role::Admin, Role::Admin, 1), Ok(()));
    }

    #[test]
    fn nobody_changes_their_own_role() {
        let own = may_change_role(Some(ADA), ADA, Role::Admin, Role::User, 5);
        assert_eq!(own, Err(RoleRefusal::OwnRole));
    }
}
