//! The tables of API keys, kept in step.

use std::ops::ControlFlow;

use super::model::KeyView;
use crate::{
    auth::{
        records::ApiKey,
        store::account,
        tables::{ACCOUNTS, API_KEYS, API_KEYS_BY_OWNER},
    },
    ids::{RandomId, UserId},
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// The key of a key in its tables.
pub(super) const fn row(id: RandomId) -> u128 {
    u128::from_be_bytes(id.0)
}

/// The key with this id.
pub(super) fn api_key(reader: &impl Reader, id: RandomId) -> Result<Option<ApiKey>, StoreError> {
    API_KEYS.get(reader, row(id))
}

/// Stores a new or changed key.
pub(super) fn put_key(txn: &WriteTxn<'_>, id: RandomId, key: &ApiKey) -> Result<(), StoreError> {
    API_KEYS_BY_OWNER.put(txn, (key.owner.0, row(id)), &())?;
    API_KEYS.put(txn, row(id), key)
}

/// Removes a key.
pub(super) fn remove_key(
    txn: &WriteTxn<'_>,
    id: RandomId,
    owner: UserId,
) -> Result<(), StoreError> {
    API_KEYS_BY_OWNER.remove(txn, (owner.0, row(id)))?;
    API_KEYS.remove(txn, row(id))?;
    Ok(())
}

/// At most `limit` keys after the one with the id `after`, by id.
pub(super) fn keys_after(
    reader: &impl Reader,
    after: Option<RandomId>,
    limit: usize,
) -> Result<Vec<KeyView>, StoreError> {
    let from = after.map_or(0, |after| row(after).saturating_add(1));
    let pair = |id: u128, key| (RandomId(id.to_be_bytes()), key);
    let keys = API_KEYS.collect(reader, from.., Direction::Ascending, limit, pair)?;
    keys.into_iter().map(|(id, key)| view(reader, id, key)).collect()
}

/// A key with its owner's username.
pub(super) fn view(reader: &impl Reader, id: RandomId, key: ApiKey) -> Result<KeyView, StoreError> {
    let owner_username =
        account(reader, key.owner)?.map(|owner| owner.username).unwrap_or_default();
    Ok(KeyView {
        id,
        name: key.name,
        owner: key.owner,
        owner_username,
        scopes: key.scopes,
        created_at: key.created_at,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
        last_network: key.last_network,
    })
}

/// The keys of a person.
pub(in crate::auth) fn keys_of(
    reader: &impl Reader,
    owner: UserId,
) -> Result<Vec<KeyView>, StoreError> {
    let mut keys = Vec::new();
    for id in ids_of(reader, owner)? {
        if let Some(key) = api_key(reader, id)? {
            keys.push(view(reader, id, key)?);
        }
    }
    Ok(keys)
}

/// Removes every key of a person.
pub(in crate::auth) fn remove_keys_of(txn: &WriteTxn<'_>, owner: UserId) -> Result<(), StoreError> {
    ids_of(txn, owner)?.into_iter().try_for_each(|id| remove_key(txn, id, owner))
}

/// Owners of keys who have no account any more.
pub(super) fn gone(reader: &impl Reader) -> Result<Vec<UserId>, StoreError> {
    let mut owners = Vec::new();
    let all = (u64::MIN, u128::MIN)..=(u64::MAX, u128::MAX);
    API_KEYS_BY_OWNER.visit(reader, all, Direction::Ascending, |(owner, _), ()| {
        if owners.last() != Some(&owner) {
            owners.push(owner);
        }
        ControlFlow::Continue(())
    })?;
    let mut gone = Vec::new();
    for owner in owners {
        if !ACCOUNTS.contains(reader, owner)? {
            gone.push(UserId(owner));
        }
    }
    Ok(gone)
}

fn ids_of(reader: &impl Reader, owner: UserId) -> Result<Vec<RandomId>, StoreError> {
    let range = (owner.0, u128::MIN)..=(owner.0, u128::MAX);
    API_KEYS_BY_OWNER.collect(reader, range, Direction::Ascending, usize::MAX, |(_, id), ()| {
        RandomId(id.to_be_bytes())
    })
}
