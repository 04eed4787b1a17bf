//! The people of an appliance that is stopped, for one verb of the command line.
//!
//! Most verbs change accounts alone: they open that file and only read the names of the other, so whatever
//! is wrong with it is not in their way. What concerns a person as a whole opens everything.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::Value;

use super::{
    StartError,
    data::DATA_FILES,
    domains::{Domains, open_auth},
    upgrade::note_upgrade,
    users::user_body,
};
use crate::{
    audit_event::AuditContext,
    auth::{self, Account, AuthError, FullName, ProfileChange},
    clock::Clock,
    config::Config,
    control::{Exports, Refused, ResponseStream, UserCommands},
    http::{Problem, UserBody},
    ids::UserId,
    paths::DataDir,
    store::AtRest,
    user::{self, Profile},
};

/// The people of an appliance that is stopped.
pub struct OfflineUsers {
    people: UserCommands,
    /// Nothing when the accounts alone are open.
    all: Option<Domains>,
}

impl OfflineUsers {
    /// Opens every file: who somebody is lies in all of them.
    ///
    /// # Errors
    /// As `Server::bind`.
    pub async fn open(config: &Config, data: &DataDir, clock: Clock) -> Result<Self, StartError> {
        let domains = Domains::open_at_rest(config, data, clock)?;
        note_upgrade(domains.data.as_ref(), domains.auth.store()).await;
        Ok(Self { people: domains.user_commands(), all: Some(domains) })
    }

    /// Opens the accounts, and reads what people are called if that can be read. Accounts of an older schema
    /// are opened with everything else, as a start does: after a backup of all of it.
    ///
    /// # Errors
    /// As `Server::bind`, for the one file.
    pub async fn open_accounts(
        config: &Config,
        data: &DataDir,
        clock: Clock,
    ) -> Result<Self, StartError> {
        for file in DATA_FILES.iter().filter(|file| data.auth_store().ends_with(file.name)) {
            if file.is_outdated_in(data.root())? {
                return Self::open(config, data, clock).await;
            }
        }
        let auth = open_auth(config, data, clock)?;
        let names = Arc::new(Names(AtRest::open(&data.user_store()).ok()));
        let profiles = Arc::clone(&names) as Arc<dyn auth::Profiles>;
        Ok(Self {
            people: UserCommands { auth, profiles, exports: names, social_log: None },
            all: None,
        })
    }

    /// What verbs on accounts work on.
    pub const fn user_commands(&self) -> &UserCommands {
        &self.people
    }

    /// Commits what is queued and closes what is open.
    pub fn close(&self) {
        match &self.all {
            Some(domains) => domains.close(),
            None => self.people.auth.store().close(),
        }
    }
}

/// What people are called, read from a file that stays as it is. Whoever is not in it is called as they were
/// registered.
struct Names(Option<AtRest>);

impl Names {
    fn of(&self, id: UserId) -> Option<Profile> {
        let snapshot = self.0.as_ref()?.snapshot().ok()?;
        user::profile_in(&snapshot, id).ok().flatten()
    }
}

/// The fault of a verb that was given less than it needs.
fn not_opened<T>() -> Result<T, Problem> {
    Err(AuthError::Internal("this needs every file to be open".to_owned()).into())
}

impl auth::Profiles for Names {
    fn person<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<UserBody, Problem>> {
        let profile = self.of(account.id).unwrap_or_else(|| Profile {
            name: account.name.clone(),
            surname: account.surname.clone(),
            language: account.language,
            created_at: account.created_at,
        });
        async { Ok(user_body(account, profile)) }.boxed()
    }

    fn names(&self, ids: Vec<UserId>) -> BoxFuture<'_, Result<Vec<Option<FullName>>, Problem>> {
        let name = |id| self.of(id).map(|kept| FullName { name: kept.name, surname: kept.surname });
        let names = ids.into_iter().map(name).collect();
        async { Ok(names) }.boxed()
    }

    fn change(
        &self,
        _: UserId,
        _: ProfileChange,
        _: AuditContext,
    ) -> BoxFuture<'_, Result<(), Problem>> {
        async { not_opened() }.boxed()
    }

    fn ensure(&self, _: Vec<UserId>) -> BoxFuture<'_, Result<(), Problem>> {
        async { not_opened() }.boxed()
    }

    fn erase(&self, _: UserId) -> BoxFuture<'_, Result<(), Problem>> {
        async { not_opened() }.boxed()
    }
}

impl Exports for Names {
    fn export<'a>(
        &'a self,
        _: UserId,
        _: AuditContext,
        _: &'a ResponseStream,
    ) -> BoxFuture<'a, Result<Value, Refused>> {
        async { Ok(not_opened()?) }.boxed()
    }
}
