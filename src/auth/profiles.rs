//! What accounts need of the domain that keeps names: composed in `server`.

use futures_util::future::BoxFuture;

use super::Account;
use crate::{
    audit_event::AuditContext,
    http::{Problem, UserBody},
    ids::UserId,
    language::Language,
};

/// The names of people, which live in another file. No transaction spans both: whatever is asked here may
/// be asked again after a crash, and does the same.
pub trait Profiles: Send + Sync {
    /// An account with its profile, as the API shows it. The profile of a new account is made here, of
    /// what it was registered with.
    fn person<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<UserBody, Problem>>;

    /// What people are called now, in the order in which they are asked for; nothing for whoever has no
    /// profile yet. Reads them all at once, on the blocking pool.
    fn names(&self, ids: Vec<UserId>) -> BoxFuture<'_, Result<Vec<Option<FullName>>, Problem>>;

    /// Changes somebody's profile.
    fn change(
        &self,
        id: UserId,
        changes: ProfileChange,
        from: AuditContext,
    ) -> BoxFuture<'_, Result<(), Problem>>;

    /// Makes the profiles that are missing of these accounts.
    fn ensure(&self, ids: Vec<UserId>) -> BoxFuture<'_, Result<(), Problem>>;

    /// Erases whatever says who somebody was, whose account is gone.
    fn erase(&self, id: UserId) -> BoxFuture<'_, Result<(), Problem>>;
}

/// What somebody is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullName {
    /// Given name.
    pub name: String,
    /// Family name.
    pub surname: String,
}

/// What to change of somebody's profile; what is nothing stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// Given name.
    pub name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// The language that they read.
    pub language: Option<Language>,
}

impl ProfileChange {
    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
