//! Users across the files: what accounts need of profiles, and what a start carries on.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::domains::Domains;
use crate::{
    audit_event::AuditContext,
    auth::{self, Account, FullName, ProfileChange},
    control::UserCommands,
    http::{Problem, UserBody, UserStatusBody},
    ids::UserId,
    user::{Profile, ProfileChanges, UserService},
};

/// How many accounts are looked at in one go when profiles are healed.
const HEAL_BATCH: usize = 500;

impl Domains {
    /// What accounts need of profiles.
    pub(super) fn profiles(&self) -> Arc<dyn auth::Profiles> {
        Arc::new(ProfilesForAuth(self.user.clone()))
    }

    /// What verbs on accounts work on.
    pub(super) fn user_commands(&self) -> UserCommands {
        let exports = Arc::new(self.clone());
        let social_log = Some(self.social_log.clone());
        UserCommands { auth: self.auth.clone(), profiles: self.profiles(), exports, social_log }
    }

    /// Carries on what was cut short between the two files: erases the names of those whose account was
    /// deleted, then makes the profiles of those whose account was made.
    pub(super) async fn heal_users(self) {
        self.finish_erasures().await;
        self.heal_profiles().await;
    }

    /// Erases the names of people whose account was deleted and whose erasure was cut short.
    pub(super) async fn finish_erasures(&self) {
        if let Err(problem) = self.auth.finish_erasures(&*self.profiles()).await {
            tracing::error!(%problem, "cannot finish erasing people; it is tried again in an hour");
        }
    }

    async fn heal_profiles(self) {
        let mut after = 0;
        loop {
            let accounts = match self.auth.list(after, HEAL_BATCH).await {
                Ok(accounts) => accounts,
                Err(error) => return tracing::error!(%error, "cannot look for lost profiles"),
            };
            let Some(last) = accounts.last() else { return };
            after = last.id.0;
            let ids = accounts.iter().map(|account| account.id).collect();
            if let Err(problem) = self.user.ensure_profiles(ids).await.map_err(Problem::from) {
                return tracing::error!(%problem, "cannot make lost profiles again");
            }
        }
    }
}

/// The names of people, kept by the user domain.
struct ProfilesForAuth(UserService);

impl auth::Profiles for ProfilesForAuth {
    fn person<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<UserBody, Problem>> {
        Box::pin(async move { Ok(user_body(account, self.0.profile(account.id).await?)) })
    }

    fn names(&self, ids: Vec<UserId>) -> BoxFuture<'_, Result<Vec<Option<FullName>>, Problem>> {
        Box::pin(async move {
            let profiles = self.0.names(ids).await?.into_iter();
            let called = profiles.map(|profile| {
                profile.map(|kept| FullName { name: kept.name, surname: kept.surname })
            });
            Ok(called.collect())
        })
    }

    fn change(
        &self,
        id: UserId,
        changes: ProfileChange,
        from: AuditContext,
    ) -> BoxFuture<'_, Result<(), Problem>> {
        let ProfileChange { name, surname, language } = changes;
        let changes = ProfileChanges { name, surname, language, username: None };
        Box::pin(async move { Ok(self.0.change_profile(id, changes, from).await.map(drop)?) })
    }

    fn ensure(&self, ids: Vec<UserId>) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move { Ok(self.0.ensure_profiles(ids).await.map(drop)?) })
    }

    fn erase(&self, id: UserId) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move { Ok(self.0.erase(id).await?) })
    }
}

/// An account with its profile, as the API shows it.
pub(super) fn user_body(account: &Account, profile: Profile) -> UserBody {
    let disabled = account.disabled;
    UserBody {
        id: account.id.0,
        email: account.email.clone(),
        username: account.username.clone(),
        name: profile.name,
        surname: profile.surname,
        role: account.role.into(),
        status: if disabled { UserStatusBody::Disabled } else { UserStatusBody::Active },
        language: profile.language.code().to_owned(),
        created_at: account.created_at.into(),
        last_login_at: account.last_login_at.map(Into::into),
    }
}
