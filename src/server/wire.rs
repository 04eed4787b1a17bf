//! Composition: the domains, opened over their files and handed to each other as narrow traits.
//!
//! The only place that knows more than one domain. A domain says what it needs as a trait of its own;
//! the adapters at the end of this file answer it with another domain.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::StartError;
use crate::{
    auth::{self, Account, AuthError, AuthService},
    clock::Clock,
    config::Config,
    event::Provenance,
    http::{Authenticator, Cursors, Person, PersonStatus, Principal, Problem},
    ids::UserId,
    paths::DataDir,
    social_log::{self, SocialLogService},
    store::{Decision, Progress, Store, StoreError, StoreOptions, View},
    telemetry::Metrics,
    user::{self, UserService},
};

/// How many accounts are looked at in one go when profiles are healed.
const HEAL_BATCH: usize = 500;
/// Between two tries to get a command into a full queue.
const PAUSE_WHILE_BUSY: Duration = Duration::from_millis(20);

/// The domains of one appliance, and what they share. Clones share everything.
#[derive(Clone)]
pub(super) struct Domains {
    pub(super) auth: AuthService,
    pub(super) user: UserService,
    pub(super) social_log: SocialLogService,
    pub(super) cursors: Cursors,
    pub(super) metrics: Metrics,
    pub(super) clock: Clock,
}

/// The three files, open.
struct Stores {
    auth: Store,
    user: Store,
    social_log: Store,
}

impl Domains {
    /// Opens the three files of a data directory.
    pub(super) fn open(
        config: &Config,
        data: &DataDir,
        clock: Clock,
        progress: &Progress,
    ) -> Result<Self, StartError> {
        let metrics = new_metrics()?;
        let options = options(config);
        let open = |path: std::path::PathBuf, steps, name| {
            Store::open_telling(&path, options, steps, metrics.store(name), progress)
        };
        let stores = Stores {
            auth: open(data.auth_store(), auth::MIGRATIONS, "auth")?,
            user: open(data.user_store(), user::MIGRATIONS, "user")?,
            social_log: open(data.social_log_store(), social_log::MIGRATIONS, "social_log")?,
        };
        Ok(Self::compose(config, stores, clock, metrics)?)
    }

    /// Domains that keep nothing: for what needs them only to be described.
    pub(super) fn in_memory(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let metrics = new_metrics()?;
        let stores = Stores {
            auth: Store::in_memory(auth::MIGRATIONS, metrics.store("auth"))?,
            user: Store::in_memory(user::MIGRATIONS, metrics.store("user"))?,
            social_log: Store::in_memory(social_log::MIGRATIONS, metrics.store("social_log"))?,
        };
        Ok(Self::compose(config, stores, clock, metrics)?)
    }

    fn compose(
        config: &Config,
        stores: Stores,
        clock: Clock,
        metrics: Metrics,
    ) -> Result<Self, AuthError> {
        let auth = AuthService::open(
            stores.auth,
            config.auth,
            &config.rate_limit,
            clock.clone(),
            metrics.clone(),
        )?;
        let cursors = Cursors::new(auth.cursor_key());
        let user = UserService::open(
            stores.user,
            config.attendance.clone(),
            config.server.public_url.origin().to_owned(),
            clock.clone(),
            metrics.clone(),
            Arc::new(AccountsForUser(auth.clone())),
            cursors.clone(),
        );
        let social_log = SocialLogService::open(stores.social_log, clock.clone(), cursors.clone());
        Ok(Self { auth, user, social_log, cursors, metrics, clock })
    }

