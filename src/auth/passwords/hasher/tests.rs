//! What is right, what is outdated, and who waits for whom.

use super::*;
use crate::config::{Config, ConfigSources};

fn hasher(memory: &str) -> Hasher {
    let flags = vec![
        ("auth.argon2_memory_kib".to_owned(), memory.to_owned()),
        ("auth.hash_concurrency".to_owned(), "1".to_owned()),
    ];
    let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
    Hasher::new(&config.auth).unwrap()
}

const HERE: ClientConnection = ClientConnection::LOCAL;

impl Hasher {
    async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let password = password.to_owned();
        self.run(HERE, || Ok(()), move |argon| argon.hash(&password)).await?
    }

    async fn is_right(&self, password: &str, stored: Option<&str>) -> bool {
        let stored = stored.map(str::to_owned);
        let verdict = self.verify(password.to_owned(), stored, HERE, || Ok(()), || {}).await;
        matches!(verdict.unwrap(), Verdict::Right(_))
    }
}

#[tokio::test]
async fn the_right_password_alone_is_right() {
    let hasher = hasher("64");
    let stored = hasher.hash("corretto cavallo").await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{stored}");
    assert!(hasher.is_right("corretto cavallo", Some(&stored)).await);
    assert!(!hasher.is_right("corretto cavalla", Some(&stored)).await);
    assert!(!hasher.is_right("corretto cavallo", None).await);
    for password in ["corretto cavallo", ""] {
        assert!(!hasher.is_right(password, Some(NO_PASSWORD)).await);
    }
}

#[tokio::test]
async fn whoever_waited_is_asked_again_whether_they_may() {
    let hasher = hasher("64");
    let (release, held) = std::sync::mpsc::channel::<()>();
    let first = hasher.run(HERE, || Ok(()), move |_| held.recv().is_ok());
    tokio::pin!(first);
    assert!(futures_util::poll!(&mut first).is_pending());
    let is_stopped = std::cell::Cell::new(false);
    let may_still = || {
        if is_stopped.get() { Err(AuthError::TooManyFailures(1)) } else { Ok(()) }
    };
    let waiting = hasher.verify("corretto cavallo".to_owned(), None, HERE, may_still, || {});
    tokio::pin!(waiting);
    assert!(futures_util::poll!(&mut waiting).is_pending());
    is_stopped.set(true);
    release.send(()).unwrap();
    assert_eq!(first.await, Ok(true));
    assert_eq!(waiting.await, Err(AuthError::TooManyFailures(1)));
}

#[tokio::test]
async fn memory_is_kept_for_whoever_waits_and_for_nobody_else() {
    let hasher = hasher("64");
    let (release, held) = std::sync::mpsc::channel::<()>();
    let work = move |argon: &Argon| {
        assert!(argon.hash("corretto cavallo").is_ok());
        held.recv().is_ok()
    };
    let first = hasher.run(HERE, || Ok(()), work);
    tokio::pin!(first);
    assert!(futures_util::poll!(&mut first).is_pending());
    let second = hasher.run(HERE, || Ok(()), Argon::kept);
    tokio::pin!(second);
    assert!(futures_util::poll!(&mut second).is_pending());
    release.send(()).unwrap();
    assert_eq!(first.await, Ok(true));
    assert_eq!(second.await, Ok(1));
    assert_eq!(hasher.argon.kept(), 0);
}

#[tokio::test]
async fn a_hash_of_other_cost_is_outdated() {
    let stored = hasher("64").hash("corretto cavallo").await.unwrap();
    let renewed = async |hasher: Hasher, stored: &str| {
        let stored = Some(stored.to_owned());
        let password = "corretto cavallo".to_owned();
        let verdict = hasher.verify(password, stored, HERE, || Ok(()), || {}).await.unwrap();
        let Verdict::Right(renewed) = verdict else { panic!("it is the right one") };
        renewed.is_some_and(|hash| hash.starts_with("$argon2id$"))
    };
    assert!(!renewed(hasher("64"), &stored).await);
    assert!(renewed(hasher("128"), &stored).await);
    assert!(renewed(hasher("64"), &bcrypted("corretto cavallo", "2b")).await);
}

/// A bcrypt hash of few steps.
fn bcrypted(password: &str, version: &str) -> String {
    let parts = bcrypt::hash_with_salt(password, 4, *b"sixteen of bytes").unwrap();
    parts.to_string().replacen("$2b$", &format!("${version}$"), 1)
}

#[tokio::test]
async fn a_bcrypt_hash_of_any_good_version_verifies() {
    let hasher = hasher("64");
    // The test vector of the reference implementation for "U*U".
    let known = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert!(hasher.is_right("U*U", Some(known)).await);
    for version in ["2a", "2b", "2y"] {
        let stored = bcrypted("corretto cavallo", version);
        assert!(hasher.is_right("corretto cavallo", Some(&stored)).await, "{version}");
        assert!(!hasher.is_right("corretto cavalla", Some(&stored)).await, "{version}");
    }
    let broken = bcrypted("corretto cavallo", "2x");
    let is_right = hasher.is_right("corretto cavallo", Some(&broken)).await;
    assert!(!is_right, "a version that was a fault");
}

