//! Composition: the domains, opened over their files and handed to each other as narrow traits.
//!
//! The only place that knows more than one domain. A domain says what it needs as a trait of its own;
//! the adapters at the end of this file and in `people` answer it with another domain.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{
    StartError,
    authenticator::DomainAuthenticator,
    data::DATA_FILES,
    export::{Exporting, new_exports},
    upgrade::back_up_before_upgrade,
};
use crate::{
    audit_event::AuditContext,
    auth::{self, AuthError, AuthService},
    backup::DataFile,
    clock::Clock,
    config::Config,
    http::{Authenticator, Cursors, Principal, Problem},
    ids::UserId,
    limit::Shares,
    paths::DataDir,
    social_log::{self, SocialLogService},
    store::{
        Compacted, DiskLevel, DiskMonitor, OpenError, OpenProgress, Outcome, ReadView, Store,
        StoreError, StoreOptions, compact_if_asked,
    },
    telemetry::Metrics,
    user::{self, UserService},
};

/// Between two tries to get a command into a full queue.
const PAUSE_WHILE_BUSY: Duration = Duration::from_millis(20);

/// The domains of one appliance, and what they share. Clones share everything.
#[derive(Clone)]
pub(super) struct Domains {
    pub(super) auth: AuthService,
    pub(super) user: UserService,
    pub(super) social_log: SocialLogService,
    pub(super) cursors: Cursors,
    pub(super) space: Option<DiskMonitor>,
    pub(super) metrics: Metrics,
    pub(super) clock: Clock,
    /// Exports of people that are being sent.
    pub(super) exports: Shares<Exporting>,
    /// With the claim on it, for as long as the files are open.
    pub(super) data: Option<DataDir>,
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
        progress: &OpenProgress,
    ) -> Result<Self, StartError> {
        back_up_before_upgrade(&DATA_FILES, &config.backup, data, &clock, progress)?;
        let metrics = new_metrics()?;
        let options = options(config);
        let space = DiskMonitor::with_ballast(
            data.root(),
            config.store.free_space_floor_bytes(),
            data.ballast(),
            config.store.ballast_bytes(),
        );
        space.prepare_start();
        require_all_or_none_later(data)?;
        let most_bytes = config.store.compact_at_start_bytes();
        let open = |path: std::path::PathBuf, steps, name| {
            // A file that is not opened is not compacted either, which nothing can interrupt.
            if !progress.is_wanted() {
                return Err(OpenError::GivenUp(path));
            }
            if let Some(done) = compact_if_asked(&path, options.cache_bytes, most_bytes)? {
                let Compacted { before, after } = done;
                tracing::info!(file = %path.display(), before, after, "compacted");
            }
            Store::open_telling(&path, options, steps, metrics.store(name), progress)
                .map(|store| store.guarded_by(&space))
        };
        let stores = Stores {
            auth: open(data.auth_store(), auth::MIGRATIONS, "auth")?,
            user: open(data.user_store(), user::MIGRATIONS, "user")?,
            social_log: open(data.social_log_store(), social_log::MIGRATIONS, "social_log")?,
        };
        space.keep_ballast();
        let domains = Self::compose(config, stores, clock, metrics, Some(space))?;
        Ok(Self { data: Some(data.clone()), ..domains })
    }

    /// Opens the three files of a stopped appliance for one verb of the command line: without the ballast
    /// and the tidying of a start.
    pub(super) fn open_at_rest(
        config: &Config,
        data: &DataDir,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let nobody = OpenProgress::default();
        back_up_before_upgrade(&DATA_FILES, &config.backup, data, &clock, &nobody)?;
        require_all_or_none_later(data)?;
        let metrics = new_metrics()?;
        let space = DiskMonitor::new(data.root(), config.store.free_space_floor_bytes());
        let open = |path: std::path::PathBuf, steps, name| {
            let opened = Store::open(&path, options(config), steps, metrics.store(name));
            opened.map(|store| store.guarded_by(&space))
        };
        let stores = Stores {
            auth: open(data.auth_store(), auth::MIGRATIONS, "auth")?,
            user: open(data.user_store(), user::MIGRATIONS, "user")?,
            social_log: open(data.social_log_store(), social_log::MIGRATIONS, "social_log")?,
        };
        let domains = Self::compose(config, stores, clock, metrics, Some(space))?;
        Ok(Self { data: Some(data.clone()), ..domains })
    }

    /// Domains that keep nothing: for what needs them only to be described.
    pub(super) fn in_memory(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let metrics = new_metrics()?;
        let stores = Stores {
            auth: Store::in_memory(auth::MIGRATIONS, metrics.store("auth"))?,
            user: Store::in_memory(user::MIGRATIONS, metrics.store("user"))?,
            social_log: Store::in_memory(social_log::MIGRATIONS, metrics.store("social_log"))?,
        };
        Ok(Self::compose(config, stores, clock, metrics, None)?)
    }

    fn compose(
        config: &Config,
        stores: Stores,
        clock: Clock,
        metrics: Metrics,
        space: Option<DiskMonitor>,
    ) -> Result<Self, AuthError> {
        let auth = AuthService::open(
            stores.auth,
            config.auth.clone(),
            &config.server,
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
        )
        .limited(&config.rate_limit);
        let social_log = SocialLogService::open(stores.social_log, clock.clone(), cursors.clone())
            .bounded(&config.social, space.clone());
        let exports = new_exports();
        Ok(Self { auth, user, social_log, cursors, space, metrics, clock, exports, data: None })
    }

    /// Every file, by name.
    pub(super) fn stores(&self) -> [(&'static str, &Store); 3] {
        [
            ("auth", self.auth.store()),
            ("user", self.user.store()),
            ("social_log", self.social_log.store()),
        ]
    }

    /// Every file with what a backup must know of it.
    pub(super) fn data_files(&self) -> Vec<(DataFile, &Store)> {
        DATA_FILES.iter().zip(self.stores()).map(|(file, (_, store))| (*file, store)).collect()
    }

    /// The files whose outbox the relay empties.
    pub(super) fn outboxes(&self) -> [(&'static str, &Store); 2] {
        [("auth", self.auth.store()), ("user", self.user.store())]
    }

    /// What the gateway needs of accounts.
    pub(super) fn authenticator(&self) -> Arc<dyn Authenticator> {
        Arc::new(DomainAuthenticator { auth: self.auth.clone(), user: self.user.clone() })
    }

    /// Counts what is counted only when somebody asks for metrics.
    pub(super) async fn measure(&self) -> Result<(), Problem> {
        let people = self.auth.people_signed_in().await?;
        let events = self.user.open_events().await?;
        self.metrics.present(people, events);
        for (_, store) in self.stores() {
            let _ = store.file_bytes();
        }
        let feed = self.social_log.feed();
        let size = feed.size()?;
        self.metrics.feed.measured(size.bytes, size.bound_bytes, feed.refused());
        self.metrics.backups.measure(self.clock.now());
        if let Some(free) = self.space.as_ref().and_then(|space| space.free_bytes().ok()) {
            self.metrics.free_space(free);
        }
        Ok(())
    }

    /// Looks what the files consist of, and asks the next start to compact those that are worth it.
    pub(super) fn look_at_sizes(&self) {
        for (name, store) in self.stores() {
            let asked = store.sizes().map(|sizes| {
                if name == "social_log" {
                    self.social_log.feed().note_unused(sizes.free);
                }
                let ask = sizes.is_compaction_worthwhile();
                if ask { store.ask_for_compaction() } else { Ok(()) }
            });
            match asked {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, name, "cannot note that it is half empty"),
                Err(error) => tracing::warn!(%error, name, "cannot look at the size"),
            }
        }
    }

    /// How much there is to write on.
    pub(super) fn disk_level(&self) -> DiskLevel {
        self.space.as_ref().map_or(DiskLevel::Ample, DiskMonitor::level)
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
            |_: &ReadView<'_>| -> Result<Outcome<(), ()>, StoreError> { Ok(Outcome::NoChange(())) };
        // A full queue is a writer with much to do; one that does nothing never takes the command.
        loop {
            match store.submit(nothing).await {
                Err(StoreError::Busy) => tokio::time::sleep(PAUSE_WHILE_BUSY).await,
                answered => return answered.map(|_| ()),
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

/// Opens the accounts alone, for verbs of the command line that need no other file.
pub(super) fn open_auth(
    config: &Config,
    data: &DataDir,
    clock: Clock,
) -> Result<AuthService, StartError> {
    let metrics = new_metrics()?;
    require_all_or_none_later(data)?;
    let space = DiskMonitor::new(data.root(), config.store.free_space_floor_bytes());
    let store =
        Store::open(&data.auth_store(), options(config), auth::MIGRATIONS, metrics.store("auth"))?;
    let (store, auth) = (store.guarded_by(&space), config.auth.clone());
    Ok(AuthService::open(store, auth, &config.server, &config.rate_limit, clock, metrics)?)
}

/// Refuses a directory that has lost a file. A first start makes the files in this order, so one that is
/// missing where a later one is there was lost: made anew it would hand out the same ids again, to
/// others.
fn require_all_or_none_later(data: &DataDir) -> Result<(), OpenError> {
    let mut missing: Option<std::path::PathBuf> = None;
    for (_, file) in data.stores() {
        let there = file.try_exists().map_err(|error| OpenError::from_io(file.clone(), &error))?;
        match (there, &missing) {
            (true, Some(lost)) => {
                return Err(OpenError::Lost { path: lost.clone(), beside: file });
            }
            (false, None) => missing = Some(file),
            _ => {}
        }
    }
    Ok(())
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

/// Accounts, as far as the user domain asks about them.
struct AccountsForUser(AuthService);

impl user::Accounts for AccountsForUser {
    fn registered(&self, id: UserId) -> Result<Option<user::NewProfile>, StoreError> {
        Ok(self.0.registered(id)?.map(as_user_sees))
    }

    fn change_username<'a>(
        &'a self,
        principal: &'a Principal,
        username: &'a str,
        from: AuditContext,
    ) -> BoxFuture<'a, Result<String, Problem>> {
        Box::pin(async move { Ok(self.0.change_username(principal.id, username, from).await?) })
    }
}

fn as_user_sees(registered: auth::RegisteredAccount) -> user::NewProfile {
    let auth::RegisteredAccount { name, surname, language, created_at } = registered;
    user::NewProfile { name, surname, language, created_at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSources;

    #[test]
    fn every_file_lists_all_of_its_tables_and_no_other() {
        let config = Config::load(&ConfigSources::default()).unwrap();
        let domains = Domains::in_memory(&config, Clock::system()).unwrap();
        for (file, store) in domains.data_files() {
            let mut listed: Vec<_> = file.tables.iter().map(|table| table.name()).collect();
            listed.extend(["meta", "sequences"]);
            listed.sort_unstable();
            let found: Vec<_> = store.read().unwrap().rows().unwrap().into_keys().collect();
            assert_eq!(listed, found, "{}", file.name);
        }
    }
}