    /// Every file, by name.
    pub(super) fn stores(&self) -> [(&'static str, &Store); 3] {
        [
            ("auth", self.auth.store()),
            ("user", self.user.store()),
            ("social_log", self.social_log.store()),
        ]
    }

    /// The files whose outbox the relay empties.
    pub(super) fn outboxes(&self) -> [(&'static str, &Store); 2] {
        [("auth", self.auth.store()), ("user", self.user.store())]
    }

    /// What accounts need of profiles.
    pub(super) fn profiles(&self) -> Arc<dyn auth::Profiles> {
        Arc::new(ProfilesForAuth(self.user.clone()))
    }

    /// What the gateway needs of accounts.
    pub(super) fn authenticator(&self) -> Arc<dyn Authenticator> {
        Arc::new(Tokens(self.auth.clone()))
    }

    /// Counts what is counted only when somebody asks for metrics.
    pub(super) async fn measure(&self) -> Result<(), Problem> {
        let people = self.auth.people_signed_in().await?;
        let events = self.user.open_events().await?;
        self.metrics.present(people, events);
        Ok(())
    }

    /// Returns when a file has stopped taking writes.
    pub(super) async fn stopped(&self) {
        tokio::select! {
            () = self.auth.store().stopped() => {}
            () = self.user.store().stopped() => {}
            () = self.social_log.store().stopped() => {}
        }
    }

    /// Whether every file can be read and its writer comes to what is asked of it.
    pub(super) async fn answer(&self) -> Result<(), StoreError> {
        for (_, store) in self.stores() {
            Self::answers(store).await?;
        }
        Ok(())
    }

    /// The same of one file.
    pub(super) async fn answers(store: &Store) -> Result<(), StoreError> {
        drop(store.read()?);
        let nothing =
            |_: &View<'_>| -> Result<Decision<(), ()>, StoreError> { Ok(Decision::Answer(())) };
        // A full queue is a writer with much to do; one that does nothing never takes the command.
        loop {
            match store.submit(nothing).await {
                Err(StoreError::Busy) => tokio::time::sleep(PAUSE_WHILE_BUSY).await,
                answered => return answered.map(|_| ()),
            }
        }
    }

    /// Makes the profiles of accounts whose registration was cut short between the two files.
    pub(super) async fn heal_profiles(self) {
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

    /// Commits what is queued and closes the files.
    pub(super) fn close(&self) {
        for (_, store) in self.stores() {
            store.close();
        }
    }
}

/// Opens the accounts alone, for the command line.
///
/// # Errors
/// As `Server::bind`, for the one file.
pub fn open_auth(config: &Config, data: &DataDir, clock: Clock) -> Result<AuthService, StartError> {
    let metrics = new_metrics()?;
    let path = data.auth_store();
    let store = Store::open(&path, options(config), auth::MIGRATIONS, metrics.store("auth"))?;
    Ok(AuthService::open(store, config.auth, &config.rate_limit, clock, metrics)?)
}

fn new_metrics() -> Result<Metrics, StartError> {
    Metrics::new().map_err(|error| StartError::Internal(error.to_string()))
}

fn options(config: &Config) -> StoreOptions {
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    StoreOptions {
        cache_bytes: size(config.store.cache_mib) << 20,
        queue_capacity: size(config.store.queue_capacity),
        max_batch: size(config.store.max_batch),
    }
}

/// Access tokens, checked by the accounts.
struct Tokens(AuthService);

impl Authenticator for Tokens {
    fn authenticate(&self, token: &str) -> Result<Arc<Principal>, Problem> {
        Ok(self.0.principal(token)?)
    }
}

/// The names of people, kept by the user domain.
struct ProfilesForAuth(UserService);

impl auth::Profiles for ProfilesForAuth {
    fn person<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<Person, Problem>> {
        Box::pin(async move {
            let profile = self.0.profile(account.id).await?;
            let disabled = account.disabled;
            Ok(Person {
                id: account.id.0,
                email: account.email.clone(),
                username: account.username.clone(),
                name: profile.name,
                surname: profile.surname,
                role: account.role.into(),
                status: if disabled { PersonStatus::Disabled } else { PersonStatus::Active },
                language: profile.language.code().to_owned(),
                created_at: account.created_at.into(),
                last_login_at: account.last_login_at.map(Into::into),
            })
        })
    }
}

/// Accounts, as far as the user domain asks about them.
struct AccountsForUser(AuthService);

impl user::Accounts for AccountsForUser {
    fn registered(&self, id: UserId) -> Result<Option<user::Registered>, StoreError> {
        Ok(self.0.registered(id)?.map(as_user_sees))
    }

    fn change_username<'a>(
        &'a self,
        principal: &'a Principal,
        username: &'a str,
        from: Provenance,
    ) -> BoxFuture<'a, Result<String, Problem>> {
        Box::pin(async move { Ok(self.0.change_username(principal.id, username, from).await?) })
    }
}

fn as_user_sees(registered: auth::Registered) -> user::Registered {
    let auth::Registered { name, surname, language, created_at } = registered;
    user::Registered { name, surname, language, created_at }
}
