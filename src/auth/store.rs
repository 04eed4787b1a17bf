//! Reading and writing `auth.redb` with its indexes kept in step.

use std::ops::ControlFlow;

use super::{
    AuthError, Username,
    records::{Account, Session},
    sessions::Identifier,
    tables::{
        ACCOUNT_BY_EMAIL, ACCOUNT_BY_USERNAME, ACCOUNTS, ADMINISTRATORS, SESSIONS, SESSIONS_BY_USER,
    },
};
use crate::{
    crypto,
    ids::{RandomId, Role, UserId},
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// The account with this id.
pub(super) fn account(reader: &impl Reader, id: UserId) -> Result<Option<Account>, StoreError> {
    ACCOUNTS.get(reader, id.0)
}

/// The account that a person names at login.
pub(super) fn find(
    reader: &impl Reader,
    identifier: &Identifier,
) -> Result<Option<Account>, StoreError> {
    let id = match identifier {
        Identifier::Email(key) => ACCOUNT_BY_EMAIL.get(reader, key.as_str())?,
        Identifier::Username(key) => ACCOUNT_BY_USERNAME.get(reader, key.as_str())?,
    };
    id.map_or(Ok(None), |id| account(reader, UserId(id)))
}

/// At most `limit` accounts after `after`, by id.
pub(super) fn accounts_after(
    reader: &impl Reader,
    after: u64,
    limit: usize,
) -> Result<Vec<Account>, StoreError> {
    let from = after.saturating_add(1);
    ACCOUNTS.collect(reader, from.., Direction::Ascending, limit, |_, account| account)
}

/// Numbers behind a suggestion that are tried one after another; beyond, they are drawn. So nobody can
/// slow the writer down by taking a thousand of them.
const NUMBERS_IN_ORDER: u32 = 50;
/// How many numbers are drawn before giving up: each is free unless most of them are taken.
const DRAWS: u32 = 50;

/// A username that nobody has: the wanted one, or the suggestion with a number that is free.
pub(super) fn free_username(
    reader: &impl Reader,
    wanted: Option<&Username>,
    suggestion: &Username,
) -> Result<Result<Username, AuthError>, StoreError> {
    free_username_but(reader, wanted, suggestion, |_| false)
}

/// The same, where some names are spoken for already: the keys that `is_claimed` knows.
pub(super) fn free_username_but(
    reader: &impl Reader,
    wanted: Option<&Username>,
    suggestion: &Username,
    is_claimed: impl Fn(&str) -> bool,
) -> Result<Result<Username, AuthError>, StoreError> {
    let taken = |name: &Username| {
        let key = name.key();
        Ok::<_, StoreError>(is_claimed(&key) || ACCOUNT_BY_USERNAME.contains(reader, key.as_str())?)
    };
    if let Some(wanted) = wanted {
        let answer =
            if taken(wanted)? { Err(AuthError::UsernameTaken) } else { Ok(wanted.clone()) };
        return Ok(answer);
    }
    if !taken(suggestion)? {
        return Ok(Ok(suggestion.clone()));
    }
    for attempt in 2..NUMBERS_IN_ORDER + DRAWS {
        let number = if attempt <= NUMBERS_IN_ORDER { attempt } else { drawn_number()? };
        let candidate = suggestion.numbered(number);
        if !taken(&candidate)? {
            return Ok(Ok(candidate));
        }
    }
    Ok(Err(AuthError::UsernameTaken))
}

/// Eight digits.
fn drawn_number() -> Result<u32, StoreError> {
    Ok(10_000_000 + u32::from_be_bytes(crypto::random()?) % 90_000_000)
}

/// Stores an account with its indexes.
pub(super) fn insert_account(txn: &WriteTxn<'_>, account: &Account) -> Result<(), StoreError> {
    let id = account.id.0;
    ACCOUNT_BY_EMAIL.put(txn, account.email.to_lowercase().as_str(), &id)?;
    ACCOUNT_BY_USERNAME.put(txn, account.username.to_lowercase().as_str(), &id)?;
    update_account(txn, account)
}

/// Stores a changed account; its address and username are as they were.
pub(super) fn update_account(txn: &WriteTxn<'_>, account: &Account) -> Result<(), StoreError> {
    let id = account.id.0;
    if account.role == Role::Admin && !account.disabled {
        ADMINISTRATORS.put(txn, id, &())?;
    } else {
        ADMINISTRATORS.remove(txn, id)?;
    }
    ACCOUNTS.put(txn, id, account)
}

/// Stores an account in the place of what it was, under the address and the username that it has now.
pub(super) fn replace_account(
    txn: &WriteTxn<'_>,
    old: &Account,
    new: &Account,
) -> Result<(), StoreError> {
    ACCOUNT_BY_EMAIL.remove(txn, old.email.to_lowercase().as_str())?;
    ACCOUNT_BY_USERNAME.remove(txn, old.username.to_lowercase().as_str())?;
    insert_account(txn, new)
}

/// Removes an account from every table of accounts.
pub(super) fn remove_account(txn: &WriteTxn<'_>, account: &Account) -> Result<(), StoreError> {
    ACCOUNT_BY_EMAIL.remove(txn, account.email.to_lowercase().as_str())?;
    ACCOUNT_BY_USERNAME.remove(txn, account.username.to_lowercase().as_str())?;
    ADMINISTRATORS.remove(txn, account.id.0)?;
    ACCOUNTS.remove(txn, account.id.0)?;
    Ok(())
}

/// The session with this id.
pub(super) fn session(reader: &impl Reader, id: RandomId) -> Result<Option<Session>, StoreError> {
    SESSIONS.get(reader, Session::key(id))
}

/// Stores a new or changed session.
pub(super) fn put_session(
    txn: &WriteTxn<'_>,
    id: RandomId,
    session: &Session,
) -> Result<(), StoreError> {
    let key = Session::key(id);
    SESSIONS_BY_USER.put(txn, (session.user.0, key), &())?;
    SESSIONS.put(txn, key, session)
}

/// Ends a session.
pub(super) fn end_session(txn: &WriteTxn<'_>, id: u128, user: UserId) -> Result<(), StoreError> {
    SESSIONS_BY_USER.remove(txn, (user.0, id))?;
    SESSIONS.remove(txn, id)?;
    Ok(())
}

/// The sessions of a person, with their keys.
pub(super) fn sessions_of(
    reader: &impl Reader,
    user: UserId,
) -> Result<Vec<(u128, Session)>, StoreError> {
    let mut keys = Vec::new();
    let range = (user.0, u128::MIN)..=(user.0, u128::MAX);
    SESSIONS_BY_USER.visit(reader, range, Direction::Ascending, |(_, key), ()| {
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    let mut sessions = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(session) = SESSIONS.get(reader, key)? {
            sessions.push((key, session));
        }
    }
    Ok(sessions)
}

/// Ends every session of a person, but the one to keep; says how many.
pub(super) fn end_sessions_of(
    txn: &WriteTxn<'_>,
    user: UserId,
    keep: Option<RandomId>,
) -> Result<usize, StoreError> {
    let all = (user.0, u128::MIN)..=(user.0, u128::MAX);
    let mut keys =
        SESSIONS_BY_USER.collect(txn, all, Direction::Ascending, usize::MAX, |(_, key), ()| key)?;
    keys.retain(|key| Some(*key) != keep.map(Session::key));
    keys.iter().try_for_each(|key| end_session(txn, *key, user))?;
    Ok(keys.len())
}

/// How many people have a session that was not ended.
pub(super) fn people_signed_in(reader: &impl Reader) -> Result<usize, StoreError> {
    let (mut people, mut last) = (0, None);
    SESSIONS_BY_USER.visit(
        reader,
        (0, 0)..=(u64::MAX, u128::MAX),
        Direction::Ascending,
        |(user, _), ()| {
            if last != Some(user) {
                people += 1;
                last = Some(user);
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::{Email, MIGRATIONS},
        store::{Outcome, ReadView, Store},
        telemetry::Metrics,
    };

    #[tokio::test]
    async fn a_name_whose_first_numbers_are_taken_gets_one_that_is_drawn() {
        let metrics = Metrics::new().unwrap().store("auth");
        let store = Store::in_memory(MIGRATIONS, metrics).unwrap();
        let anna = Email::parse("Anna@example.org").unwrap().suggested_username();
        let free = |store: &Store| {
            free_username(&store.read().unwrap(), None, &anna).unwrap().unwrap().key()
        };
        assert_eq!(free(&store), "anna");
        let taken: Vec<_> =
            (1..=50).map(|n| if n == 1 { anna.key() } else { anna.numbered(n).key() }).collect();
        let take = move |_: &ReadView<'_>| {
            let taken = taken.clone();
            Ok(Outcome::<(), AuthError>::commit(move |txn| {
                taken.iter().try_for_each(|key| ACCOUNT_BY_USERNAME.put(txn, key.as_str(), &1))
            }))
        };
        store.submit(take).await.unwrap().unwrap();
        let drawn = free(&store);
        assert_eq!(drawn.len(), "anna".len() + 8, "{drawn}");
    }
}
