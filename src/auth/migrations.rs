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
    store::{Edit, Migration, StoreError},
};

/// The steps.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "create accounts, sessions and keys", apply: create },
    Migration { name: "second factors, keys and invitations", apply: add_keys },
];

fn create(edit: &Edit<'_>) -> Result<(), StoreError> {
    ACCOUNTS.create(edit)?;
    ACCOUNT_BY_EMAIL.create(edit)?;
    ACCOUNT_BY_USERNAME.create(edit)?;
    ADMINISTRATORS.create(edit)?;
    SESSIONS.create(edit)?;
    SESSIONS_BY_USER.create(edit)?;
    SIGNING_KEYS.create(edit)?;
    SECRETS.create(edit)?;
    SETUP.create(edit)?;
    create_outbox(edit)?;
    let secret = || crypto::random().map_err(|error| StoreError::Refused(error.to_string()));
    // A migration has no clock; the first key is as old as the file, which is all that matters.
    let key = StoredKey { secret: secret()?, created_at: Time::EPOCH };
    SIGNING_KEYS.put(edit, edit.next_number("signing_keys")?, &key)?;
    SECRETS.put(edit, "cursor", &secret()?)?;
    SECRETS.put(edit, "refresh", &secret()?)
}

fn add_keys(edit: &Edit<'_>) -> Result<(), StoreError> {
    SECOND_FACTORS.create(edit)?;
    ERASED.create(edit)?;
    PASSWORD_RESETS.create(edit)?;
    API_KEYS.create(edit)?;
    API_KEYS_BY_OWNER.create(edit)?;
    INVITATIONS.create(edit)?;
    INVITATION_BY_CODE.create(edit)
}
