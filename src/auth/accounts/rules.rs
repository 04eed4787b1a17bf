//! Decisions about accounts, free of I/O and of the clock.
//!
//! They keep two things true: somebody enabled can always run the appliance, and nobody locks themselves
//! out by a slip of their own hand.

use crate::ids::{Role, UserId};

/// Why an account may not be changed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protected {
    /// Nobody would be left to run the appliance.
    LastAdministrator,
    /// People do not change their own role.
    OwnRole,
    /// People do not disable themselves.
    OwnStatus,
    /// People do not delete themselves.
    OwnAccount,
}

/// An account as far as it is protected.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoleAndStatus {
    pub(super) id: UserId,
    pub(super) role: Role,
    pub(super) disabled: bool,
}

impl RoleAndStatus {
    /// Whether nobody could run the appliance without this one. Administrators who are disabled cannot run
    /// anything, so `administrators` counts those who are enabled.
    fn is_last(self, administrators: u64) -> bool {
        self.role == Role::Admin && !self.disabled && administrators <= 1
    }
}

/// Whether `actor` (nobody for the command line) may give `target` another role.
///
/// # Errors
/// The reason against it.
pub(super) fn may_change_role(
    actor: Option<UserId>,
    target: RoleAndStatus,
    to: Role,
    administrators: u64,
) -> Result<(), Protected> {
    if target.role == to {
        return Ok(());
    }
    guard(actor, target, administrators, Protected::OwnRole)
}

/// Whether `actor` may disable `target`. Enabling needs no rule: it takes nothing from anyone.
///
/// # Errors
/// The reason against it.
pub(super) fn may_disable(
    actor: Option<UserId>,
    target: RoleAndStatus,
    administrators: u64,
) -> Result<(), Protected> {
    guard(actor, target, administrators, Protected::OwnStatus)
}

/// Whether `actor` may delete `target`.
///
/// # Errors
/// The reason against it.
pub(super) fn may_delete(
    actor: Option<UserId>,
    target: RoleAndStatus,
    administrators: u64,
) -> Result<(), Protected> {
    guard(actor, target, administrators, Protected::OwnAccount)
}

fn guard(
    actor: Option<UserId>,
    target: RoleAndStatus,
    administrators: u64,
    own: Protected,
) -> Result<(), Protected> {
    if actor == Some(target.id) {
        Err(own)
    } else if target.is_last(administrators) {
        Err(Protected::LastAdministrator)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    const fn admin(id: UserId) -> RoleAndStatus {
        RoleAndStatus { id, role: Role::Admin, disabled: false }
    }

    #[test]
    fn the_last_administrator_stays_one_even_from_the_command_line() {
        let last = Err(Protected::LastAdministrator);
        assert_eq!(may_change_role(None, admin(ADA), Role::User, 1), last);
        assert_eq!(may_disable(None, admin(ADA), 1), last);
        assert_eq!(may_delete(None, admin(ADA), 1), last);
        assert_eq!(may_change_role(None, admin(ADA), Role::Admin, 1), Ok(()));
    }

    #[test]
    fn one_of_two_administrators_may_go() {
        assert_eq!(may_change_role(Some(BOB), admin(ADA), Role::Staff, 2), Ok(()));
        assert_eq!(may_disable(Some(BOB), admin(ADA), 2), Ok(()));
        assert_eq!(may_delete(Some(BOB), admin(ADA), 2), Ok(()));
    }

    #[test]
    fn a_disabled_administrator_is_not_the_last_one_and_protects_nobody() {
        let disabled = RoleAndStatus { disabled: true, ..admin(ADA) };
        assert_eq!(may_delete(Some(BOB), disabled, 1), Ok(()));
        assert_eq!(may_change_role(Some(BOB), disabled, Role::User, 1), Ok(()));
        assert_eq!(may_delete(None, admin(BOB), 1), Err(Protected::LastAdministrator));
    }

    #[test]
    fn nobody_demotes_disables_or_deletes_themselves() {
        let role = may_change_role(Some(ADA), admin(ADA), Role::User, 5);
        assert_eq!(role, Err(Protected::OwnRole));
        assert_eq!(may_disable(Some(ADA), admin(ADA), 5), Err(Protected::OwnStatus));
        assert_eq!(may_delete(Some(ADA), admin(ADA), 5), Err(Protected::OwnAccount));
        assert_eq!(may_change_role(Some(ADA), admin(ADA), Role::Admin, 5), Ok(()));
    }
}
