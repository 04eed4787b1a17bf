//! The steps that brought `auth.redb` to its present form, oldest first. A released step never changes.

use super::{
    records::StoredKey,
    tables::{
        ACCOUNT_BY_EMAIL, ACCOUNT_BY_USERNAME, ACCOUNTS, ADMINISTRATORS, API_KEYS,
        API_KEYS_BY_OWNER, ERASED, INVITATION_BY_CODE, INVITATIONS, PASSWORD_RESETS,
        SECOND_FACTORS, SECRETS, SESSIONS, SESSIONS_BY_USER, SETUP, SIGNING_KEYS,
    },
};
use crate::{
    audit_event::create_outbox,
    clock::Time,
    crypto,
    store::{Migration, StoreError, WriteTxn},
};

/// The steps.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "create accounts, sessions and keys", apply: create },
    Migration { name: "second factors, keys and invitations", apply: add_keys },
];

fn create(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    ACCOUNTS.create(txn)?;
    ACCOUNT_BY_EMAIL.create(txn)?;
    ACCOUNT_BY_USERNAME.create(txn)?;
    ADMINISTRATORS.create(txn)?;
    SESSIONS.create(txn)?;
    SESSIONS_BY_USER.create(txn)?;
    SIGNING_KEYS.create(txn)?;
    SECRETS.create(txn)?;
    SETUP.create(txn)?;
    create_outbox(txn)?;
    let secret = || crypto::random().map_err(|error| StoreError::Refused(error.to_string()));
    // A migration has no clock; the first key is as old as the file, which is all that matters.
    let key = StoredKey { secret: secret()?, created_at: Time::EPOCH };
    SIGNING_KEYS.put(txn, txn.next_number("signing_keys")?, &key)?;
    SECRETS.put(txn, "cursor", &secret()?)?;
    SECRETS.put(txn, "refresh", &secret()?)
}

fn add_keys(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    SECOND_FACTORS.create(txn)?;
    ERASED.create(txn)?;
    PASSWORD_RESETS.create(txn)?;
    API_KEYS.create(txn)?;
    API_KEYS_BY_OWNER.create(txn)?;
    INVITATIONS.create(txn)?;
    INVITATION_BY_CODE.create(txn)
}
