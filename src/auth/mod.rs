//! Accounts: registration, login, sessions, roles and the first administrator. Keeps `auth.redb`.
//!
//! The way of a login: `api` → [`AuthService::login`] → `throttle` (may they try?) → `hasher` (Argon2id,
//! bounded) → one command that opens a session, remembers the time and emits the audit event →
//! `token`. Every later request comes back through [`AuthService::principal`], which reads session and
//! account as they are now, so that a logout or a demotion works at once.
//!
//! Names and language of a person belong to the user domain; what was typed at registration is kept
//! here too, so that a profile lost to a crash between the two files can be made again.

mod accounts;
mod api;
mod dto;
mod error;
mod figures;
mod hasher;
mod keys;
mod migrations;
mod model;
mod problem;
mod recognise;
mod records;
mod rules;
mod service;
mod sessions;
mod setup;
mod store;
mod tables;
mod throttle;

pub use api::{AccountsApi, AuthApi, SetupApi};
pub use error::AuthError;
pub use figures::AccountFigures;
pub use migrations::MIGRATIONS;
pub use model::{Email, NewAccount, NewPassword, Registered, Registration, Username};
pub use records::Account;
pub use service::{AuthService, Profiles};
pub use tables::TABLES;
