//! Decisions about accounts, free of I/O and of the clock.

use crate::ids::{Role, UserId};

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
