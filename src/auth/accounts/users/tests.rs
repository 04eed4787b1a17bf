//! People over a store in memory, and names that somebody else would keep.

use std::sync::Mutex;

use futures_util::{FutureExt, future::BoxFuture};

use super::model::{NewUser, UserFilter};
use crate::{
    audit_event::{AuditContext, waiting},
    auth::{
        Account, AuthError, AuthService, Csv, Email, FullName, ImportOutcome, ProfileChange,
        Profiles,
        store::{account, sessions_of},
        tables::{ACCOUNT_BY_EMAIL, ACCOUNT_BY_USERNAME, ADMINISTRATORS, ERASED},
    },
    clock::{Clock, Time},
    http::{ClientConnection, Problem, UserBody},
    ids::{Role, UserId},
    language::Language,
};

/// Knows nobody's name, and remembers whom it was asked to erase; fails as long as it is told to.
#[derive(Default)]
struct Nameless {
    erased: Mutex<Vec<UserId>>,
    fails: Mutex<bool>,
}

impl Profiles for Nameless {
    fn person<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, Result<UserBody, Problem>> {
        async { Err(Problem::from(AuthError::UserNotFound)) }.boxed()
    }

    fn names(&self, ids: Vec<UserId>) -> BoxFuture<'_, Result<Vec<Option<FullName>>, Problem>> {
        async move { Ok(ids.into_iter().map(|_| None).collect()) }.boxed()
    }

    fn change(
        &self,
        _: UserId,
        _: ProfileChange,
        _: AuditContext,
    ) -> BoxFuture<'_, Result<(), Problem>> {
        async { Ok(()) }.boxed()
    }

    fn ensure(&self, _: Vec<UserId>) -> BoxFuture<'_, Result<(), Problem>> {
        async { Ok(()) }.boxed()
    }

    fn erase(&self, id: UserId) -> BoxFuture<'_, Result<(), Problem>> {
        if *self.fails.lock().unwrap() {
            return async { Err(Problem::busy()) }.boxed();
        }
        self.erased.lock().unwrap().push(id);
        async { Ok(()) }.boxed()
    }
}

fn service() -> AuthService {
    AuthService::in_memory(Clock::manual(Time::EPOCH))
}

async fn add(auth: &AuthService, name: &str, role: Role) -> UserId {
    let new = NewUser {
        email: Email::parse(&format!("{name}@example.org")).unwrap(),
        username: None,
        name: name.to_owned(),
        surname: "Prova".to_owned(),
        role,
        language: Language::Italian,
    };
    auth.add(new, None, AuditContext::COMMAND_LINE, ClientConnection::LOCAL).await.unwrap().id
}

#[tokio::test]
async fn a_page_that_looked_at_enough_goes_on_where_it_stopped() {
    let auth = service();
    for n in 1..=10 {
        add(&auth, &format!("p{n}"), Role::User).await;
    }
    let filter = UserFilter::parse(Some("p3@"), None, None).unwrap();
    let page = async |after| {
        let found = auth.search_among(4, &filter, after, 5, &Nameless::default()).await.unwrap();
        let ids: Vec<_> = found.accounts.iter().map(|account| account.id.0).collect();
        (ids, found.next)
    };
    assert_eq!(page(0).await, (vec![3], Some(4)));
    assert_eq!(page(4).await, (vec![], Some(8)));
    assert_eq!(page(8).await, (vec![], None));
}

#[tokio::test]
async fn nothing_of_a_deleted_account_is_left_but_its_tombstone() {
    let auth = service();
    let (capo, ada) = (add(&auth, "capo", Role::Admin).await, add(&auth, "ada", Role::Admin).await);
    auth.delete(ada, AuditContext::COMMAND_LINE).await.unwrap();
    let snapshot = auth.store().read().unwrap();
    assert_eq!(account(&snapshot, ada).unwrap(), None);
    assert!(!ACCOUNT_BY_EMAIL.contains(&snapshot, "ada@example.org").unwrap());
    assert!(!ACCOUNT_BY_USERNAME.contains(&snapshot, "ada").unwrap());
    assert!(sessions_of(&snapshot, ada).unwrap().is_empty());
    assert_eq!(ADMINISTRATORS.len(&snapshot).unwrap(), 1);
    assert_eq!(ERASED.get(&snapshot, ada.0).unwrap().unwrap().erased_at, None);
    let last = auth.delete(capo, AuditContext::COMMAND_LINE).await;
    assert_eq!(last, Err(AuthError::LastAdministrator));
}

#[tokio::test]
async fn an_erasure_that_failed_is_carried_on_once_and_no_longer() {
    let (auth, profiles) = (service(), Nameless::default());
    let ada = add(&auth, "ada", Role::User).await;
    *profiles.fails.lock().unwrap() = true;
    auth.delete_and_erase(ada, AuditContext::COMMAND_LINE, &profiles).await.unwrap();
    assert!(auth.finish_erasures(&profiles).await.is_err());
    *profiles.fails.lock().unwrap() = false;
    assert_eq!(auth.finish_erasures(&profiles).await.unwrap(), 1);
    assert_eq!(auth.finish_erasures(&profiles).await.unwrap(), 0);
    assert_eq!(*profiles.erased.lock().unwrap(), [ada]);
}

#[tokio::test]
async fn an_import_of_many_batches_numbers_names_that_are_alike_and_does_nothing_twice() {
    let auth = service();
    let rows: Vec<_> = (0..600).map(|n| format!("info@site{n}.example,I,N\n")).collect();
    let rows = rows.concat();
    let csv = || {
        let text = format!("email,name,surname\n{rows}");
        Csv::read(text.as_bytes(), Language::English).unwrap()
    };
    let from = AuditContext::COMMAND_LINE;
    let profiles = Nameless::default();
    let tried = auth.import(csv(), true, from.clone(), &profiles).await.unwrap();
    assert_eq!(tried.count(ImportOutcome::WouldCreate), 600);
    assert_eq!(waiting(&auth.store().read().unwrap()).unwrap(), 0);
    let done = auth.import(csv(), false, from.clone(), &profiles).await.unwrap();
    assert_eq!(done.count(ImportOutcome::Created), 600);
    assert_eq!(waiting(&auth.store().read().unwrap()).unwrap(), 600);
    let commits = auth.store().commit_count();
    let again = auth.import(csv(), false, from, &profiles).await.unwrap();
    assert_eq!(again.count(ImportOutcome::Exists), 600);
    assert_eq!(auth.store().commit_count(), commits, "nothing was written");
}

#[tokio::test]
async fn an_import_that_can_store_nothing_fails_and_says_why() {
    let auth = service();
    auth.store().close();
    let csv = Csv::read(b"email,name,surname\na@b.it,A,B\n", Language::English).unwrap();
    let from = AuditContext::COMMAND_LINE;
    let failed = auth.import(csv, false, from, &Nameless::default()).await.unwrap_err();
    assert_eq!(failed.code, "STORE_STOPPED");
}
