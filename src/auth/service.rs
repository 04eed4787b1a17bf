//! The service that the other modules hold, and what its use cases share.

use std::sync::Arc;

use super::{
    AuthError,
    api_keys::ApiKeyCache,
    passwords::{Hasher, PasswordLimits, UserInputs},
    sessions::{IssuedSession, SessionCache, SessionLimits, Throttle},
    signing_keys::SigningKeys,
    tables::SECRETS,
};
use crate::{
    clock::{Clock, Time},
    config::{AuthConfig, RateLimitConfig, RegistrationMode, ServerConfig},
    store::{Store, StoreError},
    telemetry::Metrics,
    token::{self, Access},
};

/// Accounts and sessions. Clones share everything.
#[derive(Clone)]
pub struct AuthService {
    pub(super) shared: Arc<AuthShared>,
}

pub(super) struct AuthShared {
    pub(super) store: Store,
    pub(super) hasher: Hasher,
    pub(super) throttle: Throttle,
    pub(super) password_limits: PasswordLimits,
    pub(super) session_cache: SessionCache,
    pub(super) api_keys: ApiKeyCache,
    pub(super) keys: SigningKeys,
    pub(super) refresh_key: [u8; 32],
    pub(super) cursor_key: [u8; 32],
    pub(super) limits: SessionLimits,
    pub(super) config: AuthConfig,
    pub(super) site: Site,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
}

/// What people know the appliance by.
pub(super) struct Site {
    /// The name that the web app shows.
    pub(super) name: String,
    /// What links begin with.
    pub(super) origin: String,
}

impl AuthService {
    /// Takes over an open `auth.redb`.
    ///
    /// # Errors
    /// When its keys cannot be read.
    pub fn open(
        store: Store,
        config: AuthConfig,
        server: &ServerConfig,
        rate_limit: &RateLimitConfig,
        clock: Clock,
        metrics: Metrics,
    ) -> Result<Self, AuthError> {
        let snapshot = store.read()?;
        let keys = SigningKeys::read(&snapshot)?;
        let secret = |name: &'static str| -> Result<[u8; 32], StoreError> {
            let missing = || StoreError::Corrupt { table: "secrets", reason: name.to_owned() };
            SECRETS.get(&snapshot, name)?.ok_or_else(missing)
        };
        let (refresh_key, cursor_key) = (secret("refresh")?, secret("cursor")?);
        drop(snapshot);
        let limits = SessionLimits {
            idle_days: config.session_idle_days,
            max_days: config.session_max_days,
        };
        let hasher = Hasher::new(&config)?;
        let throttle = Throttle::new(rate_limit);
        let site =
            Site { name: server.name.clone(), origin: server.public_url.origin().to_owned() };
        let shared = AuthShared {
            store,
            hasher,
            throttle,
            password_limits: PasswordLimits::new(rate_limit),
            session_cache: SessionCache::default(),
            api_keys: ApiKeyCache::default(),
            keys,
            refresh_key,
            cursor_key,
            limits,
            config,
            site,
            clock,
            metrics,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The file, for whoever relays its outbox.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The key under which cursors are signed.
    pub fn cursor_key(&self) -> [u8; 32] {
        self.shared.cursor_key
    }

    /// Who may register.
    pub fn registration(&self) -> RegistrationMode {
        self.shared.config.registration
    }

    /// The moment that lies so many days ahead.
    pub fn in_days(&self, days: u32) -> Time {
        self.shared.clock.now().plus_seconds(i64::from(days) * 86_400)
    }

    /// Forgets counters of people and networks that are back at rest.
    pub fn forget_idle(&self) {
        let now = self.shared.clock.now();
        self.shared.throttle.forget_idle(now);
        self.shared.password_limits.forget_idle(now);
    }

    /// What somebody would try first who guesses the password of a person with this address and names.
    pub(super) fn guesses<'t>(&'t self, own: impl IntoIterator<Item = &'t str>) -> UserInputs {
        let forbidden = self.shared.config.forbidden_words.iter().map(String::as_str);
        UserInputs::new(
            own,
            [self.shared.site.name.as_str(), "appliance"].into_iter().chain(forbidden),
        )
    }

    /// An access token for a session, and how many seconds it lives.
    pub(super) fn access_token(&self, opened: &IssuedSession) -> Result<(String, u32), AuthError> {
        let shared = &self.shared;
        let ring = shared.keys.ring();
        let key = ring.keys.first().ok_or_else(|| AuthError::Internal("no key".to_owned()))?;
        let minutes = shared.config.access_token_minutes;
        let access = Access { user: opened.user, session: opened.session };
        let token = token::sign(key, access, shared.clock.now(), minutes)
            .map_err(|error| AuthError::Internal(error.to_string()))?;
        Ok((token, u32::from(minutes) * 60))
    }
}

#[cfg(test)]
impl AuthService {
    /// Accounts in memory, as configured by default, at a time that the test sets.
    pub(super) fn in_memory(clock: Clock) -> Self {
        let config = crate::config::Config::load(&crate::config::ConfigSources::default()).unwrap();
        let crate::config::Config { auth, server, rate_limit, .. } = config;
        let metrics = Metrics::new().unwrap();
        let store = Store::in_memory(super::MIGRATIONS, metrics.store("auth")).unwrap();
        Self::open(store, auth, &server, &rate_limit, clock, metrics).unwrap()
    }
}
