//! The wire shapes that more than one domain answers with.

use poem_openapi::{Enum, Object};

use super::Timestamp;
use crate::ids::Role;

/// A person with an account.
#[derive(Debug, Clone, Object)]
#[oai(rename = "User")]
pub struct UserBody {
    /// From 1, never reused.
    pub id: u64,
    /// As registered.
    pub email: String,
    /// As registered; unique whatever the case.
    pub username: String,
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// What they may do.
    pub role: RoleBody,
    /// Whether they may log in.
    pub status: UserStatusBody,
    /// ISO 639-1: `en` or `it`.
    pub language: String,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When they logged in last, if ever.
    pub last_login_at: Option<Timestamp>,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Role", rename_all = "snake_case")]
pub enum RoleBody {
    /// Scans, and sees what is their own.
    User,
    /// Runs events too.
    Staff,
    /// Runs the appliance too.
    Admin,
}

impl From<Role> for RoleBody {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Staff => Self::Staff,
            Role::Admin => Self::Admin,
        }
    }
}

impl From<RoleBody> for Role {
    fn from(role: RoleBody) -> Self {
        match role {
            RoleBody::User => Self::User,
            RoleBody::Staff => Self::Staff,
            RoleBody::Admin => Self::Admin,
        }
    }
}

/// Whether a person may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "UserStatus", rename_all = "snake_case")]
pub enum UserStatusBody {
    /// Yes.
    Active,
    /// Not until an administrator enables the account again.
    Disabled,
}
