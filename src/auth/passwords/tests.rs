//! Hashes of an import and of another configuration, and what a login makes of them.

use super::NO_PASSWORD;
use crate::{
    audit_event::AuditContext,
    auth::{
        Account, AuthError, AuthService, Login, MIGRATIONS, Registration,
        store::{account, update_account},
    },
    clock::{Clock, Time},
    config::{Config, ConfigSources},
    http::{BodyBudget, BodyLimits, ClientConnection, ClientNetwork, RequestContext},
    ids::{RandomId, Role, UserId},
    language::Language,
    store::{Outcome, ReadView, Store, StoreError},
    telemetry::Metrics,
};

const HERE: ClientConnection = ClientConnection::LOCAL;
const PASSWORD: &str = "corretto cavallo batteria";

fn service(store: Store, memory_kib: &str) -> AuthService {
    let flags = [("auth.argon2_memory_kib", memory_kib), ("auth.argon2_passes", "1")];
    let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
    let Config { auth, server, rate_limit, .. } = config;
    let (clock, metrics) = (Clock::manual(Time::EPOCH), Metrics::new().unwrap());
    AuthService::open(store, auth, &server, &rate_limit, clock, metrics).unwrap()
}

fn store() -> Store {
    Store::in_memory(MIGRATIONS, Metrics::new().unwrap().store("auth")).unwrap()
}

async fn with_ada() -> AuthService {
    let auth = service(store(), "64");
    let registration = Registration {
        email: "ada@example.org".to_owned(),
        password: PASSWORD.to_owned(),
        name: "Ada".to_owned(),
        surname: "Prova".to_owned(),
        username: None,
    };
    let new = registration.parse(Language::English, Role::User).ok().unwrap();
    auth.create(new, AuditContext::SYSTEM, "user.created").await.unwrap();
    auth
}

/// Stores something in the place of Ada's hash, as an import does.
async fn keep(auth: &AuthService, hash: &str) {
    let hash = hash.to_owned();
    let command = move |view: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
        let ada = account(view, UserId(1))?.unwrap();
        let changed = Account { password_hash: hash.clone(), ..ada };
        Ok(Outcome::commit(move |txn| update_account(txn, &changed)))
    };
    auth.store().submit(command).await.unwrap().unwrap();
}

async fn login(auth: &AuthService, password: &str) -> Result<Account, AuthError> {
    let context = RequestContext {
        id: RandomId([0; 16]),
        network: ClientNetwork::of([192, 0, 2, 1].into()),
        connection: None,
        language: Language::English,
        user_agent: None,
        body: BodyLimits { bytes: 0, time: std::time::Duration::ZERO, budget: BodyBudget::new(0) },
    };
    let (identifier, password) = ("ada".to_owned(), password.to_owned());
    let login = Login { identifier, password, code: None, device: None, before: None };
    auth.login(login, &context).await.map(|logged_in| logged_in.account)
}

fn kept(auth: &AuthService) -> String {
    auth.account(UserId(1)).unwrap().password_hash
}

#[tokio::test]
async fn a_bcrypt_hash_verifies_once_and_becomes_argon2id_in_the_commit_of_that_login() {
    let auth = with_ada().await;
    for version in ["2a", "2b", "2y"] {
        let hash = bcrypt::hash_with_salt(PASSWORD, 4, *b"sixteen of bytes").unwrap().to_string();
        keep(&auth, &hash.replacen("2b", version, 1)).await;
        assert_eq!(login(&auth, "another").await.err(), Some(AuthError::InvalidCredentials));
        assert!(
            kept(&auth).starts_with(&format!("${version}$")),
            "a wrong password replaces nothing"
        );
        let account = login(&auth, PASSWORD).await.unwrap();
        assert!(account.password_hash.starts_with("$argon2id$v=19$m=64,t=1,"));
        assert_eq!(kept(&auth), account.password_hash);
        login(&auth, PASSWORD).await.unwrap();
        assert_eq!(kept(&auth), account.password_hash, "once");
    }
}

#[tokio::test]
async fn what_replaces_a_bcrypt_hash_takes_the_whole_password() {
    let auth = with_ada().await;
    let long = "una giraffa blu ".repeat(6);
    let hash = bcrypt::hash_with_salt(&long, 4, *b"sixteen of bytes").unwrap();
    keep(&auth, &hash.to_string()).await;
    login(&auth, &long).await.unwrap();
    let same_72_bytes = format!("{}{}", &long[..72], "qualcos'altro");
    assert_eq!(login(&auth, &same_72_bytes).await.err(), Some(AuthError::InvalidCredentials));
    login(&auth, &long).await.unwrap();
}

#[tokio::test]
async fn raised_parameters_rehash_at_the_next_login() {
    let auth = with_ada().await;
    let before = kept(&auth);
    let raised = service(auth.store().clone(), "128");
    login(&raised, "another").await.unwrap_err();
    assert_eq!(kept(&raised), before);
    login(&raised, PASSWORD).await.unwrap();
    let after = kept(&raised);
    assert!(after.starts_with("$argon2id$v=19$m=128,t=1,"), "{after}");
    login(&raised, PASSWORD).await.unwrap();
    assert_eq!(kept(&raised), after);
}

#[tokio::test]
async fn an_account_without_a_password_lets_nobody_in_until_it_is_set() {
    let auth = with_ada().await;
    keep(&auth, NO_PASSWORD).await;
    for guess in [NO_PASSWORD, "", PASSWORD] {
        assert_eq!(login(&auth, guess).await.err(), Some(AuthError::InvalidCredentials));
    }
    let issued = auth.issue_password_reset(UserId(1), AuditContext::SYSTEM).await.unwrap();
    let set = auth.reset_password(&issued.token, PASSWORD.to_owned(), AuditContext::SYSTEM, HERE);
    assert_eq!(set.await, Ok(()));
    login(&auth, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_disabled_account_gets_no_link_and_has_no_use_of_an_older_one() {
    let auth = with_ada().await;
    let issued = auth.issue_password_reset(UserId(1), AuditContext::SYSTEM).await.unwrap();
    let command = |view: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
        let disabled = Account { disabled: true, ..account(view, UserId(1))?.unwrap() };
        Ok(Outcome::commit(move |txn| update_account(txn, &disabled)))
    };
    auth.store().submit(command).await.unwrap().unwrap();
    let refused = auth.issue_password_reset(UserId(1), AuditContext::SYSTEM).await;
    assert_eq!(refused.err(), Some(AuthError::UserDisabled));
    let set = auth.reset_password(&issued.token, PASSWORD.to_owned(), AuditContext::SYSTEM, HERE);
    assert_eq!(set.await, Err(AuthError::ResetInvalid));
}
