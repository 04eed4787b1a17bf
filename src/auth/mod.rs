//! Accounts: registration, login, sessions, roles and the first administrator. Keeps `auth.redb`.
//!
//! The way of a login: `sessions/api` → [`AuthService::login`] → `throttle` (may they try?) → `hasher`
//! (Argon2id, bounded) → one command that takes the second factor's code, opens a session, remembers the
//! time and emits the audit event → `token`. Every later request comes back through
//! [`AuthService::principal`], which reads session and account as they are now, so that a logout or a
//! demotion works at once.
//!
//! Names and language of a person belong to the user domain; what was typed at registration is kept
//! here too, so that a profile lost to a crash between the two files can be made again.

mod accounts;
mod api_keys;
mod error;
mod figures;
mod invitations;
mod migrations;
mod passwords;
mod personal_data;
mod problem;
mod profiles;
mod records;
mod second_factor;
mod service;
mod sessions;
mod setup;
mod signing_keys;
mod store;
mod tables;

pub use accounts::{
    AccountChange, AccountsApi, Csv, CsvFault, Email, ImportApi, ImportOutcome, ImportReport,
    ImportedRow, NewAccount, NewUser, RegisteredAccount, Registration, RegistrationApi, SetupApi,
    UserChanges, UserFilter, UserForm, UserSlice, Username,
};
pub use api_keys::{ApiKeysApi, KeyView, NewKey};
pub use error::AuthError;
pub use figures::AccountFigures;
pub use invitations::{InvitationView, InvitationsApi, NewInvitation};
pub use migrations::MIGRATIONS;
pub use passwords::{IssuedReset, NO_PASSWORD, NewPassword, PasswordsApi};
pub use personal_data::AccountData;
pub use profiles::{FullName, ProfileChange, Profiles};
pub use records::Account;
pub use second_factor::SecondFactorApi;
pub use service::AuthService;
pub use sessions::{LoggedIn, Login, OpenSession, SessionsApi};
pub use tables::TABLES;