#[tokio::test]
async fn what_is_no_hash_never_verifies_and_costs_as_much() {
    let hasher = hasher("64");
    let stored = hasher.hash("corretto cavallo").await.unwrap();
    let cost = async |password: &str, stored: &str| {
        let before = hasher.argon.filled();
        assert!(!hasher.is_right(password, Some(stored)).await);
        hasher.argon.filled() - before
    };
    let wrong = cost("corretto cavalla", &stored).await;
    assert_eq!(wrong, 2 * 64);
    let costly = bcrypted("x", "2b").replacen("$04$", "$31$", 1);
    let unbearable = [("m=64", "m=4194304"), ("t=2", "t=4000000000"), ("p=1", "p=200")];
    let unbearable = unbearable.map(|(stored_with, names)| {
        let named = stored.replacen(stored_with, names, 1);
        assert_ne!(named, stored);
        named
    });
    let [memory, passes, lanes] = &unbearable;
    let nothing = [NO_PASSWORD, "", "corretto cavallo", "$argon2id$", "$2b$12$abc", &costly];
    for nothing in nothing.into_iter().chain([memory.as_str(), passes, lanes]) {
        assert_eq!(cost(nothing, nothing).await, wrong, "{nothing}");
    }
}

#[tokio::test]
async fn a_new_password_is_judged_before_it_is_hashed() {
    let hash_new = |text: &str| {
        let password = NewPassword::parse("new", text.to_owned(), &[]).ok().unwrap();
        let hasher = hasher("64");
        async move { hasher.hash_new(password, UserInputs::new(["ada"], []), || Ok(()), HERE).await }
    };
    assert!(hash_new("corretto cavallo batteria").await.unwrap().starts_with("$argon2id$"));
    let Err(AuthError::Invalid(faults)) = hash_new("qwertyuiop").await else {
        panic!("it is a row of keys")
    };
    assert_eq!(faults[0].field, "new");
}

#[tokio::test]
async fn a_hash_is_renewed_in_the_turn_of_its_login_however_many_wait() {
    let hasher = hasher("64");
    let stored = Some(bcrypted("corretto cavallo", "2b"));
    let login = hasher.verify("corretto cavallo".to_owned(), stored, HERE, || Ok(()), || {});
    tokio::pin!(login);
    // It has the one turn there is until it is asked again.
    assert!(futures_util::poll!(&mut login).is_pending());
    let mut waiting = Vec::new();
    let refused = loop {
        let mut asking = Box::pin(hasher.run(HERE, || Ok(()), |_| true));
        match futures_util::poll!(&mut asking) {
            std::task::Poll::Pending => waiting.push(asking),
            std::task::Poll::Ready(answer) => break answer,
        }
    };
    assert_eq!(refused, Err(AuthError::HasherBusy));
    let verdict = login.await;
    assert!(matches!(&verdict, Ok(Verdict::Right(Some(_)))), "{verdict:?}");
}

/// A connection of a network.
fn from(network: u8, port: u16) -> ClientConnection {
    let address = std::net::IpAddr::from([192, 0, 2, network]);
    let network = crate::http::ClientNetwork::of(address);
    ClientConnection { network, connection: Some((address, port).into()) }
}

#[tokio::test]
async fn a_network_that_fills_the_queue_delays_itself_and_nobody_else() {
    let hasher = hasher("64");
    let (release, held) = std::sync::mpsc::channel::<()>();
    let blocked = hasher.run(from(1, 1), || Ok(()), move |_| held.recv().is_ok());
    tokio::pin!(blocked);
    assert!(futures_util::poll!(&mut blocked).is_pending());
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let ask = |who: ClientConnection, name: &'static str| {
        let (hasher, order) = (hasher.clone(), Arc::clone(&order));
        Box::pin(async move {
            hasher.run(who, || Ok(()), move |_| order.lock().unwrap().push(name)).await
        })
    };
    let mut waiting = Vec::new();
    for number in 0..300 {
        waiting.push(ask(from(1, 1 + number % 30), "flood"));
    }
    waiting.push(ask(from(2, 1), "other network"));
    waiting.push(ask(from(1, 31), "same network"));
    for asking in &mut waiting {
        assert!(futures_util::poll!(asking).is_pending());
    }
    release.send(()).unwrap();
    assert_eq!(blocked.await, Ok(true));
    for outcome in futures_util::future::join_all(waiting).await {
        assert_eq!(outcome, Ok(()));
    }
    let order = order.lock().unwrap();
    let turn_of = |name| order.iter().position(|turn| *turn == name).unwrap();
    assert!(turn_of("other network") <= 1, "{order:?}");
    assert!(turn_of("same network") <= 31, "one round of its connections: {order:?}");
}

#[tokio::test]
async fn a_full_queue_turns_away_whoever_fills_it_and_takes_in_others() {
    let hasher = hasher("64");
    let (release, held) = std::sync::mpsc::channel::<()>();
    let blocked = hasher.run(from(1, 1), || Ok(()), move |_| held.recv().is_ok());
    tokio::pin!(blocked);
    assert!(futures_util::poll!(&mut blocked).is_pending());
    let ask = |who| Box::pin(hasher.run(who, || Ok(()), |_| true));
    let mut flood = Vec::new();
    for _ in 0..MOST_WAITING {
        let mut asking = ask(from(1, 1));
        assert!(futures_util::poll!(&mut asking).is_pending());
        flood.push(asking);
    }
    assert_eq!(ask(from(1, 1)).await, Err(AuthError::HasherBusy));
    let mut honest = [ask(from(2, 1)), ask(from(1, 2))];
    for asking in &mut honest {
        assert!(futures_util::poll!(asking).is_pending());
    }
    drop(flood);
    release.send(()).unwrap();
    assert_eq!(blocked.await, Ok(true));
    for asking in futures_util::future::join_all(honest).await {
        assert_eq!(asking, Ok(true));
    }
}
