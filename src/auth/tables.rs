//! Every table of `auth.redb`. Besides these it has the store's own and the outbox (`event`).

use super::records::{
    Account, ApiKey, Erasure, Invitation, InvitationId, PasswordReset, SecondFactor, Session,
    SetupToken, StoredKey,
};
use crate::{
    audit_event::OUTBOX,
    store::{AnyTable, Table},
};

/// The accounts, by user id.
pub(super) const ACCOUNTS: Table<u64, Account> = Table::new("accounts");
/// User id, by e-mail address in lower case.
pub(super) const ACCOUNT_BY_EMAIL: Table<&str, u64> = Table::new("account_by_email");
/// User id, by username in lower case.
pub(super) const ACCOUNT_BY_USERNAME: Table<&str, u64> = Table::new("account_by_username");
/// The ids of enabled administrators, so that the last one can be protected without a search.
pub(super) const ADMINISTRATORS: Table<u64, ()> = Table::new("administrators");
/// The sessions that have not ended, by session id.
pub(super) const SESSIONS: Table<u128, Session> = Table::new("sessions");
/// The same, by user id and session id.
pub(super) const SESSIONS_BY_USER: Table<(u64, u128), ()> = Table::new("sessions_by_user");
/// The second factors, also those that are not confirmed yet, by user id.
pub(super) const SECOND_FACTORS: Table<u64, SecondFactor> = Table::new("second_factors");
/// The keys that sign access tokens, by number; the newest signs.
pub(super) const SIGNING_KEYS: Table<u64, StoredKey> = Table::new("signing_keys");
/// Secrets of 256 bits, by what they are for (`cursor`, `refresh`).
pub(super) const SECRETS: Table<&str, [u8; 32]> = Table::new("secrets");
/// The set-up token while there is no administrator, under the key `first`.
pub(super) const SETUP: Table<&str, SetupToken> = Table::new("setup");
/// The tokens that set another password, by user id: each person has one at most.
pub(super) const PASSWORD_RESETS: Table<u64, PasswordReset> = Table::new("password_resets");

/// The API keys, by id.
pub(super) const API_KEYS: Table<u128, ApiKey> = Table::new("api_keys");
/// The same, by the owner's user id and the key's id.
pub(super) const API_KEYS_BY_OWNER: Table<(u64, u128), ()> = Table::new("api_keys_by_owner");
/// The invitations that have not ended, by id.
pub(super) const INVITATIONS: Table<u128, Invitation> = Table::new("invitations");
/// The id of an invitation, by the SHA-256 of its code.
pub(super) const INVITATION_BY_CODE: Table<&[u8], InvitationId> = Table::new("invitation_by_code");

/// People whose account was deleted, by user id: one row each for ever, unfinished while their name is
/// still in `user.redb`.
pub(super) const ERASED: Table<u64, Erasure> = Table::new("erased");

/// All of them, with the outbox: what a copy and a check of the file go through.
pub static TABLES: &[&dyn AnyTable] = &[
    &ACCOUNTS,
    &ACCOUNT_BY_EMAIL,
    &ACCOUNT_BY_USERNAME,
    &ADMINISTRATORS,
    &SESSIONS,
    &SESSIONS_BY_USER,
    &SECOND_FACTORS,
    &SIGNING_KEYS,
    &SECRETS,
    &SETUP,
    &API_KEYS,
    &API_KEYS_BY_OWNER,
    &INVITATIONS,
    &INVITATION_BY_CODE,
    &PASSWORD_RESETS,
    &ERASED,
    &OUTBOX,
];
